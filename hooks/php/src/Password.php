<?php

namespace EnomBridge\Kit;

/**
 * Enom's rule for a mailbox's password, which those that a billing platform makes up do not always
 * keep.
 */
final class Password
{
    /** Whether it keeps the rule: 10 to 20 characters, an upper-case letter, a digit and one of * @ - _ / . */
    public static function fits(string $password): bool
    {
        return preg_match('/\A(?=.*[A-Z])(?=.*[0-9])(?=.*[*@_\/.-])[!#-~]{10,20}\z/', $password) === 1;
    }

    public static function fresh(): string
    {
        $kinds = ['ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '-_.', 'abcdefghijkmnopqrstuvwxyz'];
        do {
            $password = '';
            for ($place = 0; $place < 14; $place++) {
                $from = $kinds[$place % 4 === 2 && $place > 2 ? 3 : $place % 4];
                $password .= $from[random_int(0, strlen($from) - 1)];
            }
        } while (!self::fits($password));
        return $password;
    }
}
