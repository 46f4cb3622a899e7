<?php

namespace WHMCS\Module\Server\Enombridge;

/** What the module makes WHMCS do by itself: nobody asked for it by hand, whoever's session it happens to run in. */
final class Automatic
{
    private static int $depth = 0;

    /**
     * @param array<string, mixed> $values
     * @return array<string, mixed> what localAPI says
     */
    public static function call(string $command, array $values): array
    {
        self::$depth++;
        try {
            return (array) localAPI($command, $values);
        } finally {
            self::$depth--;
        }
    }

    public static function isRunning(): bool
    {
        return self::$depth > 0;
    }
}
