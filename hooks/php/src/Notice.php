<?php

namespace EnomBridge\Kit;

/**
 * Tells staff what a person must know: in the activity log, and by an alert where it has to decide;
 * each thing once.
 */
final class Notice
{
    private const LONGEST = 64; // characters of the column that remembers what was told

    /** @param string $about what it is about, and what became of it, like `job_01… held` */
    public static function give(
        Service $service,
        Record $record,
        string $about,
        string $text,
        bool $alert,
    ): void {
        $about = substr($about, 0, self::LONGEST);
        if ($record->noted === $about) {
            return;
        }
        $record->noted = $about;
        Log::activity($text, $service->id, $service->client);
        if ($alert) {
            $address = $record->address ?: $record->sequence_of ?: $service->mailbox ?: '-';
            $service->alert($address, $text);
        }
    }
}
