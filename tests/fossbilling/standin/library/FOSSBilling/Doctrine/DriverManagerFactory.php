<?php

declare(strict_types=1);

namespace FOSSBilling\Doctrine;

/**
 * A second connection. It has a file of its own: two connections of MySQL write at once, two of one
 * SQLite file do not.
 */
final class DriverManagerFactory
{
    public static function getConnection(array $options = []): object
    {
        return new class {
            public function getNativeConnection(): \PDO
            {
                return \Standin\Database::connect('own');
            }
        };
    }
}
