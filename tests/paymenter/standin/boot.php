<?php

/** Starts the stand-in: its database, its services, and the extension, as in each request and each worker. */

namespace Standin;

use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\DatabaseTransactionsManager;
use Illuminate\Support\Facades\Facade;

error_reporting(E_ALL);
set_error_handler(static function (int $kind, string $text, string $file, int $line): bool {
    if (!str_contains($file, '/extensions/') && !str_contains($file, '/php/src/')) {
        return true; // an older Laravel under a newer PHP
    }
    throw new \ErrorException($text, 0, $kind, $file, $line);
});
require_once 'Illuminate/Database/autoload.php';
require_once 'Illuminate/Container/autoload.php';
require __DIR__ . '/laravel.php';
require __DIR__ . '/events.php';
require __DIR__ . '/paymenter.php';
require __DIR__ . '/Verbs.php';

spl_autoload_register(static function (string $class): void {
    $prefix = 'Paymenter\\Extensions\\';
    $file = __DIR__ . '/extensions/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
    if (str_starts_with($class, $prefix) && is_file($file)) {
        require_once $file;
    }
});

function boot(bool $console): Application
{
    $app = new Application();
    $app->console = $console;
    Application::setInstance($app);
    Facade::setFacadeApplication($app);
    $file = __DIR__ . '/storage/database.sqlite';
    is_dir(dirname($file)) || mkdir(dirname($file));
    is_file($file) || touch($file);
    $manager = new Manager($app);
    $manager->addConnection(['driver' => 'sqlite', 'database' => $file, 'prefix' => '']);
    $manager->setAsGlobal();
    $manager->bootEloquent();
    $database = $manager->getDatabaseManager();
    $database->connection()->setTransactionManager(new DatabaseTransactionsManager());
    $database->connection()->getPdo()->exec('PRAGMA busy_timeout = 60000');
    $app->instance('app', $app);
    $app->instance('db', $database);
    $app->instance('db.factory', new Factory($app));
    $app['config']['settings.debug'] = true;
    $app['config']['queue.default'] = 'database';
    $router = new Router();
    $urls = new Urls($router, (string) @file_get_contents(__DIR__ . '/storage/url'));
    $own = [
        'events' => new Events(), 'router' => $router, 'url' => $urls, 'redirect' => new Redirects($urls),
        'encrypter' => new Crypt(), 'auth' => new Auth(), 'session' => new Session(), 'log' => new Log(),
        'Illuminate\Contracts\Bus\Dispatcher' => new Queue(), 'Illuminate\Contracts\Console\Kernel' => new Artisan(),
    ];
    foreach ($own as $name => $object) {
        $app->instance($name, $object);
    }
    $app->singleton(\Illuminate\Console\Scheduling\Schedule::class);
    \Illuminate\Database\Eloquent\Model::setEventDispatcher(new ModelEvents());
    Verbs::tables();
    (new \Paymenter\Extensions\Servers\EnomBridge\EnomBridge())->boot();
    return $app;
}

/** Each connection waits for another process, as a database server makes it wait. */
final class Factory extends \Illuminate\Database\Connectors\ConnectionFactory
{
    public function make(array $config, $name = null)
    {
        $made = parent::make($config, $name);
        $made->getPdo()->exec('PRAGMA busy_timeout = 60000');
        return $made;
    }
}
