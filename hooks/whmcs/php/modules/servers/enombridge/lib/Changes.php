<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Client;
use EnomBridge\Kit\Receipt;
use WHMCS\Database\Capsule;

/** What a customer asked for on the page and is not yet told the end of: so that each end is told, once. */
final class Changes
{
    private const KEPT = 1209600; // seconds that an end waits to be told
    private const MOST = 8; // that one look at the page asks the bridge for
    private const PATIENCE = 4; // seconds
    private const ON_ITS_WAY = 60; // seconds

    /** @param string $what the key of its sentence */
    public static function begun(int $service, string $hook, string $what, string $address): void
    {
        Store::prepare();
        $row = ['service' => $service, 'what' => $what, 'address' => $address, 'since' => time()];
        Capsule::table(Store::CHANGES)->updateOrInsert(['hook' => $hook], $row);
        Capsule::table(Store::CHANGES)->where('since', '<', time() - self::KEPT)->delete();
    }

    /** The bridge tells of an end, wherever that is told. @param array<string, mixed> $receipt */
    public static function ended(array $receipt): void
    {
        if ($receipt['status'] === 'held' || !in_array($receipt['status'], Receipt::ENDS, true)) {
            $end = ['status' => $receipt['status'] === 'held' ? 'held' : ''];
        } else {
            $end = ['status' => $receipt['observed_only'] ? 'observed' : $receipt['status'], 'code' => Receipt::code($receipt)];
        }
        Capsule::table(Store::CHANGES)->where('hook', $receipt['hook'])->update($end);
    }

    /** Asks the bridge how each of them stands; what cannot be asked now is asked the next time. */
    public static function follow(int $service, Client $client): void
    {
        Store::prepare();
        $open = Capsule::table(Store::CHANGES)->where('service', $service)->whereIn('status', ['', 'held'])
            ->orderBy('since')->limit(self::MOST)->pluck('hook');
        foreach ($open as $hook) {
            $answer = $client->within(self::PATIENCE)->query('job', ['hook' => $hook]);
            $receipt = $answer->kind === 'answered' ? Receipt::read($answer->receipt) : null;
            if ($receipt !== null && $receipt['hook'] === $hook) {
                self::ended($receipt);
            } elseif ($answer->isOneOf('away', 'unsigned')) {
                return;
            } elseif ($answer->kind === 'refused') {
                self::lost($hook);
            }
        }
    }

    /** The bridge never got it: what was on its way for longer than any request takes does not arrive any more. */
    private static function lost(string $hook): void
    {
        Capsule::table(Store::CHANGES)->where('hook', $hook)->where('since', '<', time() - self::ON_ITS_WAY)
            ->update(['status' => 'failed', 'code' => 'unavailable']);
    }

    /**
     * Those of which the end is not known, or not told; an end is told by this.
     *
     * @return list<object{what: string, address: string, status: string, code: string}>
     */
    public static function told(int $service): array
    {
        $rows = Capsule::table(Store::CHANGES)->where('service', $service)->orderBy('since')->get()->all();
        $over = array_filter($rows, fn (object $row) => !in_array($row->status, ['', 'held'], true));
        Capsule::table(Store::CHANGES)->whereIn('hook', array_column($over, 'hook'))->delete();
        return $rows;
    }
}
