<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit;
use WHMCS\Database\Capsule;

/** What WHMCS says of a service that could have led to a hook. */
final class Grounds
{
    /** Cycles of which WHMCS's automation heeds no due date, whatever stands in its field. */
    private const NEVER_DUE = ['Free Account', 'One Time'];

    /** @return array<string, string|list<int>> as the kit's Grounds names them */
    public static function of(Hosting $hosting): array
    {
        $cycle = $hosting->column('billingcycle');
        $isDue = !in_array($cycle, self::NEVER_DUE, true);
        return Kit\Grounds::of(
            due: $isDue ? Kit\Grounds::day($hosting->column('nextduedate')) : '',
            reason: $hosting->reason,
            product: $hosting->column('packageid'),
            client: (string) $hosting->client,
            cycle: $cycle,
            amount: $hosting->column('amount'),
            // The misspelling is WHMCS's own.
            override: in_array($hosting->column('overideautosuspend'), ['', '0'], true) ? '' : 'on',
            until: Kit\Grounds::day($hosting->column('overidesuspenduntil')),
            exempt: self::exempt($hosting->client),
            cancel: (string) Capsule::table('tblcancelrequests')->where('relid', $hosting->id)->max('id'),
            owed: self::owed($hosting->id),
        );
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
