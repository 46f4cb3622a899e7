<?php

use EnomBridge\Kit\Kit;
use EnomBridge\Kit\Platform;
use WHMCS\Module\Server\Enombridge\Whmcs;

// WHMCS loads these classes by itself while the module runs; callback.php and hooks.php come before it.
spl_autoload_register(static function (string $class): void {
    $prefix = 'WHMCS\\Module\\Server\\Enombridge\\';
    $file = __DIR__ . '/' . substr($class, strlen($prefix)) . '.php';
    if (str_starts_with($class, $prefix) && is_file($file)) {
        require_once $file;
    }
});

// The kit is in Kit/, where `make plugins` put it; a checkout has no such folder, and there it is
// hooks/php/src.
require_once (is_dir(__DIR__ . '/Kit') ? __DIR__ . '/Kit' : dirname(__DIR__, 6) . '/php/src')
    . '/autoload.php';
Kit::serve(static fn (): Platform => new Whmcs());
