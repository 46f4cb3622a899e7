<?php

namespace EnomBridge\Kit;

/**
 * What the platform says of a service that could have led to a hook: dates, money, reason, and what
 * staff can set to stop automation. It is kept with the hook, and compared as a whole before
 * anything is repeated or concluded from it.
 */
final class Grounds
{
    /** What decides where two are compared; one that lacks any was kept by an older version. */
    public const NAMES = [
        'due', 'reason', 'product', 'client', 'cycle', 'amount',
        'override', 'until', 'exempt', 'cancel', 'owed',
    ];

    /**
     * By NAMES, and `day`, that of these grounds. What a platform does not have is left empty.
     *
     * @param string $due like 2027-11-30; empty: automation heeds no date
     * @param string $reason why it is suspended
     * @param string $override staff keeps automation from suspending it, up to `until` if there
     *   is one
     * @param string $exempt the same of the client's group
     * @param string $cancel the newest request to cancel it
     * @param list<int> $owed numbers of its unpaid invoices
     * @return array<string, string|list<int>>
     */
    public static function of(
        string $due = '',
        string $reason = '',
        string $product = '',
        string $client = '',
        string $cycle = '',
        string $amount = '',
        string $override = '',
        string $until = '',
        string $exempt = '',
        string $cancel = '',
        array $owed = [],
    ): array {
        return ['day' => date('Y-m-d', time())] + compact(self::NAMES);
    }

    /** Whether staff keeps automation from suspending it. @param array<string, mixed> $grounds */
    public static function protected(array $grounds, string $today): bool
    {
        [$override, $until] = [$grounds['override'] ?? '', $grounds['until'] ?? ''];
        $overrides = $override !== '' && ($until === '' || $until > $today);
        return ($grounds['exempt'] ?? '') !== '' || $overrides;
    }

    /** A date, or nothing: some platforms write zeros for a service that is never due. */
    public static function day(string $date): string
    {
        return preg_match('/\A(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}/', $date, $found) ? $found[0] : '';
    }
}
