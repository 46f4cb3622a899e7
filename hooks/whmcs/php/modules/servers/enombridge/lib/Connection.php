<?php

namespace WHMCS\Module\Server\Enombridge;

/** What the bridge says of itself: for the test button and for the list of plans. */
final class Connection
{
    /** Of this module. It fits each bridge of the same minor version: what a newer one has more, both do without. */
    public const VERSION = '0.2.0';

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
            $why = fn (string $name): string => Text::among('account', is_string($account[$name] ?? null) ? $account[$name] : '');
            $version = is_string($found['version'] ?? null) ? $found['version'] : '';
            $error = match (true) {
                abs($skew) > self::SKEW => Text::of('clock_skew', ['seconds' => abs($skew)]),
                !empty($account['paused']) => Text::of('account_paused', ['why' => $why('paused')]),
                ($account['reachable'] ?? null) !== true => Text::of('account_away', ['why' => $why('problem')]),
                self::minor($version) !== self::minor(self::VERSION) => self::unfit($version),
                default => '',
            };
            return ['success' => $error === '', 'error' => $error];
        } catch (Fault $fault) {
            return ['success' => false, 'error' => $fault->getMessage()];
        } catch (\Throwable $error) {
            return ['success' => false, 'error' => Lifecycle::unexpected('connection.test', $params, $error)];
        }
    }

    /** A link to the bridge's pages, as HTML; nothing where it is not known how a browser reaches them. @param array<string, mixed> $params */
    public static function link(array $params): string
    {
        try {
            $pages = Server::of($params)->pages;
        } catch (\Throwable) {
            return ''; // Test Connection says what is missing
        }
        $href = htmlspecialchars("$pages/admin/", ENT_QUOTES);
        return $pages === '' ? '' : "<a href=\"$href\" target=\"_blank\" rel=\"noopener noreferrer\">" . htmlspecialchars(Text::of('link_bridge')) . '</a>';
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

    /** Which of the two is behind, and what to do. */
    private static function unfit(string $bridge): string
    {
        $values = ['module' => self::VERSION, 'bridge' => preg_match('/\A[0-9A-Za-z.+-]{1,40}\z/', $bridge) ? $bridge : '?'];
        $older = version_compare($values['bridge'], self::VERSION, '<');
        return Text::of($older ? 'bridge_older' : 'bridge_newer', $values);
    }

    private static function minor(string $version): string
    {
        return implode('.', array_slice(explode('.', $version), 0, 2));
    }

    /**
     * @param array<string, mixed> $params
     * @return array<string, mixed>
     */
    private static function ask(array $params): array
    {
        $server = Server::of($params);
        $answer = (new Client($server, $server->log()))->query('connection.test', ['sender' => 'whmcs ' . self::VERSION]);
        if ($answer->kind !== 'answered') {
            throw new Fault($answer->problem);
        }
        return $answer->receipt;
    }
}
