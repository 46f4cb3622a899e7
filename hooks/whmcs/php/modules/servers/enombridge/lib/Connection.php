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
            $account = (array) ($found['account'] ?? []);
            $skew = (int) ($found['clock_skew'] ?? 0);
            $error = match (true) {
                abs($skew) > self::SKEW => Text::of('clock_skew', ['seconds' => abs($skew)]),
                !empty($account['paused']) => Text::of('account_paused', ['why' => Text::plain((string) $account['paused'])]),
                empty($account['reachable']) => Text::of('account_away', ['why' => Text::plain((string) ($account['problem'] ?? ''))]),
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
        foreach ((array) (self::ask($params)['plans'] ?? []) as $name => $plan) {
            $plans[(string) $name] = Text::of('plan_label', ['name' => Text::plain((string) $name), 'size' => (int) ($plan['quota_gb'] ?? 0)]);
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
        $answer = (new Client($server, new Log([$server->secret, substr($server->secret, 6)])))->query('connection.test');
        if ($answer->kind !== 'answered') {
            throw new Fault($answer->problem);
        }
        return $answer->receipt;
    }
}
