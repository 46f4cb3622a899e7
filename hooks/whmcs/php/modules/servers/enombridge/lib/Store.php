<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit;
use Illuminate\Database\Query\Builder;
use Illuminate\Database\Schema\Blueprint;
use WHMCS\Database\Capsule;

/**
 * Tables of our own. Service properties would not do: those are custom fields, shown to people,
 * and nothing in them can be taken by one process only.
 */
final class Store implements Kit\Store
{
    public const TABLE = 'mod_enombridge';
    public const RESULTS = 'mod_enombridge_results';
    public const CHANGES = 'mod_enombridge_changes';
    public const EVENTS = 'mod_enombridge_events';
    public const MOVES = 'mod_enombridge_moves';

    public function load(int $service): array
    {
        self::prepare();
        return (array) self::row($service)->first();
    }

    public function save(int $service, array $values): void
    {
        Capsule::table(self::TABLE)->updateOrInsert(['service' => $service], $values);
    }

    public function waiting(int $bridge): array
    {
        self::prepare();
        $found = Capsule::table(self::TABLE)
            ->join('tblhosting', 'tblhosting.id', '=', self::TABLE . '.service')
            ->where('tblhosting.server', $bridge)->whereNotNull('pending_since')
            ->orderBy('pending_since')->pluck('service');
        return array_map('intval', $found->all());
    }

    public function lock(int $service, string $owner, int $now, int $until): bool
    {
        self::prepare();
        $free = fn ($query) => $query->whereNull('lock_until')->orWhere('lock_until', '<', $now);
        $mine = ['lock_owner' => $owner, 'lock_until' => $until];
        $take = fn (): bool => self::row($service)->where($free)->update($mine) === 1;
        $isNew = fn (): bool => Capsule::table(self::TABLE)->insertOrIgnore(['service' => $service]) === 1;
        return $take() || ($isNew() && $take());
    }

    public function unlock(int $service, string $owner): void
    {
        $nobodys = ['lock_owner' => null, 'lock_until' => null];
        self::row($service)->where('lock_owner', $owner)->update($nobodys);
    }

    public function place(int $bridge): string
    {
        self::prepare();
        return (string) Capsule::table(self::RESULTS)->where('server', $bridge)->value('after');
    }

    public function keepPlace(int $bridge, string $place): void
    {
        $results = Capsule::table(self::RESULTS);
        if ($place === '') {
            $results->where('server', $bridge)->delete();
        } else {
            $results->updateOrInsert(['server' => $bridge], ['after' => $place]);
        }
    }

    public static function exists(): bool
    {
        return Capsule::schema()->hasTable(self::TABLE);
    }

    /** How many mailboxes a service has that sells several, as they were last counted. */
    public static function count(int $service, int $mailboxes): void
    {
        self::prepare();
        Capsule::table(self::TABLE)->updateOrInsert(['service' => $service], ['mailboxes' => (string) $mailboxes]);
    }

    public static function counted(int $service): int
    {
        return (int) self::row($service)->value('mailboxes');
    }

    public static function forget(int $service): void
    {
        self::row($service)->delete();
    }

    private static function row(int $service): Builder
    {
        return Capsule::table(self::TABLE)->where('service', $service);
    }

    /** Makes our tables, and what newer versions have more. Two processes may come here at once. */
    public static function prepare(): void
    {
        static $prepared = false;
        if ($prepared) {
            return;
        }
        self::make(self::TABLE, function (Blueprint $table): void {
            $table->integer('service')->primary();
            $table->string('lock_owner', 32)->nullable();
            $table->integer('lock_until')->nullable();
            $table->string('address', 320)->nullable();
            $table->bigInteger('sequence')->nullable();
            $table->string('sequence_of', 320)->nullable();
            $table->text('pending')->nullable();
            $table->integer('pending_since')->nullable()->index();
            foreach (['job', 'job_status', 'state', 'noted'] as $name) {
                $table->string($name, 64)->nullable();
            }
            $table->text('verified')->nullable();
            $table->integer('checked_at')->nullable();
        });
        self::widen(['asked' => 320, 'confirmed' => 255, 'code' => 64, 'mailboxes' => 16]);
        self::make(self::RESULTS, function (Blueprint $table): void {
            $table->integer('server')->primary();
            $table->string('after', 128);
        });
        self::make(self::CHANGES, function (Blueprint $table): void {
            $table->string('hook', 128)->primary();
            $table->integer('service')->index();
            $table->string('what', 64);
            $table->string('address', 320);
            $table->integer('since');
            $table->string('status', 16)->default('');
            $table->string('code', 64)->default('');
        });
        self::make(self::EVENTS, function (Blueprint $table): void {
            $table->string('event', 128)->primary();
            $table->integer('since');
        });
        self::make(self::MOVES, function (Blueprint $table): void {
            $table->integer('single')->primary();
            $table->integer('seats')->index();
            $table->string('address', 320);
            $table->string('status', 16);
            $table->string('was', 16);
            $table->string('hook', 128)->index();
            $table->string('sent', 32);
            $table->text('data');
            $table->integer('since');
            $table->integer('held')->default(0);
        });
        $prepared = true;
    }

    private static function make(string $table, callable $columns): void
    {
        self::once(fn () => Capsule::schema()->hasTable($table), fn () => Capsule::schema()->create($table, $columns));
    }

    /** @param array<string, int> $columns with their lengths, which a table of an older version lacks */
    private static function widen(array $columns): void
    {
        $there = Capsule::schema()->getColumnListing(self::TABLE);
        foreach (array_diff_key($columns, array_flip($there)) as $name => $length) {
            $add = fn (Blueprint $table) => $table->string($name, $length)->nullable();
            self::once(fn () => Capsule::schema()->hasColumn(self::TABLE, $name), fn () => Capsule::schema()->table(self::TABLE, $add));
        }
    }

    /** Of two processes that do it at once, the second finds it done. */
    private static function once(callable $isDone, callable $do): void
    {
        if ($isDone()) {
            return;
        }
        try {
            $do();
        } catch (\Throwable $error) {
            if (!$isDone()) {
                throw $error;
            }
        }
    }
}
