<?php

namespace Box\Mod\Serviceenombridge\Bridge;

/** FOSSBilling's own row of a service, one for each order: service_enombridge. */
final class Rows
{
    public const TABLE = 'service_enombridge';

    /** @return array<string, mixed> nothing: there is none yet */
    public static function of(int $order): array
    {
        $sql = 'SELECT * FROM ' . self::TABLE . ' WHERE order_id = ?';
        $found = Fossbilling::di()['db']->getRow($sql, [$order]);
        return is_array($found) ? $found : [];
    }

    /** Makes the row if need be. @param array<string, int|string> $values */
    public static function set(int $order, array $values): void
    {
        $now = date('Y-m-d H:i:s');
        if (self::of($order) === []) {
            Fossbilling::di()['db']->exec(
                'INSERT INTO ' . self::TABLE . ' (order_id, client_id, created_at, updated_at)'
                    . ' SELECT id, client_id, ?, ? FROM client_order WHERE id = ?',
                [$now, $now, $order],
            );
        }
        $values['updated_at'] = $now;
        $set = implode(', ', array_map(fn (string $name) => "$name = ?", array_keys($values)));
        $sql = 'UPDATE ' . self::TABLE . " SET $set WHERE order_id = ?";
        Fossbilling::di()['db']->exec($sql, [...array_values($values), $order]);
    }

    public static function remove(int $order): void
    {
        $sql = 'DELETE FROM ' . self::TABLE . ' WHERE order_id = ?';
        Fossbilling::di()['db']->exec($sql, [$order]);
    }

    /** The mailbox's password as it was last set here; empty: none. */
    public static function password(int $order): string
    {
        $sealed = (string) (self::of($order)['password'] ?? '');
        return $sealed === '' ? '' : Fossbilling::opened($sealed);
    }

    public static function keepPassword(int $order, string $password): void
    {
        self::set($order, ['password' => Fossbilling::sealed($password)]);
    }

    /** @return list<int> orders whose mailbox is still to be made */
    public static function watched(): array
    {
        $sql = 'SELECT order_id FROM ' . self::TABLE . ' WHERE watched > 0 ORDER BY order_id';
        $found = Fossbilling::di()['db']->getAll($sql);
        return array_map('intval', array_column($found, 'order_id'));
    }

    public static function install(): void
    {
        Fossbilling::di()['db']->exec('CREATE TABLE IF NOT EXISTS ' . self::TABLE . ' (
            id bigint(20) NOT NULL AUTO_INCREMENT,
            order_id bigint(20) NOT NULL UNIQUE,
            client_id bigint(20) NOT NULL,
            address varchar(320),
            password text,
            watched int NOT NULL DEFAULT 0,
            created_at datetime,
            updated_at datetime,
            PRIMARY KEY (id)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4');
    }
}
