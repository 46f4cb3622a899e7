<?php

/**
 * What the module finds in WHMCS, as far as it uses it: the real Illuminate Capsule and the real Smarty, and recorders for
 * the four functions. The bridge is support/Bridge.php; nothing else is ever called.
 */

namespace EnomBridge\Tests {
    const MODULE = __DIR__ . '/../../hooks/whmcs/php/modules/servers/enombridge';
    const KIT = __DIR__ . '/../../hooks/php/src';

    error_reporting(E_ALL);
    spl_autoload_register(static function (string $class): void {
        $file = __DIR__ . '/support/' . substr(strrchr("\\$class", '\\'), 1) . '.php';
        if (str_starts_with($class, __NAMESPACE__ . '\\') && is_file($file)) {
            require $file;
        }
    });
    Errors::watch();
    require_once 'Illuminate/Database/autoload.php';
    class_alias(\Illuminate\Database\Capsule\Manager::class, 'WHMCS\Database\Capsule');
}

namespace {
    use EnomBridge\Tests\Billing;

    define('WHMCS', true);

    function logModuleCall(...$arguments): void
    {
        Billing::logged(Billing::$moduleLog, $arguments);
    }

    function logActivity(...$arguments): void
    {
        Billing::logged(Billing::$activities, $arguments);
    }

    function localAPI(string $command, array $values = [], string $admin = ''): mixed
    {
        return Billing::api($command, $values);
    }

    function add_hook(string $point, int $priority, callable $do): void
    {
        Billing::$hooks[] = [$point, $priority, $do];
    }
}

namespace EnomBridge\Tests {
    require __DIR__ . '/support/functions.php';
    Database::open((string) (getenv('ENOMBRIDGE_TEST_DATABASE') ?: ':memory:'));
    require MODULE . '/enombridge.php';
}
