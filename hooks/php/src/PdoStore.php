<?php

namespace EnomBridge\Kit;

/**
 * A Store in two tables of the platform's own database, which it makes itself: `<name>` and
 * `<name>_results`.
 *
 * The connection throws on errors, and is in no transaction: what is kept must be kept whatever
 * becomes of the request.
 */
final class PdoStore implements Store
{
    private bool $ready = false;

    /** @param string $name of the first table: letters, digits and _ */
    public function __construct(private readonly \PDO $database, private readonly string $name)
    {
    }

    public function load(int $service): array
    {
        $found = $this->run("SELECT * FROM $this->name WHERE service = ?", [$service]);
        return $found->fetch(\PDO::FETCH_ASSOC) ?: [];
    }

    public function save(int $service, array $values): void
    {
        $this->put($this->name, 'service', $service, $values);
    }

    /** Also those whose service is gone: somebody must take back what the bridge has of them. */
    public function waiting(int $bridge): array
    {
        $waiting = 'WHERE pending_since IS NOT NULL ORDER BY pending_since';
        $found = $this->run("SELECT service FROM $this->name $waiting")->fetchAll(\PDO::FETCH_COLUMN);
        $isIts = function (int $id) use ($bridge): bool {
            $service = Kit::platform()->service($id);
            return $service === null || $service->bridge === $bridge;
        };
        return array_values(array_filter(array_map('intval', $found), $isIts));
    }

    public function lock(int $service, string $owner, int $now, int $until): bool
    {
        $take = fn (): bool => $this->run(
            "UPDATE $this->name SET lock_owner = ?, lock_until = ?"
            . ' WHERE service = ? AND (lock_until IS NULL OR lock_until < ?)',
            [$owner, $until, $service, $now],
        )->rowCount() === 1;
        return $take() || ($this->add($this->name, ['service' => $service]) && $take());
    }

    public function unlock(int $service, string $owner): void
    {
        $free = "UPDATE $this->name SET lock_owner = NULL, lock_until = NULL";
        $this->run("$free WHERE service = ? AND lock_owner = ?", [$service, $owner]);
    }

    public function place(int $bridge): string
    {
        $found = $this->run("SELECT place FROM {$this->name}_results WHERE bridge = ?", [$bridge]);
        return (string) $found->fetchColumn();
    }

    public function keepPlace(int $bridge, string $place): void
    {
        $this->put("{$this->name}_results", 'bridge', $bridge, ['place' => $place]);
    }

    /** @param array<string, int|string|null> $values */
    private function put(string $table, string $key, int $id, array $values): void
    {
        $set = implode(', ', array_map(fn (string $name) => "$name = ?", array_keys($values)));
        $update = "UPDATE $table SET $set WHERE $key = ?";
        if ($this->run($update, [...array_values($values), $id])->rowCount() === 0) {
            $this->add($table, [$key => $id] + $values); // or it is there, and is so already
        }
    }

    /**
     * Whether it is new. False: a row of this key, which comes first, is there.
     *
     * @param array<string, int|string|null> $values
     */
    private function add(string $table, array $values): bool
    {
        $names = implode(', ', array_keys($values));
        $places = implode(', ', array_fill(0, count($values), '?'));
        try {
            $this->run("INSERT INTO $table ($names) VALUES ($places)", array_values($values));
            return true;
        } catch (\PDOException $error) {
            $key = array_key_first($values);
            $row = $this->run("SELECT 1 FROM $table WHERE $key = ?", [$values[$key]])->fetch();
            if ($row === false) {
                throw $error;
            }
            return false;
        }
    }

    /** @param list<int|string|null> $values */
    private function run(string $sql, array $values = []): \PDOStatement
    {
        if (!$this->ready) {
            $this->make();
            $this->ready = true;
        }
        $statement = $this->database->prepare($sql);
        $statement->execute($values);
        return $statement;
    }

    private function make(): void
    {
        $this->database->exec(<<<SQL
            CREATE TABLE IF NOT EXISTS $this->name (
                service BIGINT PRIMARY KEY,
                lock_owner VARCHAR(32),
                lock_until BIGINT,
                address VARCHAR(320),
                asked VARCHAR(320),
                confirmed VARCHAR(255),
                sequence BIGINT,
                sequence_of VARCHAR(320),
                pending TEXT,
                pending_since BIGINT,
                job VARCHAR(64),
                job_status VARCHAR(64),
                state VARCHAR(64),
                code VARCHAR(64),
                noted VARCHAR(64),
                verified TEXT,
                checked_at BIGINT
            )
            SQL);
        $this->database->exec(<<<SQL
            CREATE TABLE IF NOT EXISTS {$this->name}_results (
                bridge BIGINT PRIMARY KEY,
                place VARCHAR(128)
            )
            SQL);
    }
}
