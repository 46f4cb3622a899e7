<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** Everything there is to know, for tests. Passwords of services are in clear here, and nowhere else. */
final class State
{
    public static function all(): array
    {
        $faults = Database::rows('standin_faults');
        $of = static fn ($origin) => array_values(array_filter($faults, static fn ($row) => $row['origin'] === $origin));
        return [
            'today' => Settings::today(),
            'services' => array_map(self::service(...), Capsule::table('tblhosting')->orderBy('id')->pluck('id')->all()),
            'orders' => Database::rows('tblorders'),
            'invoices' => Database::rows('tblinvoices'),
            'emails' => Database::rows('tblemails'),
            'queue' => Database::rows('tblmodulequeue'),
            'activity' => array_column(Database::rows('tblactivitylog'), 'description'),
            'tickets' => Database::rows('tbltickets'),
            'ticket_notes' => Database::rows('tblticketnotes'),
            'cancellations' => Database::rows('tblcancelrequests'),
            'notifications' => Database::rows('standin_notifications'),
            'module_log' => Database::rows('tblmodulelog'),
            'raw_log' => Database::rows('standin_rawlog'),
            'calls' => Database::rows('standin_calls'),
            'metrics' => Database::rows('standin_metrics'),
            'crons' => Database::rows('standin_crons'),
            'module_faults' => $of('module'),
            'standin_faults' => $of('standin'),
        ];
    }

    public static function service(int $service): array
    {
        $row = Database::row('tblhosting', $service);
        $names = ['password' => Sealing::open($row['password']), 'product' => $row['packageid'], 'status' => $row['domainstatus']];
        return $names + $row + [
            'customfields' => Params::customFields($service, $row['packageid']),
            'configoptions' => Params::options($service, $row['packageid']),
        ];
    }
}
