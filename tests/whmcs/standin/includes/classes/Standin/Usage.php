<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Database\Capsule;
use WHMCS\UsageBilling\Contracts\Metrics\MetricInterface;
use WHMCS\UsageBilling\Contracts\Metrics\ProviderInterface;
use WHMCS\UsageBilling\Contracts\Metrics\UsageInterface;

/** The daily collection of usage, once for each server that is not disabled. */
final class Usage
{
    /** Number of servers asked by each way. */
    public static function collect(): array
    {
        $asked = ['usage_updates' => 0, 'metric_servers' => 0];
        foreach (Capsule::table('tblservers')->where('disabled', 0)->orderBy('id')->get() as $server) {
            if (Module::supports($server->type, 'UsageUpdate')) {
                $asked['usage_updates']++;
                self::attempt(static fn () => Module::call($server->type, 'UsageUpdate', Params::server($server->id), 'cron'));
            }
            if (Module::supports($server->type, 'MetricProvider')) {
                $asked['metric_servers']++;
                self::attempt(static fn () => self::metrics($server->type, $server->id));
            }
        }
        return $asked;
    }

    /** The module's metrics where no server is known, as on a product's page: names by system name. */
    public static function names(string $module): array
    {
        $provider = self::provider($module, 0);
        $names = [];
        foreach ($provider === null ? [] : Faults::during("{$module} metrics()", static fn () => $provider->metrics()) as $metric) {
            $names[$metric->systemName()] = $metric->displayName();
        }
        return $names;
    }

    private static function metrics(string $module, int $server): void
    {
        $provider = self::provider($module, $server);
        if ($provider === null) {
            return;
        }
        Faults::during("$module metrics()", static fn () => $provider->metrics());
        $field = (string) (Module::ask($module, 'MetaData')['ListAccountsUniqueIdentifierField'] ?? 'domain');
        $services = Servers::services($server, $field);
        foreach (Faults::during("$module usage()", static fn () => $provider->usage()) as $tenant => $metrics) {
            $service = $services[strtolower((string) $tenant)]['serviceid'] ?? 0;
            foreach ($metrics as $metric) {
                self::keep($module, $server, (string) $tenant, $service, $metric);
            }
        }
    }

    private static function keep(string $module, int $server, string $tenant, int $service, mixed $metric): void
    {
        if (!$metric instanceof MetricInterface) {
            Module::wrong($module, 'MetricProvider', 'metrics', $metric);
            return;
        }
        $usage = $metric->usage();
        if ($usage === null) {
            return;
        }
        if (!$usage instanceof UsageInterface || !is_numeric($usage->value())) {
            Module::wrong($module, 'MetricProvider', 'a usage with a number', $usage);
            return;
        }
        $row = [
            'at' => Database::now(), 'serverid' => $server, 'tenant' => $tenant, 'serviceid' => $service,
            'metric' => (string) $metric->systemName(), 'name' => (string) $metric->displayName(), 'type' => (string) $metric->type(),
            'value' => (float) $usage->value(),
        ];
        $unique = ['serverid', 'tenant', 'metric'];
        Capsule::table('standin_metrics')->upsert($row, $unique, array_values(array_diff(array_keys($row), $unique)));
    }

    private static function provider(string $module, int $server): ?ProviderInterface
    {
        $provider = Module::call($module, 'MetricProvider', Params::server($server), 'cron');
        if ($provider instanceof ProviderInterface) {
            return $provider;
        }
        Module::wrong($module, 'MetricProvider', ProviderInterface::class, $provider);
        return null;
    }

    private static function attempt(callable $what): void
    {
        try {
            $what();
        } catch (Throwable) {
            // Kept as a fault; the cron goes on with the next server.
        }
    }
}
