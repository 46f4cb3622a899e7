<?php

namespace EnomBridge\Tests;

/** Every warning, notice and deprecation that is not a deprecation inside a library of the system. */
final class Errors
{
    /** @var list<string> */
    public static array $seen = [];

    public static function watch(): void
    {
        set_error_handler(static function (int $kind, string $text, string $file, int $line): bool {
            $libraries = $kind === E_DEPRECATED && str_starts_with($file, '/usr/share/');
            if ($libraries || !(error_reporting() & $kind)) {
                return true;
            }
            self::$seen[] = "$text at " . basename($file) . ":$line";
            return true;
        });
    }
}
