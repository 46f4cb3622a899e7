<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Database\Capsule;

/** Hook points: files of includes/hooks and hooks.php of the modules that were activated, loaded for every request. */
final class Hooks
{
    /** @var array<string, list<array{int, int, callable}>> */
    private static array $points = [];
    private static int $count = 0;

    public static function load(): void
    {
        if (!Database::installed()) {
            return;
        }
        $files = array_filter(glob(ROOTDIR . '/includes/hooks/*.php'), static fn ($file) => basename($file)[0] !== '_');
        foreach (self::modules() as $module) {
            $files[] = ROOTDIR . "/modules/servers/$module/hooks.php";
        }
        foreach (array_filter($files, is_file(...)) as $file) {
            try {
                Faults::during(basename(dirname($file)) . '/' . basename($file), static fn () => self::include($file));
            } catch (Throwable) {
                // Kept as a fault; a page must come up all the same.
            }
        }
    }

    /** Only now is a module's hooks.php noticed, as documented: one that is added later needs another save. */
    public static function activate(string $module): void
    {
        if (is_file(ROOTDIR . "/modules/servers/$module/hooks.php") && !in_array($module, self::modules(), true)) {
            Settings::save(['ModuleHooks' => implode(',', [...self::modules(), $module])]);
        }
    }

    public static function add(string $point, int $priority, callable $function): void
    {
        self::$points[$point][] = [$priority, self::$count++, $function];
    }

    /**
     * What the hooks returned, by priority and then by registration, without the nulls.
     *
     * One that throws is a fault of the module, and the others run all the same.
     */
    public static function run(string $point, array $vars): array
    {
        $hooks = self::$points[$point] ?? [];
        sort($hooks);
        $answers = [];
        foreach ($hooks as [, , $function]) {
            try {
                $answers[] = Faults::during("hook $point", static fn () => $function($vars));
            } catch (Throwable) {
                // Kept as a fault.
            }
        }
        return array_values(array_filter($answers, static fn ($answer) => $answer !== null));
    }

    /** @return list<string> */
    private static function modules(): array
    {
        $names = Capsule::table('tblconfiguration')->where('setting', 'ModuleHooks')->value('value');
        return array_values(array_filter(explode(',', (string) $names)));
    }

    /** Out of sight of our variables. */
    private static function include(string $file): void
    {
        require_once $file;
    }
}
