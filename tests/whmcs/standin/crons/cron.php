<?php

/** The system cron, `php crons/cron.php`; with `--daily` the one run of the day that does the billing's work. */

declare(strict_types=1);

if (PHP_SAPI !== 'cli') {
    http_response_code(404);
    exit;
}

require dirname(__DIR__) . '/init.php';

echo json_encode(Standin\Cron::run(in_array('--daily', $argv, true)), JSON_UNESCAPED_SLASHES), "\n";
