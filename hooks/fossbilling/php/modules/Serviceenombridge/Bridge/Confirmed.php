<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit\Action;

/**
 * What the bridge has confirmed and FOSSBilling is just being told, in this process.
 *
 * While it is marked, the module's own function says success without a call: FOSSBilling does the
 * rest (status, dates, mail, events) as if the function had done the work.
 */
final class Confirmed
{
    /** @var array<string, true> */
    private static array $marks = [];

    public static function has(int $order, Action $action): bool
    {
        return isset(self::$marks["$order $action->value"]);
    }

    /**
     * @template T
     * @param callable(): T $do
     * @return T
     */
    public static function during(int $order, Action $action, callable $do): mixed
    {
        $mark = "$order $action->value";
        self::$marks[$mark] = true;
        try {
            return self::asCron($do);
        } finally {
            unset(self::$marks[$mark]);
        }
    }

    /**
     * FOSSBilling writes its mails in the name of the administrator who is signed in. Where nobody
     * is, as in a callback, that is the one of cron: else no mail would go out.
     */
    private static function asCron(callable $do): mixed
    {
        $di = Fossbilling::di();
        if (PHP_SAPI === 'cli' || $di['auth']->isAdminLoggedIn()) {
            return $do();
        }
        $former = $di->raw('loggedin_admin');
        unset($di['loggedin_admin']);
        $di['loggedin_admin'] = static fn (): object => $di['mod_service']('staff')->getCronAdmin();
        try {
            return $do();
        } finally {
            unset($di['loggedin_admin']);
            $di['loggedin_admin'] = $former;
        }
    }
}
