<?php

/**
 * The web server: /standin/VERB with JSON, and the extension's own routes. `as` in the query is the
 * user who is signed in.
 */

ini_set('zend.exception_ignore_args', '0');
require __DIR__ . '/boot.php';
$app = Standin\boot(console: false);
$app->make('auth')->user = App\Models\User::find((int) ($_GET['as'] ?? 0));
$path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$body = (string) file_get_contents('php://input');

if (str_starts_with($path, '/standin/')) {
    $verb = substr($path, strlen('/standin/'));
    $found = $verb === 'ping' ? [] : (new Standin\Verbs())->$verb(...json_decode($body, true));
    (new Illuminate\Http\JsonResponse($found))->send();
    return;
}
[$route, $values] = $app->make('router')->match($path) ?? [null, []];
$isWeb = in_array('web', $route->middleware ?? [], true);
$status = match (true) {
    $route === null => 404,
    $_SERVER['REQUEST_METHOD'] !== 'POST' => 405,
    $isWeb && ($_POST['_token'] ?? '') !== Standin\Session::TOKEN => 419,
    in_array('auth', $route->middleware, true) && $app->make('auth')->user() === null => 401,
    default => 200,
};
if ($status !== 200) {
    http_response_code($status);
    return;
}
[$class, $function] = $route->do;
$answer = (new $class())->$function(new Illuminate\Http\Request($body), ...array_map('intval', $values));
$answer->send();
