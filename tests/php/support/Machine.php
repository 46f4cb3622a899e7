<?php

namespace EnomBridge\Tests;

/** What of PHP and its process the module asks about: how it runs, who is signed in, which functions are there. */
final class Machine
{
    /** @var list<string> functions that this PHP does not have */
    public static array $missing = [];

    public static string $sapi = 'fpm-fcgi';

    /** Whether the page is on its way already; else what its headers are. */
    public static bool $sent = false;

    /** @var list<string> */
    public static array $headers = [];

    public static function reset(): void
    {
        self::$missing = [];
        self::$sapi = 'fpm-fcgi';
        self::$sent = false;
        self::$headers = [];
        $_SESSION = [];
    }

    /** From now on, in the session of a member of staff, of a client, or of nobody. */
    public static function session(string $who): void
    {
        $_SESSION = ['admin' => ['adminid' => 1], 'client' => ['uid' => Billing::CLIENT], 'cron' => []][$who];
    }
}
