<?php

namespace WHMCS\Module\Server\Enombridge;

/** A callback of the bridge: verified before anything is read, then concluded. */
final class Callback
{
    private const MOST = 65536; // bytes

    /**
     * @param array<string, mixed> $request as $_SERVER
     * @param array<string, mixed> $query as $_GET
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
        $log = new Log([]);
        try {
            $server = Server::stored((int) (is_scalar($query['server'] ?? 0) ? $query['server'] ?? 0 : 0));
            if ($server === null) {
                return self::status(401, 'Not signed.');
            }
            $log = new Log([$server->secret, substr($server->secret, 6)]);
            Signature::verify(self::headers($request), $body, $server->secret, time());
            [$status, $headers, $said] = self::take($body);
            $log->call('callback', $body, (string) $status, $said);
            return [$status, $headers, $said];
        } catch (Unsigned) {
            return self::status(401, 'Not signed.'); // and nothing written, so that strangers fill no log
        } catch (Busy) {
            return self::status(503, 'Busy with this service.', ['Retry-After' => '5']);
        } catch (\Throwable $error) {
            $log->call('callback', $body, get_class($error) . ': ' . $error->getMessage(), 'failed');
            return self::status(503, 'Not taken.', ['Retry-After' => '60']);
        }
    }

    /** @return array{int, array<string, string>, string} */
    private static function take(string $body): array
    {
        $message = json_decode($body, true, 32);
        $data = is_array($message) ? $message['data'] ?? null : null;
        $type = is_array($message) ? $message['type'] ?? null : null;
        // Only the bridge's own types: what WHMCS itself sent must not come back to it as an answer.
        if (!is_string($type) || !preg_match('/\Ajob\.(succeeded|failed|held|cancelled)\z/', $type, $found) || !is_array($data)) {
            return self::status(422, 'Not a callback of the bridge.');
        }
        $needed = ['job', 'hook', 'action', 'address', 'service_id', 'state', 'message'];
        if (array_filter($needed, fn ($name) => !is_string($data[$name] ?? null)) || !is_int($data['sequence'] ?? null)) {
            return self::status(422, 'A field is missing.');
        }
        if (!preg_match('/\A[1-9][0-9]{0,9}\z/', $data['service_id'])) {
            return self::status(200, 'Not of a product: nothing to do.');
        }
        Conclusion::reached((int) $data['service_id'], ['status' => $found[1]] + $data);
        return self::status(200, 'Taken.');
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
