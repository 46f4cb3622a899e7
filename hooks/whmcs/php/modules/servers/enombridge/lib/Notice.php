<?php

namespace WHMCS\Module\Server\Enombridge;

/** Tells staff what a person must know: in the activity log, and as a ticket where the product says so; once for each job. */
final class Notice
{
    /** @param string $about the job, or the hook that became none */
    public static function give(Hosting $hosting, Record $record, string $about, string $text, bool $ticket): void
    {
        if ($record->noted === $about) {
            return;
        }
        $record->noted = $about;
        Log::activity($text, $hosting->id, $hosting->client);
        $department = (int) $hosting->option(Option::TicketDepartment);
        if (!$ticket || $department < 1) {
            return;
        }
        $address = $record->address ?: $record->sequence_of ?: $hosting->username;
        // The customer can read a ticket, but not the notes on it.
        $opened = localAPI('OpenTicket', [
            'deptid' => $department,
            'clientid' => $hosting->client,
            'serviceid' => $hosting->id,
            'subject' => Text::of('ticket_subject', ['address' => $address]),
            'message' => Text::of('ticket_message', ['address' => $address]),
            'priority' => 'High',
            'noemail' => true,
        ]);
        $ticket = (int) ($opened['id'] ?? 0);
        if ($ticket > 0) {
            $opened = localAPI('AddTicketNote', ['ticketid' => $ticket, 'message' => $text]);
        }
        if (($opened['result'] ?? '') !== 'success') {
            Log::activity(Text::of('ticket_failed', ['why' => Text::plain((string) ($opened['message'] ?? ''))]), $hosting->id, $hosting->client);
        }
    }
}
