<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Database\Capsule;

/** A provisioning module: its file is loaded when one of its functions is first needed, never before. */
final class Module
{
    private const KNOWN = '/^[a-z][a-z0-9]*$/';

    public static function installed(): array
    {
        $folders = array_map(basename(...), glob(ROOTDIR . '/modules/servers/*', GLOB_ONLYDIR));
        return array_values(array_filter($folders, static fn ($name) => is_file(self::file($name))));
    }

    public static function supports(string $module, string $function): bool
    {
        if (!preg_match(self::KNOWN, $module) || !is_file(self::file($module))) {
            return false;
        }
        try {
            Faults::during($module, static fn () => self::load(self::file($module)));
        } catch (Throwable) {
            return false;
        }
        return function_exists("{$module}_$function");
    }

    /** What the function returns. What it throws comes out, and is a fault unless `$throws`. */
    public static function call(string $module, string $function, array $params = [], string $origin = '', bool $throws = false): mixed
    {
        if (!self::supports($module, $function)) {
            throw new Unsupported('Function Not Supported by Module');
        }
        $started = microtime(true);
        $seen = 'thrown';
        try {
            $answer = Faults::during("{$module}_$function", static fn () => "{$module}_$function"($params), $throws);
            $seen = is_string($answer) ? $answer : get_debug_type($answer);
            return $answer;
        } finally {
            Capsule::table('standin_calls')->insert([
                'at' => Database::now(), 'function' => $function, 'module' => $module, 'serviceid' => $params['serviceid'] ?? 0,
                'origin' => $origin, 'result' => $seen, 'seconds' => microtime(true) - $started, 'pid' => getmypid(),
            ]);
        }
    }

    /** As `call`, for functions that return an array; anything else is a fault and reads as empty. */
    public static function ask(string $module, string $function, array $params = []): array
    {
        if (!self::supports($module, $function)) {
            return [];
        }
        try {
            $answer = self::call($module, $function, $params, 'page');
        } catch (Throwable) {
            return [];
        }
        if (is_array($answer)) {
            return $answer;
        }
        self::wrong($module, $function, 'an array', $answer);
        return [];
    }

    public static function wrong(string $module, string $function, string $expected, mixed $answer): void
    {
        Faults::add('answer', "{$module}_$function must return $expected, not " . get_debug_type($answer), '/modules/servers/');
    }

    public static function label(string $module): string
    {
        return (string) (self::ask($module, 'MetaData')['DisplayName'] ?? $module);
    }

    private static function file(string $module): string
    {
        return ROOTDIR . "/modules/servers/$module/$module.php";
    }

    /** Out of sight of our variables. */
    private static function load(string $file): void
    {
        require_once $file;
    }
}
