<?php

/** What every page, callback and cron of the stand-in starts with. `$di` is its container. */

declare(strict_types=1);

define('ROOT', __DIR__);
define('DEBUG', false);
define('STORAGE', ROOT . '/storage');
is_dir(STORAGE) || @mkdir(STORAGE, 0o700, true);
error_reporting(E_ALL);
date_default_timezone_set('UTC');

// Box\Mod\<Name>\… is modules/<Name>/…; all else is a file of library/ named after its class.
spl_autoload_register(static function (string $class): void {
    $path = str_replace('\\', '/', $class);
    $isModule = str_starts_with($path, 'Box/Mod/');
    $file = ROOT . ($isModule ? '/modules/' . substr($path, 8) : "/library/$path") . '.php';
    if (is_file($file)) {
        require_once $file;
    }
});

/** FOSSBilling's function of translation: puts values in. */
function __trans(string $message, ?array $values = null): string
{
    return strtr($message, $values ?? []);
}

Standin\Faults::watch();
Standin\Container::fill($di = new Pimple\Container());
