<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Pending;

/**
 * What the bridge has confirmed and WHMCS is just being told, in this process.
 *
 * While it is marked, the module's own function says success without a call: WHMCS does the rest (status, mail, hooks)
 * as if the function had done the work. In another process the mark is missing, and the pending id brings the same answer.
 */
final class Confirmed
{
    /** @var array<string, true> */
    private static array $marks = [];

    public static function has(int $service, Action $action): bool
    {
        return isset(self::$marks["$service $action->value"]);
    }

    /** @return array<string, mixed> what localAPI says */
    public static function tell(int $service, Pending $pending): array
    {
        $mark = "$service {$pending->action->value}";
        self::$marks[$mark] = true;
        try {
            $values = ['serviceid' => $service] + Command::values($pending);
            return Automatic::call((string) Command::of($pending->action), $values);
        } finally {
            unset(self::$marks[$mark]);
        }
    }
}
