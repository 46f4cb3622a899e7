<?php

declare(strict_types=1);

namespace Standin;

use Pimple\Container as Di;
use Symfony\Component\HttpFoundation\Request;

/** What FOSSBilling's di.php puts into its container, as far as a module may use it. */
final class Container
{
    public static function fill(Di $di): void
    {
        $di['pdo'] = static fn () => Database::connect('fossbilling');
        $di['db'] = static fn (Di $di) => new Database($di['pdo']);
        $di['crypt'] = static fn () => new Crypt();
        $di['logger'] = static fn () => new Logger();
        $di['is_cron'] = false;
        $di['auth'] = static fn (Di $di) => new Auth($di);
        $di['request'] = static fn () => new Request((string) file_get_contents('php://input'));
        $di['period'] = $di->protect(static fn ($code) => new \Box_Period($code));
        $service = static fn (string $mod, string $sub = '') => self::service($di, $mod, $sub);
        $di['mod_service'] = $di->protect($service);
        $di['mod'] = $di->protect(static fn (string $mod) => new Module($di, $mod));
        $config = static fn (string $mod) => (new Module($di, $mod))->getConfig();
        $di['mod_config'] = $di->protect($config);
        $di['events_manager'] = static function (Di $di) {
            $manager = new \Box_EventManager();
            $manager->setDi($di);
            return $manager;
        };
        // Of a command line that is cron; else of who is signed in, and nobody is when a gateway or
        // the bridge calls.
        $di['loggedin_admin'] = static function (Di $di) {
            if (PHP_SAPI === 'cli') {
                return $di['mod_service']('staff')->getCronAdmin();
            }
            return $di['auth']->admin() ?? throw new \RuntimeException('Admin is not logged in');
        };
    }

    private static function service(Di $di, string $mod, string $sub): object
    {
        $class = 'Box\\Mod\\' . ucfirst(strtolower($mod)) . '\\Service' . ucfirst($sub);
        $service = new $class();
        if (method_exists($service, 'setDi')) {
            $service->setDi($di);
        }
        return $service;
    }
}
