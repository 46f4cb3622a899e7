<?php

/** php standin.php VERB JSON: in a process of its own, as a worker, the scheduler and artisan run. */

ini_set('zend.exception_ignore_args', '0');
require __DIR__ . '/boot.php';
Standin\boot(console: true);
echo json_encode((new Standin\Verbs())->{$argv[1]}(...json_decode($argv[2], true)), JSON_THROW_ON_ERROR);
