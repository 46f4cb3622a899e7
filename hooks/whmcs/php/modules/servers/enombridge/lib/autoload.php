<?php

// WHMCS loads these classes by itself while the module runs; callback.php and hooks.php come before it. What knows nothing of
// WHMCS is in Kit/, and in a checkout, which has no such folder, in hooks/php/src.
spl_autoload_register(static function (string $class): void {
    $prefix = 'WHMCS\\Module\\Server\\Enombridge\\';
    $kit = is_dir(__DIR__ . '/Kit') ? __DIR__ . '/Kit' : dirname(__DIR__, 6) . '/php/src';
    foreach (str_starts_with($class, $prefix) ? [__DIR__, $kit] : [] as $folder) {
        $file = "$folder/" . substr($class, strlen($prefix)) . '.php';
        if (is_file($file)) {
            require_once $file;
            return;
        }
    }
});
