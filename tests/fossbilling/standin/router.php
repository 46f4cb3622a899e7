<?php

/** For `php -S`: /standin/VERB for tests, and the pages that modules have for everybody. */

declare(strict_types=1);

require __DIR__ . '/init.php';

$path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/standin/ping') {
    echo 'pong';
    return true;
}
if (preg_match('#^/standin/([a-z]+)$#', $path, $found)) {
    header('Content-Type: application/json');
    try {
        $given = json_decode($di['request']->getContent(), true);
        echo json_encode((new Standin\Verbs($di))->{$found[1]}(...$given));
    } catch (Throwable $error) {
        Standin\Faults::add($error::class . ": {$error->getMessage()} at {$error->getFile()}:{$error->getLine()}");
        http_response_code(500);
        echo json_encode(['error' => $error::class . ': ' . $error->getMessage()]);
    }
    return true;
}
$module = ucfirst(explode('/', trim($path, '/'))[0]);
$class = "Box\\Mod\\$module\\Controller\\Client";
$app = new Box_App($di);
if (preg_match('/^[A-Za-z]+$/', $module) && class_exists($class)) {
    $controller = new $class();
    $controller->setDi($di);
    $controller->register($app);
}
$answer = $app->run($path);
if ($answer === null) {
    http_response_code(404);
    return true;
}
$answer->send();
return true;
