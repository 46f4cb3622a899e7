<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** User name and password of a new service, made "on module creation" as documented: until then both may be empty. */
final class Naming
{
    private const LETTERS = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

    public static function complete(int $service): void
    {
        $row = Database::row('tblhosting', $service);
        if ($row['username'] === '') {
            Capsule::table('tblhosting')->where('id', $service)->update(['username' => self::username($service)]);
        }
        if ($row['password'] === '') {
            Capsule::table('tblhosting')->where('id', $service)->update(['password' => Sealing::seal(self::password())]);
        }
    }

    private static function username(int $service): string
    {
        $params = Params::service($service);
        $vars = Settings::get('username_hook') === 'flat' ? $params : ['params' => $params];
        foreach (Hooks::run('OverrideModuleUsernameGeneration', $vars) as $answer) {
            if (is_string($answer) && $answer !== '') {
                return $answer;
            }
        }
        return substr(preg_replace('/[^a-z0-9]/', '', strtolower($params['domain'])), 0, 8);
    }

    /** Ten letters and digits. */
    private static function password(): string
    {
        $password = '';
        while (strlen($password) < 10) {
            $password .= self::LETTERS[random_int(0, strlen(self::LETTERS) - 1)];
        }
        return $password;
    }
}
