<?php

/**
 * The kit with a platform of these tests (support/Shop.php), and the bridge of the other PHP tests:
 * ../support/Bridge.php. No plug-in is loaded.
 */

namespace EnomBridge\Tests {
    const KIT = __DIR__ . '/../../../hooks/php/src';
    const SAMPLES = __DIR__ . '/../../../hooks/standard/samples';

    error_reporting(E_ALL);
    spl_autoload_register(static function (string $class): void {
        $name = substr(strrchr("\\$class", '\\'), 1);
        $folder = str_starts_with($class, __NAMESPACE__ . '\\Kit\\') ? __DIR__ : dirname(__DIR__);
        $file = "$folder/support/$name.php";
        if (str_starts_with($class, __NAMESPACE__ . '\\') && is_file($file)) {
            require $file;
        }
    });
    Errors::watch();
    require dirname(__DIR__) . '/support/functions.php';
    require KIT . '/autoload.php';
    \EnomBridge\Kit\Kit::serve(static fn () => Kit\Shop::it());
}
