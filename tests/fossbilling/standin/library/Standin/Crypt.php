<?php

declare(strict_types=1);

namespace Standin;

/** Encrypts as FOSSBilling does; decrypting gives the text without white space around it. */
final class Crypt
{
    private const KEY = 'the salt of the configuration, 32';

    public function encrypt(string $text, ?string $pass = null): string
    {
        $iv = random_bytes(16);
        return 'v2:' . base64_encode($iv . openssl_encrypt($text, 'aes-256-cbc', self::KEY, OPENSSL_RAW_DATA, $iv));
    }

    public function decrypt(?string $text, ?string $pass = null): string|false
    {
        $given = base64_decode(substr((string) $text, 3), true);
        $plain = $given === false ? false : openssl_decrypt(substr($given, 16), 'aes-256-cbc', self::KEY, OPENSSL_RAW_DATA, substr($given, 0, 16));
        return $plain === false ? false : trim($plain);
    }
}
