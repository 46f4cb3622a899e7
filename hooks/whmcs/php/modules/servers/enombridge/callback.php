<?php

// The bridge posts here when a job has ended: …/modules/servers/enombridge/callback.php?server=ID
require_once __DIR__ . '/../../../init.php';
require_once __DIR__ . '/lib/autoload.php';

use EnomBridge\Kit\Callback;

[$status, $headers, $said] = Callback::answer($_SERVER, $_GET, (string) file_get_contents('php://input', false, null, 0, 65537));
http_response_code($status);
header('Content-Type: application/json');
foreach ($headers as $name => $value) {
    header("$name: $value");
}
echo json_encode(['message' => $said]);
