<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Bridge;
use WHMCS\Database\Capsule;

/**
 * A bridge, as WHMCS has it: a row of Setup > Servers. Hostname, port and SSL say where, the user
 * name is the source.
 */
final class Server
{
    /** @param array<string, mixed> $params what WHMCS gives to every function; throws Fault when something is missing */
    public static function of(array $params): Bridge
    {
        return Bridge::at(
            (int) ($params['serverid'] ?? 0),
            (string) (($params['serverhostname'] ?? '') ?: ($params['serverip'] ?? '')),
            (string) ($params['serverport'] ?? ''),
            (bool) ($params['serversecure'] ?? false),
            (string) ($params['serverusername'] ?? ''),
            (string) ($params['serverpassword'] ?? ''),
            (string) ($params['serveraccesshash'] ?? ''),
        );
    }

    /** The row of this id, or null: there is none of our kind. */
    public static function stored(int $id): ?Bridge
    {
        $row = Capsule::table('tblservers')->where('id', $id)->where('type', 'enombridge')->first();
        if ($row === null) {
            return null;
        }
        return Bridge::at(
            (int) $row->id,
            $row->hostname ?: $row->ipaddress,
            (string) $row->port,
            (bool) $row->secure,
            (string) $row->username,
            Seal::open((string) $row->password),
            (string) ($row->accesshash ?? ''),
        );
    }

    /** @return list<int> the ids of all rows of our kind */
    public static function ids(): array
    {
        return array_map('intval', Capsule::table('tblservers')->where('type', 'enombridge')->orderBy('id')->pluck('id')->all());
    }
}
