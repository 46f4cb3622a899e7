<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** Tells staff what a person must know: in the activity log, and as a ticket where the product says so; each thing once. */
final class Notice
{
    private const LONGEST = 64; // characters of the column that remembers what was told

    /** @param string $about what it is about, and what became of it, like `job_01… held` */
    public static function give(Hosting $hosting, Record $record, string $about, string $text, bool $ticket): void
    {
        $about = substr($about, 0, self::LONGEST);
        if ($record->noted === $about) {
            return;
        }
        $record->noted = $about;
        Log::activity($text, $hosting->id, $hosting->client);
        $department = (int) $hosting->option(Option::TicketDepartment);
        if ($ticket && $department > 0) {
            self::open($hosting, $record->address ?: $record->sequence_of ?: $hosting->username ?: '-', $department, $text);
        }
    }

    /** In the department's own name: the customer can read each ticket that is in the customer's. */
    private static function open(Hosting $hosting, string $address, int $department, string $text): void
    {
        $values = ['address' => $address, 'text' => $text, 'service' => $hosting->id, 'client' => $hosting->client];
        $opened = localAPI('OpenTicket', [
            'deptid' => $department,
            'name' => 'enom-bridge',
            'email' => (string) Capsule::table('tblticketdepartments')->where('id', $department)->value('email'),
            'subject' => Text::of('ticket_subject', $values),
            'message' => Text::of('ticket_message', $values),
            'priority' => 'High',
            'noemail' => true,
        ]);
        if (($opened['result'] ?? '') !== 'success') {
            Log::activity(Text::of('ticket_failed', ['why' => Text::plain((string) ($opened['message'] ?? ''))]), $hosting->id, $hosting->client);
        }
    }
}
