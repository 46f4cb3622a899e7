<?php

declare(strict_types=1);

namespace Standin\Api;

use Standin\Sealing;
use Standin\Settings;

/** Passwords, version and settings. */
final class System
{
    public static function encrypt(array $values): array
    {
        return ['password' => Sealing::seal((string) ($values['password2'] ?? ''))];
    }

    public static function decrypt(array $values): array
    {
        return ['password' => Sealing::open((string) ($values['password2'] ?? ''))];
    }

    public static function details(array $values): array
    {
        $version = Settings::get('Version');
        return ['whmcs' => ['version' => explode('-', $version)[0], 'canonicalversion' => $version]];
    }

    public static function setting(array $values): array
    {
        $name = (string) ($values['setting'] ?? '');
        return ['setting' => $name, 'value' => Settings::get($name)];
    }
}
