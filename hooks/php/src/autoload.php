<?php

namespace EnomBridge\Kit;

// An archive has its own copy of the kit under its own namespace, so that two plug-ins run in one
// PHP process.
spl_autoload_register(static function (string $class): void {
    $file = __DIR__ . '/' . substr($class, strlen(__NAMESPACE__) + 1) . '.php';
    if (str_starts_with($class, __NAMESPACE__ . '\\') && is_file($file)) {
        require_once $file;
    }
});
