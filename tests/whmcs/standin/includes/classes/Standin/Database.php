<?php

declare(strict_types=1);

namespace Standin;

use Illuminate\Database\SQLiteConnection;
use WHMCS\Database\Capsule;

/** The query builder of WHMCS (Laravel's) over one SQLite file. */
final class Database
{
    public static function open(): void
    {
        $folder = self::folder();
        $capsule = new Capsule();
        $capsule->addConnection(['driver' => 'sqlite', 'database' => 'whmcs', 'prefix' => '']);
        $capsule->getDatabaseManager()->extend(
            'default',
            static fn (array $config) => new SQLiteConnection(new Connection($folder), 'whmcs', '', $config),
        );
        $capsule->setAsGlobal();
        $capsule->bootEloquent();
    }

    /** Where everything is that changes. */
    public static function folder(): string
    {
        require ROOTDIR . '/configuration.php';
        if (!is_dir($data_folder)) {
            @mkdir($data_folder, 0o700, true);
        }
        return $data_folder;
    }

    public static function installed(): bool
    {
        return Capsule::schema()->hasTable('tblconfiguration');
    }

    /** One row as an array, or the exception that says which is missing. */
    public static function row(string $table, int $id): array
    {
        $row = Capsule::table($table)->where('id', $id)->first();
        if ($row === null) {
            throw new \OutOfBoundsException("$table has no row $id");
        }
        return (array) $row;
    }

    /** All rows, oldest first. */
    public static function rows(string $table): array
    {
        return array_map(static fn ($row) => (array) $row, Capsule::table($table)->orderBy('id')->get()->all());
    }

    public static function now(): string
    {
        return date('Y-m-d H:i:s');
    }
}
