<?php

namespace EnomBridge\Kit;

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
            Kit::platform()->store()->unlock($service, $owner);
        }
    }

    private static function take(int $service, int $patience): string
    {
        $owner = bin2hex(random_bytes(16));
        $end = microtime(true) + $patience;
        do {
            if (Kit::platform()->store()->lock($service, $owner, time(), time() + self::LONGEST)) {
                return $owner;
            }
            usleep(100_000);
        } while (microtime(true) < $end);
        throw new Busy(Text::of('busy'));
    }
}
