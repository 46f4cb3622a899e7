<?php

namespace EnomBridge\Tests;

/** How far the module's clock is ahead of the machine's, in seconds. */
final class Clock
{
    public static float $ahead = 0.0;

    public static function now(): int
    {
        return time() + (int) self::$ahead;
    }

    public static function pass(int $seconds): void
    {
        self::$ahead += $seconds;
    }
}
