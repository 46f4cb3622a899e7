<?php

// What WHMCS has beside the module, as far as files need it to be loaded; then the module begins as
// WHMCS begins it.
require dirname(__DIR__) . '/support/metrics.php';
define('WHMCS', true);

function add_hook(string $point, int $priority, callable $do): void
{
}

require 'modules/servers/enombridge/enombridge.php';
require 'modules/servers/enombridge/hooks.php';

return [enombridge_MetaData()['DisplayName'], enombridge_CreateAccount([])];
