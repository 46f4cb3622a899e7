<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use EnomBridge\Kit\Bridge;
use EnomBridge\Kit\Connection;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Text;
use Illuminate\Support\Facades\Config;

/** The forms of the server, of a product and of the order. */
final class Settings
{
    public const MAILBOX = 'mailbox'; // the property that names a service's mailbox
    public const PLAN = 'plan';

    /** @return list<array<string, mixed>> */
    public static function server(): array
    {
        return [
            self::field('bridge_url', [
                'required' => true,
                'placeholder' => 'https://bridge.example.com',
            ]),
            self::field('source', ['required' => true, 'placeholder' => 'paymenter-main']),
            self::field('secret', ['type' => 'password', 'required' => true, 'encrypted' => true]),
            self::field('webmail', ['placeholder' => 'https://webmail.example.com']),
            self::field('incoming', ['default' => 'mail.hostedemail.com']),
            self::field('incoming_port', ['default' => '993']),
            self::field('outgoing', ['default' => 'mail.hostedemail.com']),
            self::field('outgoing_port', ['default' => '465']),
        ];
    }

    /**
     * @param array<string, mixed> $server
     * @param array<string, mixed> $product
     * @return list<array<string, mixed>>
     */
    public static function product(array $server, array $product): array
    {
        $more = ['type' => 'select'];
        try {
            $more['options'] = Connection::plans(self::bridge(0, $server));
        } catch (Fault $fault) {
            // What is saved stays, whatever becomes of the bridge.
            $saved = is_string($product[self::PLAN] ?? null) ? $product[self::PLAN] : '';
            $more['options'] = [$saved => $saved ?: Text::of('no_plan')];
            $more['hint'] = $fault->getMessage();
        }
        return [self::field(self::PLAN, $more)];
    }

    /** @return list<array<string, mixed>> */
    public static function checkout(): array
    {
        $form = 'regex:/\A[A-Za-z0-9._-]{1,30}@[^@\s<>"\']{1,253}\z/u';
        return [self::field(self::MAILBOX, [
            'label' => Text::of('order_mailbox', [], Page::language()),
            'placeholder' => 'john@example.com',
            'required' => true,
            'validation' => [$form],
        ])];
    }

    /** @param array<string, mixed> $server */
    public static function test(array $server): bool|string
    {
        try {
            $problem = Connection::problem(self::bridge(0, $server));
            $inRequest = Config::get('queue.default') === 'sync';
            return $problem ?: ($inRequest ? Text::of('queue_sync') : true);
        } catch (Fault $fault) {
            return $fault->getMessage();
        } catch (\Throwable $error) {
            $log = new Log([self::text($server, 'secret')]);
            return $log->unexpected('connection.test', $error);
        }
    }

    /** Throws Fault when they are wrong. @param array<string, mixed> $server */
    public static function bridge(int $id, array $server): Bridge
    {
        $url = parse_url(self::text($server, 'bridge_url'));
        $parts = array_map('strval', $url ?: []);
        $strange = array_diff_key($parts, array_flip(['scheme', 'host', 'port', 'path'])) !== [];
        $path = trim($parts['path'] ?? '', '/');
        $isWeb = in_array($parts['scheme'] ?? 'https', ['http', 'https'], true);
        if ($url === false || $strange || $path !== '' || !$isWeb) {
            throw new Fault(Text::of('server_malformed'));
        }
        $secure = ($parts['scheme'] ?? '') === 'https';
        return Bridge::at(
            $id,
            $parts['host'] ?? '',
            $parts['port'] ?? '',
            $secure,
            self::text($server, 'source'),
            self::text($server, 'secret'),
        );
    }

    /** @param array<string, mixed> $settings */
    public static function text(array $settings, string $name): string
    {
        $value = $settings[$name] ?? '';
        return is_scalar($value) ? trim((string) $value) : '';
    }

    /** What is saved, or the default. @param array<string, mixed> $server */
    public static function shown(array $server, string $name): string
    {
        $defaults = array_column(self::server(), 'default', 'name');
        return self::text($server, $name) ?: $defaults[$name] ?? '';
    }

    /**
     * @param array<string, mixed> $more
     * @return array<string, mixed>
     */
    private static function field(string $name, array $more = []): array
    {
        return $more + [
            'name' => $name,
            'label' => Text::of("setting_$name"),
            'type' => 'text',
            'description' => Text::of("setting_{$name}_help"),
        ];
    }
}
