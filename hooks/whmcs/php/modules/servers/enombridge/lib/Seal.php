<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Text;
/** WHMCS's own encryption, the one under which it keeps passwords of servers and services. */
final class Seal
{
    public static function close(string $plain): string
    {
        return self::asked('EncryptPassword', $plain);
    }

    public static function open(string $sealed): string
    {
        return self::asked('DecryptPassword', $sealed);
    }

    private static function asked(string $command, string $text): string
    {
        $answer = localAPI($command, ['password2' => $text]);
        if (($answer['result'] ?? '') !== 'success') {
            throw new Fault(Text::of('seal_failed'));
        }
        return (string) ($answer['password'] ?? '');
    }
}
