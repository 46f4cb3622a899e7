<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** One process at a time for one service, over all web servers of an installation. */
final class Lock
{
    private const LONGEST = 120; // seconds; a process that died meanwhile holds it no longer than this
    private const PATIENCE = 3; // seconds to wait for another one

    /**
     * @template T
     * @param callable(): T $do
     * @return T what `do` returns; throws Busy
     */
    public static function around(int $service, callable $do, int $patience = self::PATIENCE): mixed
    {
        $owner = self::take($service, $patience);
        try {
            return $do();
        } finally {
            Capsule::table(Record::TABLE)->where('service', $service)->where('lock_owner', $owner)->update(['lock_owner' => null, 'lock_until' => null]);
        }
    }

    private static function take(int $service, int $patience): string
    {
        Record::prepare();
        Capsule::table(Record::TABLE)->insertOrIgnore(['service' => $service]);
        $owner = bin2hex(random_bytes(16));
        $end = microtime(true) + $patience;
        do {
            $free = fn ($query) => $query->whereNull('lock_until')->orWhere('lock_until', '<', time());
            $mine = ['lock_owner' => $owner, 'lock_until' => time() + self::LONGEST];
            if (Capsule::table(Record::TABLE)->where('service', $service)->where($free)->update($mine) === 1) {
                return $owner;
            }
            usleep(100_000);
        } while (microtime(true) < $end);
        throw new Busy(Text::of('busy'));
    }
}
