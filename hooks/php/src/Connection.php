<?php

namespace EnomBridge\Kit;

/** What the bridge says of itself: for a test button and for the list of plans. */
final class Connection
{
    /**
     * Of this kit and its plug-in. It fits each bridge of the same minor version: what a newer one
     * has more, both do without.
     */
    public const VERSION = '0.2.0';

    private const SKEW = 60; // seconds; signatures are refused from 300 on

    /**
     * What is wrong; empty: the bridge can work for this plug-in. Throws Fault when it cannot be
     * asked.
     */
    public static function problem(Bridge $bridge): string
    {
        $found = self::ask($bridge);
        $account = is_array($found['account'] ?? null) ? $found['account'] : [];
        $skew = is_int($found['clock_skew'] ?? null) ? $found['clock_skew'] : 0;
        $why = function (string $name) use ($account): string {
            return Text::among('account', is_string($account[$name] ?? null) ? $account[$name] : '');
        };
        $version = is_string($found['version'] ?? null) ? $found['version'] : '';
        return match (true) {
            abs($skew) > self::SKEW => Text::of('clock_skew', ['seconds' => abs($skew)]),
            !empty($account['paused']) => Text::of('account_paused', ['why' => $why('paused')]),
            ($account['reachable'] ?? null) !== true
                => Text::of('account_away', ['why' => $why('problem')]),
            self::minor($version) !== self::minor(self::VERSION) => self::unfit($version),
            default => '',
        };
    }

    /** Name => label; throws Fault. @return array<string, string> */
    public static function plans(Bridge $bridge): array
    {
        $plans = ['' => Text::of('no_plan')];
        foreach (self::sizes($bridge) as $name => $size) {
            $plans[$name] = Text::of('plan_label', ['name' => Text::plain((string) $name), 'size' => $size]);
        }
        return $plans;
    }

    /** Name => gigabytes, 0 where it is not known; throws Fault. @return array<string, int> */
    public static function sizes(Bridge $bridge): array
    {
        $found = self::ask($bridge)['plans'] ?? null;
        $size = fn (mixed $plan): int => is_array($plan) && is_int($plan['quota_gb'] ?? null) ? $plan['quota_gb'] : 0;
        return array_map($size, is_array($found) ? $found : []);
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

    /** @return array<string, mixed> */
    private static function ask(Bridge $bridge): array
    {
        $sender = Kit::platform()->sender() . ' ' . self::VERSION;
        $answer = $bridge->client()->query('connection.test', ['sender' => $sender]);
        if ($answer->kind !== 'answered') {
            throw new Fault($answer->problem);
        }
        return $answer->receipt;
    }
}
