<?php

// Loaded on every page of WHMCS: registers, and does nothing else. Nothing is registered for changed passwords, whose data
// hold the password in clear.

if (!defined('WHMCS')) {
    die('This file cannot be accessed directly');
}

require_once __DIR__ . '/lib/autoload.php';

use EnomBridge\Kit\Catchup;
use WHMCS\Module\Server\Enombridge\Hooks;
use WHMCS\Module\Server\Enombridge\Moving;

add_hook('OverrideModuleUsernameGeneration', 1, fn ($params) => Hooks::username((array) $params));
add_hook('CancellationRequest', 1, fn ($vars) => Hooks::cancellation((array) $vars));
add_hook('ServiceEdit', 1, fn ($vars) => Hooks::edited((array) $vars));
add_hook('InvoicePaid', 1, fn ($vars) => Hooks::paid((array) $vars));
add_hook('ServiceDelete', 1, fn ($vars) => Hooks::deleted((array) $vars));
add_hook('AfterCronJob', 1, function (): void {
    Catchup::run();
    Moving::catchUp();
});
