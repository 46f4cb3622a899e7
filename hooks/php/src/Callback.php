<?php

namespace EnomBridge\Kit;

/** A callback of the bridge: verified before anything is read, then concluded. */
final class Callback
{
    private const MOST = 65536; // bytes

    /**
     * @param array<string, mixed> $request as $_SERVER
     * @param array<string, mixed> $query as $_GET; `server` is the number of the bridge
     * @return array{int, array<string, string>, string} status, headers, body
     */
    public static function answer(array $request, array $query, string $body): array
    {
        if (($request['REQUEST_METHOD'] ?? '') !== 'POST') {
            return self::status(405, 'Send a POST.');
        }
        if (strlen($body) > self::MOST) {
            return self::status(413, 'Too large.');
        }
        $log = null; // until the delivery is known to be the bridge's nothing is written, so that strangers fill no log
        try {
            $bridge = Kit::platform()->bridge((int) (is_scalar($query['server'] ?? 0) ? $query['server'] ?? 0 : 0));
            if ($bridge === null) {
                return self::status(401, 'Not signed.');
            }
            Signature::verify(self::headers($request), $body, $bridge->secret, time());
            $log = $bridge->log();
            $message = json_decode($body, true, 32);
            $event = NearlyFull::read(self::headers($request)['webhook-id'], $message);
            if ($event !== null) {
                $log->call('callback', $body, '200', $event::TYPE);
                Kit::platform()->service($event->service)?->nearlyFull($event);
                return self::status(200, 'Taken.');
            }
            $receipt = self::receipt($message);
            $log = $log->hiding(...self::passwords($receipt));
            [$status, $headers, $said] = self::take($receipt, $log);
            $log->call('callback', $body, (string) $status, $said);
            return [$status, $headers, $said];
        } catch (Unsigned) {
            return self::status(401, 'Not signed.');
        } catch (Busy) {
            return self::status(503, 'Busy with this service.', ['Retry-After' => '5']);
        } catch (\Throwable $error) {
            $log?->call('callback', $body, get_class($error) . ': ' . $error->getMessage(), 'failed');
            return self::status(503, 'Not taken.', ['Retry-After' => '60']);
        }
    }

    /** @return ?array<string, mixed> null: it is no callback of the bridge */
    private static function receipt(mixed $message): ?array
    {
        $type = is_array($message) ? $message['type'] ?? null : null;
        // Only the bridge's own types: what this side itself sent must not come back to it as an
        // answer.
        if (!is_string($type) || !preg_match('/\Ajob\.(succeeded|failed|held|cancelled|observed)\z/', $type, $found) || !is_array($message['data'] ?? null)) {
            return null;
        }
        // In observe mode the type says so; a bridge from before says `job.succeeded`, and only the field tells.
        $ends = $found[1] === 'observed' ? ['status' => 'succeeded', 'observed_only' => true] : ['status' => $found[1]];
        return Receipt::read($ends + $message['data']);
    }

    /**
     * @param ?array<string, mixed> $receipt
     * @return array{int, array<string, string>, string}
     */
    private static function take(?array $receipt, Log $log): array
    {
        if ($receipt === null) {
            return self::status(422, 'Not a callback of the bridge.');
        }
        $service = Receipt::service($receipt);
        if ($service === null) {
            return self::status(200, 'Not of a product: nothing to do.');
        }
        Conclusion::reached($service, Receipt::masked($receipt, $log->masker));
        return self::status(200, 'Taken.');
    }

    /** Those that were sent with the hooks that are pending. @param ?array<string, mixed> $receipt @return list<string> */
    private static function passwords(?array $receipt): array
    {
        $service = $receipt === null ? null : Receipt::service($receipt);
        return $service === null ? [] : array_map(fn (Pending $pending) => $pending->password(), array_values(Record::of($service)->pending));
    }

    /**
     * @param array<string, mixed> $request
     * @return array<string, string>
     */
    private static function headers(array $request): array
    {
        $headers = [];
        foreach (['webhook-id', 'webhook-timestamp', 'webhook-signature'] as $name) {
            $value = $request['HTTP_' . strtr(strtoupper($name), '-', '_')] ?? '';
            $headers[$name] = is_string($value) ? $value : '';
        }
        return $headers;
    }

    /**
     * @param array<string, string> $headers
     * @return array{int, array<string, string>, string}
     */
    private static function status(int $status, string $said, array $headers = []): array
    {
        return [$status, $headers, $said];
    }
}
