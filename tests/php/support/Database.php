<?php

namespace EnomBridge\Tests;

use Illuminate\Database\Schema\Blueprint;
use WHMCS\Database\Capsule;

/** The tables of WHMCS that the module reads, in SQLite. */
final class Database
{
    private const TABLES = ['tblservers', 'tblproducts', 'tblhosting', 'tblclients', 'tblclientgroups', 'tbldomains', 'tblinvoices', 'tblinvoiceitems',
        'tblcancelrequests', 'tblticketdepartments', 'tblconfiguration', 'tblproduct_upgrade_products'];

    private static Capsule $capsule;

    public static function open(string $path): void
    {
        $capsule = self::$capsule = new Capsule();
        $capsule->addConnection(['driver' => 'sqlite', 'database' => $path, 'prefix' => '']);
        $capsule->addConnection(['driver' => 'sqlite', 'database' => '/nowhere/at/all.sqlite3', 'prefix' => ''], 'gone');
        $capsule->setAsGlobal();
        Capsule::connection()->statement('PRAGMA busy_timeout = 5000');
        if (!Capsule::schema()->hasTable('tblhosting')) {
            self::make();
        }
    }

    /** All rows go, the module's own included. */
    public static function clear(): void
    {
        self::$capsule->getDatabaseManager()->setDefaultConnection('default');
        foreach ([...self::TABLES, 'mod_enombridge', 'mod_enombridge_results', 'mod_enombridge_changes', 'mod_enombridge_events', 'mod_enombridge_moves'] as $table) {
            if (Capsule::schema()->hasTable($table)) {
                Capsule::table($table)->delete();
            }
        }
    }

    /** From now on every query fails. */
    public static function vanish(): void
    {
        self::$capsule->getDatabaseManager()->setDefaultConnection('gone');
    }

    private static function make(): void
    {
        $schema = Capsule::schema();
        $schema->create('tblservers', function (Blueprint $table): void {
            $table->integer('id')->primary();
            foreach (['name', 'ipaddress', 'hostname', 'type', 'username', 'password', 'accesshash', 'secure', 'port'] as $name) {
                $table->string($name)->default('');
            }
        });
        $schema->create('tblproducts', function (Blueprint $table): void {
            $table->integer('id')->primary();
            $table->string('servertype');
            $table->string('configoptionsupgrade')->default('');
            foreach (range(1, 24) as $place) {
                $table->string("configoption$place")->default('');
            }
        });
        $schema->create('tblhosting', function (Blueprint $table): void {
            $table->integer('id')->primary();
            foreach (['userid', 'packageid', 'server', 'diskusage', 'disklimit', 'bwusage', 'bwlimit'] as $name) {
                $table->integer($name)->default(0);
            }
            foreach (['domain', 'username', 'password', 'domainstatus', 'nextduedate', 'nextinvoicedate', 'lastupdate', 'billingcycle', 'amount',
                'suspendreason', 'overideautosuspend', 'overidesuspenduntil'] as $name) {
                $table->string($name)->default('');
            }
        });
        $others = [
            'tblclients' => ['groupid', 'language'], 'tblclientgroups' => ['susptermexempt'], 'tbldomains' => ['userid', 'domain', 'status'],
            'tblinvoices' => ['status'], 'tblinvoiceitems' => ['invoiceid', 'type', 'relid'], 'tblcancelrequests' => ['relid'], 'tblticketdepartments' => ['email'],
            'tblconfiguration' => ['setting', 'value'], 'tblproduct_upgrade_products' => ['product_id', 'upgrade_product_id'],
        ];
        foreach ($others as $name => $columns) {
            $schema->create($name, function (Blueprint $table) use ($columns): void {
                $table->increments('id');
                foreach ($columns as $column) {
                    in_array($column, ['groupid', 'userid', 'invoiceid', 'relid', 'product_id', 'upgrade_product_id'], true) ? $table->integer($column)->default(0) : $table->string($column)->default('');
                }
            });
        }
    }
}
