<?php

declare(strict_types=1);

namespace Standin;

use PDO;

/**
 * SQLite that behaves to several PHP processes as MySQL does: they wait for each other instead of failing.
 *
 * Transactions take the write lock at once: one that reads first and writes later would otherwise be refused without
 * waiting. GET_LOCK and its kin are MySQL's, by locked files, so that they end with the request as they do there.
 */
final class Connection extends PDO
{
    private const WAIT = 15;
    private bool $open = false;
    /** @var array<string, array{resource, int}> */
    private array $held = [];

    public function __construct(private readonly string $folder)
    {
        parent::__construct("sqlite:$folder/whmcs.sqlite3", null, null, [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_TIMEOUT => self::WAIT,
        ]);
        $this->exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;');
        $this->sqliteCreateFunction('GET_LOCK', $this->lock(...), 2);
        $this->sqliteCreateFunction('RELEASE_LOCK', $this->release(...), 1);
        $this->sqliteCreateFunction('NOW', static fn () => date('Y-m-d H:i:s'), 0);
        $this->sqliteCreateFunction('UNIX_TIMESTAMP', static fn () => time(), 0);
    }

    public function beginTransaction(): bool
    {
        $this->exec('BEGIN IMMEDIATE');
        return $this->open = true;
    }

    public function commit(): bool
    {
        $this->exec('COMMIT');
        $this->open = false;
        return true;
    }

    public function rollBack(): bool
    {
        $this->open = false;
        $this->exec('ROLLBACK');
        return true;
    }

    public function inTransaction(): bool
    {
        return $this->open;
    }

    /** 1 when held, 0 when it was not free in time, null for a name that MySQL refuses. */
    private function lock(?string $name, int|float|string $seconds): ?int
    {
        if ($name === null || $name === '' || strlen($name) > 64) {
            return null;
        }
        if (isset($this->held[$name])) {
            $this->held[$name][1]++;
            return 1;
        }
        $file = fopen("$this->folder/lock-" . md5(strtolower($name)), 'c');
        $end = $seconds < 0 ? INF : microtime(true) + (float) $seconds;
        while (!flock($file, LOCK_EX | LOCK_NB)) {
            if (microtime(true) >= $end) {
                return 0;
            }
            usleep(5000);
        }
        $this->held[$name] = [$file, 1];
        return 1;
    }

    private function release(?string $name): ?int
    {
        if ($name === null || !isset($this->held[$name])) {
            return null;
        }
        if (--$this->held[$name][1] === 0) {
            fclose($this->held[$name][0]);
            unset($this->held[$name]);
        }
        return 1;
    }
}
