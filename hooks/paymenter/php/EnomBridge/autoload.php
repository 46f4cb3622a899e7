<?php

use EnomBridge\Kit\Kit;
use EnomBridge\Kit\Platform;
use Paymenter\Extensions\Servers\EnomBridge\Billing\Paymenter;

// Paymenter finds these classes by itself once they are in its folder extensions/; while an upload
// is being unpacked they are elsewhere.
spl_autoload_register(static function (string $class): void {
    $prefix = 'Paymenter\\Extensions\\Servers\\EnomBridge\\';
    $file = __DIR__ . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
    if (str_starts_with($class, $prefix) && is_file($file)) {
        require_once $file;
    }
});

// The kit is in Kit/, where `make plugins` put it; a checkout has no such folder, and there it is
// hooks/php/src.
require_once (is_dir(__DIR__ . '/Kit') ? __DIR__ . '/Kit' : dirname(__DIR__, 3) . '/php/src')
    . '/autoload.php';
Kit::serve(static fn (): Platform => new Paymenter());
