<?php

declare(strict_types=1);

namespace Standin;

/** The events of a hosting company, by name: for `php standin.php VERB JSON` and for POST /standin/VERB. */
final class Verbs
{
    private const VERBS = [
        'install' => [Schema::class, 'install'],
        'settings' => [self::class, 'settings'],
        'server' => [Catalog::class, 'server'],
        'product' => [Catalog::class, 'product'],
        'client' => [Orders::class, 'client'],
        'domain' => [Orders::class, 'domain'],
        'order' => [Orders::class, 'place'],
        'existing' => [Orders::class, 'existing'],
        'accept' => [Orders::class, 'accept'],
        'pay' => [Invoices::class, 'pay'],
        'renewal' => [Invoices::class, 'renewal'],
        'overdue' => [Invoices::class, 'overdue'],
        'cron' => [Cron::class, 'run'],
        'change_password' => [Services::class, 'changePassword'],
        'upgrade' => [Services::class, 'upgrade'],
        'command' => [Services::class, 'command'],
        'custom' => [Services::class, 'custom'],
        'edit' => [Services::class, 'edit'],
        'cancel' => [Services::class, 'cancel'],
        'retry' => [self::class, 'retry'],
        'retry_all' => [self::class, 'retryAll'],
        'resolve' => [self::class, 'resolve'],
        'test_connection' => [Servers::class, 'test'],
        'sync' => [Servers::class, 'sync'],
        'sso' => [SingleSignOn::class, 'service'],
        'metrics' => [self::class, 'metrics'],
        'local_api' => [self::class, 'localApi'],
        'service' => [self::class, 'service'],
        'state' => [self::class, 'state'],
    ];

    public static function call(string $verb, string $json): string
    {
        $method = self::VERBS[$verb] ?? throw new \InvalidArgumentException("no verb $verb; there are " . implode(', ', array_keys(self::VERBS)));
        if ($verb !== 'install' && !Database::installed()) {
            throw new \LogicException('install first');
        }
        $values = json_decode($json === '' ? '{}' : $json, true, 32, JSON_THROW_ON_ERROR);
        return json_encode($method(...$values), JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_SLASHES);
    }

    private static function settings(array $values = []): array
    {
        return Settings::save($values);
    }

    private static function retry(int $id): array
    {
        return ['answer' => Queue::retry($id)];
    }

    private static function retryAll(): array
    {
        return ['answers' => (object) Queue::retryAll()];
    }

    private static function resolve(int $id): array
    {
        Queue::resolve($id);
        return [];
    }

    private static function metrics(string $module): array
    {
        return ['metrics' => Usage::names($module)];
    }

    private static function localApi(string $command, array $values = [], ?string $admin = null): array
    {
        return localAPI($command, $values, $admin);
    }

    private static function service(int $service): array
    {
        return State::service($service);
    }

    private static function state(): array
    {
        return State::all();
    }
}
