<?php

namespace WHMCS\Module\Server\Enombridge;

/** What the bridge says of itself: for the test button and for the list of plans. */
final class Connection
{
    private const SKEW = 60; // seconds; signatures are refused from 300 on

    /**
     * @param array<string, mixed> $params
     * @return array{success: bool, error: string}
     */
    public static function test(array $params): array
    {
        try {
            $found = self::ask($params);
            $account = is_array($found['account'] ?? null) ? $found['account'] : [];
            $skew = is_int($found['clock_skew'] ?? null) ? $found['clock_skew'] : 0;
            $why = fn (string $name): string => is_string($account[$name] ?? null) ? Text::plain($account[$name]) : '-';
            $error = match (true) {
                abs($skew) > self::SKEW => Text::of('clock_skew', ['seconds' => abs($skew)]),
                !empty($account['paused']) => Text::of('account_paused', ['why' => $why('paused')]),
                ($account['reachable'] ?? null) !== true => Text::of('account_away', ['why' => $why('problem')]),
                default => '',
            };
            return ['success' => $error === '', 'error' => $error];
        } catch (Fault $fault) {
            return ['success' => false, 'error' => $fault->getMessage()];
        } catch (\Throwable $error) {
            return ['success' => false, 'error' => Lifecycle::unexpected('connection.test', $params, $error)];
        }
    }

    /**
     * Name => label; throws Fault, as WHMCS wants it of a loader.
     *
     * @param array<string, mixed> $params
     * @return array<string, string>
     */
    public static function plans(array $params): array
    {
        $plans = ['' => Text::of('no_plan')];
        $found = self::ask($params)['plans'] ?? null;
        foreach (is_array($found) ? $found : [] as $name => $plan) {
            $size = is_array($plan) && is_int($plan['quota_gb'] ?? null) ? $plan['quota_gb'] : 0;
            $plans[$name] = Text::of('plan_label', ['name' => Text::plain((string) $name), 'size' => $size]);
        }
        return $plans;
    }

    /**
     * @param array<string, mixed> $params
     * @return array<string, mixed>
     */
    private static function ask(array $params): array
    {
        $server = Server::of($params);
        $answer = (new Client($server, $server->log()))->query('connection.test');
        if ($answer->kind !== 'answered') {
            throw new Fault($answer->problem);
        }
        return $answer->receipt;
    }
}
