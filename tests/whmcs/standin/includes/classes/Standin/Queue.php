<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** The Module Queue: failed automated actions, which wait for a person. Nothing here tries again by itself. */
final class Queue
{
    /** A new row only for an automated action; whoever fails again updates the row there is. */
    public static function failed(int $service, string $function, string $module, string $error, string $origin): void
    {
        $now = Database::now();
        $open = self::open($service, $function);
        $row = ['last_attempt' => $now, 'last_attempt_error' => $error, 'updated_at' => $now];
        if ($open->exists()) {
            $open->increment('num_retries', 1, $row);
        } elseif ($origin === 'automated') {
            Capsule::table('tblmodulequeue')->insert($row + [
                'service_type' => 'service', 'service_id' => $service, 'module_name' => $module, 'module_action' => $function,
                'created_at' => $now,
            ]);
        }
        if ($origin === 'automated') {
            $what = Lifecycle::ACTIONS[$function][0];
            Mail::toAdmin("Service $what Failed", "$what of service $service failed", $error, $service);
        }
    }

    public static function done(int $service, string $function, string $origin): void
    {
        if ($origin !== 'api' || Settings::on('api_clears_queue')) {
            self::open($service, $function)->update(['completed' => 1, 'updated_at' => Database::now()]);
        }
    }

    /** The button Retry: `success` or the text. */
    public static function retry(int $id): string
    {
        $row = Database::row('tblmodulequeue', $id);
        return Lifecycle::run($row['service_id'], $row['module_action'], 'retry');
    }

    /** The button Retry All: answers by row. */
    public static function retryAll(): array
    {
        $answers = [];
        foreach (self::waiting() as $row) {
            $answers[(string) $row['id']] = self::retry($row['id']);
        }
        return $answers;
    }

    /** The button Mark Resolved. */
    public static function resolve(int $id): void
    {
        Database::row('tblmodulequeue', $id);
        Capsule::table('tblmodulequeue')->where('id', $id)->update(['completed' => 1, 'updated_at' => Database::now()]);
    }

    public static function waiting(): array
    {
        return array_values(array_filter(Database::rows('tblmodulequeue'), static fn ($row) => !$row['completed']));
    }

    private static function open(int $service, string $function): \Illuminate\Database\Query\Builder
    {
        return Capsule::table('tblmodulequeue')->where('service_type', 'service')->where('service_id', $service)
            ->where('module_action', $function)->where('completed', 0);
    }
}
