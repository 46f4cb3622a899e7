<?php

declare(strict_types=1);

namespace Standin;

use Illuminate\Contracts\Support\Arrayable;
use WHMCS\Database\Capsule;

/** The Module Log, as an admin sees it; and what was handed over before masking, for tests to search. */
final class ModuleLog
{
    public static function add(mixed $module, mixed $action, mixed $request, mixed $response, mixed $processed, mixed $replace): void
    {
        $texts = array_map(self::text(...), [$request, $response, $processed]);
        $words = array_filter(array_map(self::text(...), is_array($replace) ? $replace : [$replace]), static fn ($word) => $word !== '');
        Capsule::table('standin_rawlog')->insert([
            'module' => (string) $module, 'action' => (string) $action, 'request' => $texts[0], 'response' => $texts[1],
            'processed' => $texts[2], 'replacevars' => self::text($replace),
        ]);
        if (!Settings::on('ModuleDebugMode')) {
            return;
        }
        // Plain replacement only: a value that is URL-encoded or escaped in the text stays, as it must be feared of WHMCS.
        $masked = str_replace($words, '******', $texts);
        Capsule::table('tblmodulelog')->insert([
            'date' => Database::now(), 'module' => (string) $module, 'action' => (string) $action,
            'request' => $masked[0], 'response' => $masked[1], 'arrdata' => $masked[2],
        ]);
    }

    private static function text(mixed $value): string
    {
        return is_scalar($value) || $value === null ? (string) $value : print_r(self::plain($value, 8), true);
    }

    private static function plain(mixed $value, int $depth): mixed
    {
        if ($value instanceof Arrayable) {
            $value = $value->toArray();
        } elseif (is_object($value)) {
            $value = method_exists($value, '__toString') ? (string) $value : [$value::class => get_object_vars($value)];
        }
        return is_array($value) && $depth > 0 ? array_map(static fn ($item) => self::plain($item, $depth - 1), $value) : $value;
    }
}
