<?php

/** `php standin.php VERB '{"name": "value"}'`: what the verb gives, as JSON; 1 and the reason where it cannot be done. */

declare(strict_types=1);

if (PHP_SAPI !== 'cli') {
    http_response_code(404);
    exit;
}

require __DIR__ . '/init.php';

try {
    echo Standin\Verbs::call($argv[1] ?? '', $argv[2] ?? ''), "\n";
} catch (Throwable $error) {
    fwrite(STDERR, $error::class . ': ' . $error->getMessage() . "\n");
    exit(1);
}
