<?php

use EnomBridge\Kit\Kit;

// The kit is in Kit/, where `make plugins` put it; a checkout has no such folder, and there it is
// hooks/php/src.
require_once (is_dir(__DIR__ . '/Kit') ? __DIR__ . '/Kit' : dirname(__DIR__, 5) . '/php/src')
    . '/autoload.php';

// FOSSBilling finds these classes by itself; this is for where it does not, like tests.
spl_autoload_register(static function (string $class): void {
    $prefix = 'Box\\Mod\\Serviceenombridge\\Bridge\\';
    $file = __DIR__ . '/' . substr($class, strlen($prefix)) . '.php';
    if (str_starts_with($class, $prefix) && is_file($file)) {
        require_once $file;
    }
});
