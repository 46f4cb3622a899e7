<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/**
 * What WHMCS says of a service that could have led to a hook: dates, money, reason, and what staff can set to stop
 * automation. It is kept with the hook, and compared as a whole before anything is repeated or concluded from it.
 */
final class Grounds
{
    /** What decides where two are compared; one that lacks any of these was kept by an older version. */
    public const NAMES = ['due', 'reason', 'product', 'client', 'cycle', 'amount', 'override', 'until', 'exempt', 'cancel', 'owed'];

    /** Cycles of which WHMCS's automation heeds no due date, whatever stands in its field. */
    private const NEVER_DUE = ['Free Account', 'One Time'];

    /** @return array<string, string|list<int>> by NAMES, and `day` */
    public static function of(Hosting $hosting): array
    {
        return [
            'day' => date('Y-m-d', time()), // of these grounds
            'due' => in_array($hosting->column('billingcycle'), self::NEVER_DUE, true) ? '' : self::day($hosting->due),
            'reason' => $hosting->reason,
            'product' => $hosting->column('packageid'),
            'client' => (string) $hosting->client,
            'cycle' => $hosting->column('billingcycle'),
            'amount' => $hosting->column('amount'),
            // The misspelling is WHMCS's own.
            'override' => in_array($hosting->column('overideautosuspend'), ['', '0'], true) ? '' : 'on',
            'until' => self::day($hosting->column('overidesuspenduntil')),
            'exempt' => self::exempt($hosting->client),
            'cancel' => (string) Capsule::table('tblcancelrequests')->where('relid', $hosting->id)->max('id'),
            'owed' => self::owed($hosting->id),
        ];
    }

    /** Whether staff keeps automation from suspending it. @param array<string, mixed> $grounds */
    public static function protected(array $grounds, string $today): bool
    {
        $until = $grounds['until'] ?? '';
        return ($grounds['exempt'] ?? '') !== '' || (($grounds['override'] ?? '') !== '' && ($until === '' || $until > $today));
    }

    /** A date, or nothing: WHMCS writes zeros for a service that is never due. */
    public static function day(string $date): string
    {
        return preg_match('/\A(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}/', $date, $found) ? $found[0] : '';
    }

    /** "Exempt from Suspend & Terminate" of the client's group. */
    private static function exempt(int $client): string
    {
        $group = (int) Capsule::table('tblclients')->where('id', $client)->value('groupid');
        $exempt = $group === 0 ? '' : (string) Capsule::table('tblclientgroups')->where('id', $group)->value('susptermexempt');
        return in_array($exempt, ['', '0'], true) ? '' : 'on';
    }

    /** @return list<int> the unpaid invoices that this service is on */
    private static function owed(int $service): array
    {
        $found = Capsule::table('tblinvoiceitems')->join('tblinvoices', 'tblinvoices.id', '=', 'tblinvoiceitems.invoiceid')
            ->where('tblinvoiceitems.type', 'Hosting')->where('tblinvoiceitems.relid', $service)->where('tblinvoices.status', 'Unpaid')
            ->orderBy('tblinvoices.id')->distinct()->pluck('tblinvoices.id');
        return array_map('intval', $found->all());
    }
}
