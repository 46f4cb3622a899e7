<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Database\Capsule;

/**
 * Whatever PHP complains about is kept, and blamed on the module or on the stand-in. Nothing is swallowed.
 *
 * Only deprecations inside Debian's own libraries are silent: they are older than this PHP.
 */
final class Faults
{
    private const LIBRARIES = '/usr/share/php/';
    private static string $during = '';

    public static function watch(): void
    {
        ini_set('display_errors', '0');
        set_error_handler(self::onError(...));
        set_exception_handler(self::onException(...));
        register_shutdown_function(self::onShutdown(...));
    }

    /**
     * Runs `$what` as the module's code. What it echoes, leaves open or throws is a fault; what it throws comes out again.
     *
     * `$throws`: whether throwing is its documented way to report an error, as for loader functions.
     */
    public static function during(string $name, callable $what, bool $throws = false): mixed
    {
        $before = self::$during;
        $level = Capsule::connection()->transactionLevel();
        self::$during = $name;
        ob_start();
        try {
            return $what();
        } catch (Throwable $error) {
            if (!$throws) {
                self::add($error::class, $error->getMessage(), $error->getFile(), $error->getLine());
            }
            throw $error;
        } finally {
            $output = (string) ob_get_clean();
            if ($output !== '') {
                self::add('output', 'it printed: ' . mb_strimwidth($output, 0, 300, '…'));
            }
            if (Capsule::connection()->transactionLevel() > $level) {
                Capsule::connection()->rollBack($level);
                self::add('transaction', 'it left a transaction open');
            }
            self::$during = $before;
        }
    }

    public static function add(string $kind, string $message, string $file = '', int $line = 0): void
    {
        $ours = self::$during === '' && !str_contains($file, '/modules/servers/');
        $row = [
            'at' => Database::now(), 'origin' => $ours ? 'standin' : 'module', 'kind' => $kind, 'message' => $message,
            'file' => str_replace(ROOTDIR . '/', '', $file), 'line' => $line, 'during' => self::$during,
        ];
        error_log('fault: ' . json_encode($row, JSON_INVALID_UTF8_SUBSTITUTE));
        try {
            Capsule::table('standin_faults')->insert($row);
        } catch (Throwable) {
            // Before the installation, or with a database that is the fault itself: the log above has it.
        }
    }

    private static function onError(int $level, string $message, string $file, int $line): bool
    {
        $deprecated = ($level & (E_DEPRECATED | E_USER_DEPRECATED)) !== 0;
        if (!(error_reporting() & $level) || ($deprecated && str_starts_with($file, self::LIBRARIES))) {
            return true;
        }
        self::add($deprecated ? 'deprecation' : 'warning', $message, $file, $line);
        return true;
    }

    private static function onException(Throwable $error): void
    {
        self::add($error::class, $error->getMessage(), $error->getFile(), $error->getLine());
        http_response_code(500);
        echo PHP_SAPI === 'cli' ? $error . "\n" : "Oops!\n";
        if (PHP_SAPI === 'cli') {
            exit(255);
        }
    }

    private static function onShutdown(): void
    {
        $last = error_get_last();
        if ($last !== null && ($last['type'] & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR))) {
            self::add('fatal', $last['message'], $last['file'], $last['line']);
        } elseif (self::$during !== '') {
            self::add('exit', 'it ended the process');
        }
    }
}
