<?php

declare(strict_types=1);

namespace Standin;

/** Whatever PHP complains of is kept for the tests. */
final class Faults
{
    public static function watch(): void
    {
        ini_set('display_errors', '0');
        set_error_handler(self::complained(...));
        register_shutdown_function(static function (): void {
            $last = error_get_last();
            if (($last['type'] ?? 0) & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR)) {
                self::add("{$last['message']} at {$last['file']}:{$last['line']}");
            }
        });
    }

    private static function complained(int $level, string $text, string $file, int $line): bool
    {
        if (error_reporting() & $level) {
            self::add("$text at " . str_replace(ROOT, '', $file) . ":$line");
        }
        return true;
    }

    public static function add(string $text): void
    {
        $line = str_replace("\n", ' ', $text) . "\n";
        file_put_contents(STORAGE . '/faults.log', $line, FILE_APPEND | LOCK_EX);
    }

    /** @return list<string> */
    public static function all(): array
    {
        $log = STORAGE . '/faults.log';
        return is_file($log) ? file($log, FILE_IGNORE_NEW_LINES) : [];
    }
}
