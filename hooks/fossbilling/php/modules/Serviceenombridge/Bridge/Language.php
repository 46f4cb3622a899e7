<?php

namespace Box\Mod\Serviceenombridge\Bridge;

/** FOSSBilling's name of a language, like de_DE, as a file of lang/ is named. */
final class Language
{
    private const FILES = ['de' => 'german'];

    public static function ofClient(int $client): string
    {
        $sql = 'SELECT lang FROM client WHERE id = ?';
        $found = Fossbilling::di()['db']->getCell($sql, [$client]);
        return self::FILES[strtolower(substr(is_string($found) ? $found : '', 0, 2))] ?? 'english';
    }
}
