<?php

/**
 * php load.php PLATFORM KIT NAMESPACE, in the folder where an archive was unpacked.
 *
 * Starts the plug-in (PLATFORM.php beside this), asks for each class of it and of its kit by name,
 * and prints as JSON which are missing, which names are there, and what the plug-in said.
 */

set_error_handler(static function (int $kind, string $text, string $file, int $line): bool {
    throw new ErrorException($text, 0, $kind, $file, $line);
});
[, $platform, $kit, $namespace] = $argv;
$said = require __DIR__ . "/$platform.php";

$classes = [];
foreach ([$kit => $namespace, dirname($kit) => substr($namespace, 0, strrpos($namespace, '\\'))] as $folder => $own) {
    foreach (glob("$folder/*.php") as $file) {
        $name = basename($file, '.php');
        array_push($classes, ...($name === 'autoload' ? [] : ["$own\\$name"]));
    }
}
$isThere = fn (string $class) => class_exists($class) || interface_exists($class) || enum_exists($class);
echo json_encode([
    'asked' => $classes,
    'missing' => array_values(array_filter($classes, fn (string $class) => !$isThere($class))),
    'declared' => [...get_declared_classes(), ...get_declared_interfaces()],
    'said' => $said,
], JSON_THROW_ON_ERROR);
