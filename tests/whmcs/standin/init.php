<?php

/**
 * What every page, callback and cron of WHMCS starts with. Files of a module may be run after it, never before.
 */

declare(strict_types=1);

if (defined('WHMCS')) {
    return;
}
define('WHMCS', true);
define('ROOTDIR', __DIR__);
error_reporting(E_ALL);

spl_autoload_register(static function (string $class): void {
    $file = ROOTDIR . '/includes/classes/' . str_replace('\\', '/', $class) . '.php';
    if (is_file($file)) {
        require $file;
        return;
    }
    // modules/servers/<name>/lib/Foo.php is WHMCS\Module\Server\<Name>\Foo: documented as "module class autoloading".
    if (preg_match('/^WHMCS\\\\Module\\\\Server\\\\([A-Za-z0-9_]+)\\\\(.+)$/', $class, $found)) {
        $name = strtolower(preg_replace('/(?<=[a-z0-9])(?=[A-Z])/', '_', $found[1]));
        foreach (array_unique([strtolower($found[1]), $name]) as $folder) {
            $file = ROOTDIR . "/modules/servers/$folder/lib/" . str_replace('\\', '/', $found[2]) . '.php';
            if (is_file($file)) {
                require $file;
                return;
            }
        }
    }
});

Standin\Faults::watch();
require_once 'Illuminate/Database/autoload.php';
require ROOTDIR . '/includes/functions.php';
Standin\Database::open();
Standin\Hooks::load();
