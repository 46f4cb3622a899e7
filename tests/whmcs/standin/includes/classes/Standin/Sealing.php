<?php

declare(strict_types=1);

namespace Standin;

/** Passwords at rest: what the database holds is never the plain text, and never twice the same. */
final class Sealing
{
    public static function seal(string $plain): string
    {
        if ($plain === '') {
            return '';
        }
        $nonce = random_bytes(12);
        $sealed = openssl_encrypt($plain, 'aes-256-gcm', self::key(), OPENSSL_RAW_DATA, $nonce, $tag);
        return base64_encode($nonce . $tag . $sealed);
    }

    /** Empty for what was not made by `seal`. */
    public static function open(string $sealed): string
    {
        $raw = base64_decode($sealed, true);
        if ($raw === false || strlen($raw) < 28) {
            return '';
        }
        $parts = [substr($raw, 0, 12), substr($raw, 12, 16), substr($raw, 28)];
        return (string) openssl_decrypt($parts[2], 'aes-256-gcm', self::key(), OPENSSL_RAW_DATA, $parts[0], $parts[1]);
    }

    private static function key(): string
    {
        require ROOTDIR . '/configuration.php';
        return hash('sha256', $cc_encryption_hash, true);
    }
}
