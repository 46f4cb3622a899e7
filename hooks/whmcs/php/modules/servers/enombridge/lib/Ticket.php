<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Log;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;

/** A ticket for staff, where the product names a department. */
final class Ticket
{
    /** In the department's own name: the customer can read each ticket that is in the customer's. */
    public static function open(Hosting $hosting, string $address, string $text): void
    {
        $department = (int) $hosting->option(Option::TicketDepartment);
        if ($department <= 0) {
            return;
        }
        $values = ['address' => $address, 'text' => $text, 'service' => $hosting->id, 'client' => $hosting->client];
        $why = Command::failure((array) localAPI('OpenTicket', [
            'deptid' => $department,
            'name' => 'enom-bridge',
            'email' => (string) Capsule::table('tblticketdepartments')->where('id', $department)->value('email'),
            'subject' => Text::of('ticket_subject', $values),
            'message' => Text::of('ticket_message', $values),
            'priority' => 'High',
            'noemail' => true,
        ]));
        if ($why !== null) {
            $text = Text::of('ticket_failed', ['why' => Text::plain($why)]);
            Log::activity($text, $hosting->id, $hosting->client);
        }
    }
}
