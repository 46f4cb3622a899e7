<?php

/** For `php -S 127.0.0.1:PORT -t ROOT ROOT/router.php`: what a hoster's web server would serve, and /standin/VERB for tests. */

declare(strict_types=1);

$path = rawurldecode((string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));

// There is no sign-in, so nobody from elsewhere.
if (!in_array($_SERVER['REMOTE_ADDR'], ['127.0.0.1', '::1'], true)) {
    http_response_code(403);
    return true;
}
if (preg_match('#^/standin/([a-z_]+)$#', $path, $found)) {
    header('Content-Type: application/json');
    if ($found[1] === 'ping') {
        echo '{"pid": ' . getmypid() . '}';
        return true;
    }
    require __DIR__ . '/init.php';
    try {
        echo Standin\Verbs::call($found[1], (string) file_get_contents('php://input'));
    } catch (Throwable $error) {
        http_response_code(400);
        echo json_encode(['error' => $error::class . ': ' . $error->getMessage()]);
    }
    return true;
}
if (str_starts_with($path, '/themes/')) {
    require __DIR__ . '/includes/classes/Standin/Theme.php';
    if (Standin\Theme::send($path)) {
        return true;
    }
}
if (preg_match('#^/(includes|storage|crons)(/|$)|^/(init|router|standin|configuration)\.php$|/\.#', $path)) {
    http_response_code(404);
    echo 'Not Found';
    return true;
}
if ($path === '/') {
    header('Location: /clientarea.php');
    return true;
}
return false;
