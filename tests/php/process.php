<?php

/**
 * A second process of WHMCS, on a database in a file: php process.php PORT MOMENT FUNCTION
 *
 * It waits for the moment (epoch seconds), calls the function of the module for the service of the tests, and prints what
 * it said as JSON. `seed` instead of a function fills the database.
 */

namespace EnomBridge\Tests;

require __DIR__ . '/bootstrap.php';

[, $port, $moment, $function] = $argv;
Bridge::$port = (int) $port;
while (microtime(true) < (float) $moment) {
    usleep(1000);
}
if ($function === 'seed') {
    Billing::reset();
    $said = 'seeded';
} else {
    $said = Billing::run($function);
}
echo json_encode(['said' => $said, 'warnings' => Errors::$seen, 'log' => Billing::$moduleLog]);
