<?php

/** As the system's cron runs it. */

declare(strict_types=1);

require __DIR__ . '/init.php';

$di['mod_service']('cron')->runCrons();
