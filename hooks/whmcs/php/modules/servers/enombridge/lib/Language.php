<?php

namespace WHMCS\Module\Server\Enombridge;

/** Who reads which language, as WHMCS names them; the files of lang/ have the same names. */
final class Language
{
    /** The client's, as WHMCS hands it over. @param array<string, mixed> $params */
    public static function clients(array $params): string
    {
        $given = ((array) ($params['clientsdetails'] ?? []))['language'] ?? '';
        return is_string($given) && $given !== '' ? strtolower($given) : 'english';
    }

    /** That of the staff at work, or English. */
    public static function staffs(): string
    {
        $language = $_SESSION['adminlang'] ?? '';
        return is_string($language) && $language !== '' ? strtolower($language) : 'english';
    }
}
