<?php

declare(strict_types=1);

namespace Standin;

/** Encrypts as FOSSBilling does; decrypting gives the text without white space around it. */
final class Crypt
{
    private const METHOD = 'aes-256-cbc';
    private const KEY = 'the salt of the configuration, 32';

    public function encrypt(string $text, ?string $pass = null): string
    {
        $iv = random_bytes(16);
        $sealed = openssl_encrypt($text, self::METHOD, self::KEY, OPENSSL_RAW_DATA, $iv);
        return 'v2:' . base64_encode($iv . $sealed);
    }

    public function decrypt(?string $text, ?string $pass = null): string|false
    {
        $given = (string) base64_decode(substr((string) $text, 3), true);
        [$iv, $sealed] = [substr($given, 0, 16), substr($given, 16)];
        $plain = openssl_decrypt($sealed, self::METHOD, self::KEY, OPENSSL_RAW_DATA, $iv);
        return $plain === false ? false : trim($plain);
    }
}
