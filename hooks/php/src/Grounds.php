<?php

namespace EnomBridge\Kit;

/**
 * What the platform says of a service that could have led to a hook: dates, money, reason, and what staff can set to stop
 * automation. It is kept with the hook, and compared as a whole before anything is repeated or concluded from it.
 *
 * A platform gives each name, and `day`, the day of these grounds; empty, where it has no such thing.
 */
final class Grounds
{
    /** What decides where two are compared; one that lacks any of these was kept by an older version. */
    public const NAMES = [
        'due', // like 2027-11-30; empty: automation heeds no date
        'reason', // why it is suspended
        'product', 'client', 'cycle', 'amount',
        'override', 'until', // staff keeps automation from suspending it, up to a date if there is one
        'exempt', // the same of the client's group
        'cancel', // the newest request to cancel it
        'owed', // a list of numbers: its unpaid invoices
    ];

    /** Whether staff keeps automation from suspending it. @param array<string, mixed> $grounds */
    public static function protected(array $grounds, string $today): bool
    {
        $until = $grounds['until'] ?? '';
        return ($grounds['exempt'] ?? '') !== '' || (($grounds['override'] ?? '') !== '' && ($until === '' || $until > $today));
    }

    /** A date, or nothing: some platforms write zeros for a service that is never due. */
    public static function day(string $date): string
    {
        return preg_match('/\A(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}/', $date, $found) ? $found[0] : '';
    }
}
