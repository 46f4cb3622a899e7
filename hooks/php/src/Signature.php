<?php

namespace EnomBridge\Kit;

/**
 * Standard Webhooks 1.0.0, both ways: base64 of HMAC-SHA256 with the decoded secret over `id.timestamp.body`.
 *
 * Times are epoch seconds that the caller passes in.
 */
final class Signature
{
    public const WINDOW = 300; // seconds that a delivery's time may be off, either way

    private const ID = '/\A[A-Za-z0-9_:-]{1,128}\z/';

    /** The key in `whsec_<base64>`; a Fault tells what is wrong with it, and never repeats it. */
    public static function key(string $secret): string
    {
        $secret = trim($secret);
        $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : false;
        if ($key === false || strlen($key) < 24 || strlen($key) > 64) {
            throw new Fault(Text::of('secret_malformed'));
        }
        return $key;
    }

    /** @return array<string, string> the three headers */
    public static function sign(string $id, int $timestamp, string $body, string $secret): array
    {
        return [
            'webhook-id' => $id,
            'webhook-timestamp' => (string) $timestamp,
            'webhook-signature' => self::of($id, (string) $timestamp, $body, self::key($secret)),
        ];
    }

    /**
     * Returns when the delivery is from a holder of the secret, within the window; else throws Unsigned.
     *
     * @param array<string, string> $headers names in lower case
     */
    public static function verify(array $headers, string $body, string $secret, int $now): void
    {
        $id = $headers['webhook-id'] ?? '';
        $time = $headers['webhook-timestamp'] ?? '';
        if (!preg_match(self::ID, $id) || !preg_match('/\A[0-9]{1,12}\z/', $time)) {
            throw new Unsigned('A header is missing or malformed.');
        }
        $expected = self::of($id, $time, $body, self::key($secret));
        $fits = false;
        foreach (array_slice(explode(' ', $headers['webhook-signature'] ?? ''), 0, 16) as $given) {
            $fits = hash_equals($expected, $given) || $fits; // no early end
        }
        if (!$fits || abs($now - (int) $time) > self::WINDOW) {
            throw new Unsigned('The signature or its time is not right.');
        }
    }

    private static function of(string $id, string $time, string $body, string $key): string
    {
        return 'v1,' . base64_encode(hash_hmac('sha256', "$id.$time.$body", $key, true));
    }
}
