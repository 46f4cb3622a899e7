<?php

declare(strict_types=1);

namespace Standin;

use RedBeanPHP\OODBBean;

/** FOSSBilling's `db` over SQLite: rows as objects, and SQL as a module writes it for MySQL. */
final class Database
{
    public function __construct(public readonly \PDO $pdo)
    {
    }

    public static function connect(string $name): \PDO
    {
        $pdo = new \PDO('sqlite:' . STORAGE . "/$name.sqlite");
        $pdo->exec('PRAGMA busy_timeout = 60000; PRAGMA journal_mode = WAL');
        $pdo->exec('PRAGMA synchronous = OFF');
        $pdo->sqliteCreateFunction('NOW', static fn (): string => date('Y-m-d H:i:s'));
        $day = static fn ($time): int => intdiv((int) strtotime((string) $time), 86400);
        $days = static fn ($to, $from): int => $day($to) - $day($from);
        $pdo->sqliteCreateFunction('DATEDIFF', $days);
        return $pdo;
    }

    public function dispense(string $name): OODBBean
    {
        return $this->bean($name, []);
    }

    public function store(OODBBean $bean): int
    {
        $values = array_filter($bean->values(), fn ($value) => !is_object($value));
        $id = (int) ($values['id'] ?? 0);
        unset($values['id']);
        $table = $bean->table();
        if ($id > 0) {
            $set = implode(', ', array_map(fn ($name) => "$name = ?", array_keys($values)));
            $this->run("UPDATE $table SET $set WHERE id = ?", [...array_values($values), $id]);
            return $id;
        }
        $names = implode(', ', array_keys($values));
        $places = implode(', ', array_fill(0, count($values), '?'));
        $this->run("INSERT INTO $table ($names) VALUES ($places)", array_values($values));
        return $bean->id = (int) $this->pdo->lastInsertId();
    }

    public function load(string $name, mixed $id): ?OODBBean
    {
        return $this->findOne($name, 'id = ?', [(int) $id]);
    }

    public function getExistingModelById(
        string $name,
        mixed $id,
        string $message = 'Model :name not found',
    ): OODBBean {
        $found = $this->load($name, $id);
        return $found ?? throw new \FOSSBilling\Exception($message, [':name' => $name]);
    }

    public function findOne(string $name, ?string $sql = null, array $values = []): ?OODBBean
    {
        return $this->find($name, $sql, $values)[0] ?? null;
    }

    /** @return list<OODBBean> */
    public function find(string $name, ?string $sql = null, array $values = []): array
    {
        $where = $sql === null ? '' : " WHERE $sql";
        $found = $this->getAll('SELECT * FROM ' . self::table($name) . $where, $values);
        return array_map(fn (array $row) => $this->bean($name, $row), $found);
    }

    public function trash(OODBBean $bean): void
    {
        $this->run('DELETE FROM ' . $bean->table() . ' WHERE id = ?', [$bean->id]);
    }

    public function toArray(OODBBean $bean): array
    {
        return $bean->values();
    }

    public function transaction(callable $do): mixed
    {
        if ($this->pdo->inTransaction()) {
            return $do();
        }
        $this->pdo->exec('PRAGMA busy_timeout = 60000');
        $this->pdo->beginTransaction();
        try {
            $done = $do();
            $this->pdo->commit();
            return $done;
        } catch (\Throwable $error) {
            $this->pdo->rollBack();
            throw $error;
        }
    }

    public function getAll(string $sql, array $values = []): array
    {
        return $this->run($sql, $values)->fetchAll(\PDO::FETCH_ASSOC);
    }

    public function getRow(string $sql, array $values = []): array
    {
        return $this->getAll($sql, $values)[0] ?? [];
    }

    public function getCell(string $sql, array $values = []): mixed
    {
        $row = $this->getRow($sql, $values);
        return $row === [] ? null : current($row);
    }

    public function getAssoc(string $sql, array $values = []): array
    {
        return $this->run($sql, $values)->fetchAll(\PDO::FETCH_KEY_PAIR);
    }

    public function exec(string $sql, array $values = []): int
    {
        $sql = preg_replace('/bigint\(20\) NOT NULL AUTO_INCREMENT/i', 'INTEGER NOT NULL', $sql);
        $sql = preg_replace('/\) ENGINE=.*$/is', ')', (string) $sql);
        return $this->run((string) $sql, $values)->rowCount();
    }

    private function run(string $sql, array $values): \PDOStatement
    {
        $statement = $this->pdo->prepare($sql);
        foreach ($values as $name => $value) {
            $place = is_int($name) ? $name + 1 : ':' . ltrim($name, ':');
            $statement->bindValue($place, $value, match (true) {
                is_int($value) => \PDO::PARAM_INT,
                $value === null => \PDO::PARAM_NULL,
                default => \PDO::PARAM_STR,
            });
        }
        $statement->execute();
        return $statement;
    }

    private function bean(string $name, array $values): OODBBean
    {
        $class = "Model_$name";
        $isModel = $name !== strtolower($name) && class_exists($class);
        $table = self::table($name);
        return $isModel ? new $class($table, $values) : new OODBBean($table, $values);
    }

    private static function table(string $name): string
    {
        return strtolower((string) preg_replace('/(?<=[a-z])(?=[A-Z])/', '_', $name));
    }
}
