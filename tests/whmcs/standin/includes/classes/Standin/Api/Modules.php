<?php

declare(strict_types=1);

namespace Standin\Api;

use Standin\Lifecycle;
use Standin\Module;
use Standin\Queue;
use WHMCS\Database\Capsule;

/** ModuleCreate and its kin. The message of an error is the module's own. */
final class Modules
{
    public static function create(array $values): array
    {
        return self::run($values, 'CreateAccount');
    }

    public static function suspend(array $values): array
    {
        return self::run($values, 'SuspendAccount', ['suspendreason' => (string) ($values['suspendreason'] ?? '')]);
    }

    public static function unsuspend(array $values): array
    {
        return self::run($values, 'UnsuspendAccount');
    }

    public static function terminate(array $values): array
    {
        return self::run($values, 'TerminateAccount');
    }

    public static function changePackage(array $values): array
    {
        return self::run($values, 'ChangePackage');
    }

    public static function changePassword(array $values): array
    {
        $password = (string) ($values['servicepassword'] ?? '');
        return self::run($values, 'ChangePassword', $password === '' ? [] : ['password' => $password]);
    }

    public static function custom(array $values): array
    {
        $function = (string) ($values['func_name'] ?? '');
        if ($function === '') {
            throw new Refused('Function Name is required');
        }
        return self::run($values, $function);
    }

    /** As the documents show it, numbers are strings. Only what is not completed. */
    public static function queue(array $values): array
    {
        $rows = array_filter(Queue::waiting(), static fn ($row) => in_array($values['serviceType'] ?? '', ['', 'service'], true)
            && in_array($values['moduleName'] ?? '', ['', $row['module_name']], true)
            && in_array($values['moduleAction'] ?? '', ['', $row['module_action']], true)
            && $row['last_attempt'] >= ($values['since'] ?? ''));
        $queue = array_map(static fn ($row) => [
            'id' => (string) $row['id'], 'serviceType' => $row['service_type'], 'serviceId' => (string) $row['service_id'],
            'moduleName' => $row['module_name'], 'moduleAction' => $row['module_action'], 'lastAttempt' => $row['last_attempt'],
            'lastAttemptError' => $row['last_attempt_error'], 'numRetries' => (string) $row['num_retries'],
            'completed' => (string) $row['completed'], 'createdAt' => $row['created_at'], 'updatedAt' => $row['updated_at'],
        ], array_values($rows));
        return ['count' => (string) count($queue), 'queue' => $queue];
    }

    private static function run(array $values, string $function, array $more = []): array
    {
        $id = (int) ($values['serviceid'] ?? $values['accountid'] ?? 0);
        $service = Capsule::table('tblhosting')->where('id', $id)->first();
        if ($service === null) {
            throw new Refused('Service ID not found');
        }
        $module = (string) Capsule::table('tblproducts')->where('id', $service->packageid)->value('servertype');
        if (!in_array($module, Module::installed(), true)) {
            throw new Refused('Service not assigned to a module');
        }
        $answer = Lifecycle::run($id, $function, 'api', $more);
        if ($answer !== Lifecycle::SUCCESS) {
            throw new Refused($answer);
        }
        return [];
    }
}
