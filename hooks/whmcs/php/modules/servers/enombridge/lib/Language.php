<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** Who reads which language, as WHMCS names them; the files of lang/ have the same names. */
final class Language
{
    /** That of the page which a client looks at: the one chosen in this session goes first. @param array<string, mixed> $params */
    public static function clients(array $params): string
    {
        $chosen = Visitor::client() > 0 ? $_SESSION['Language'] ?? '' : '';
        return self::name($chosen) ?: self::own(((array) ($params['clientsdetails'] ?? []))['language'] ?? '');
    }

    /** That of a mail: the client's own, or else the one of the whole installation. */
    public static function ofMail(int $client): string
    {
        return self::own(Capsule::table('tblclients')->where('id', $client)->value('language'));
    }

    /** That of the staff at work, or English. */
    public static function staffs(): string
    {
        return self::name($_SESSION['adminlang'] ?? '') ?: 'english';
    }

    private static function own(mixed $language): string
    {
        return self::name($language) ?: self::ofAll() ?: 'english';
    }

    private static function ofAll(): string
    {
        try {
            return self::name(Capsule::table('tblconfiguration')->where('setting', 'Language')->value('value'));
        } catch (\Throwable) {
            return ''; // what is told may be that the database is away
        }
    }

    private static function name(mixed $language): string
    {
        return is_string($language) ? strtolower($language) : '';
    }
}
