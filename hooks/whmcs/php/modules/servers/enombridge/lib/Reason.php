<?php

namespace WHMCS\Module\Server\Enombridge;

/** Whether a reason of a suspension is WHMCS's own one for an unpaid invoice. */
final class Reason
{
    private const OVERDUE = 'Overdue on Payment';

    /** @var ?list<string> that sentence in the languages of this installation, in lower case */
    private static ?array $known = null;

    /** WHMCS stores none for it, or its own sentence; any other text is of staff, and keeps a service suspended. */
    public static function isOverdue(string $reason): bool
    {
        $reason = self::plain($reason);
        return $reason === '' || $reason === self::plain(self::OVERDUE) || in_array($reason, self::translated(), true);
    }

    /** @return list<string> */
    private static function translated(): array
    {
        if (self::$known === null) {
            self::$known = [];
            $root = defined('ROOTDIR') ? (string) ROOTDIR : dirname(__DIR__, 4);
            foreach (array_merge(glob("$root/lang/*.php") ?: [], glob("$root/lang/overrides/*.php") ?: []) as $file) {
                array_push(self::$known, ...self::sentences((string) @file_get_contents($file)));
            }
        }
        return self::$known;
    }

    /** Read, not run: a language file is none of our business beyond this line. @return list<string> */
    public static function sentences(string $file): array
    {
        preg_match_all('/\[\s*["\']suspendreasonoverdue["\']\s*\]\s*=\s*(["\'])((?:\\\\.|(?!\1).)*)\1\s*;/', $file, $found);
        return array_map(fn (string $sentence) => self::plain(stripslashes($sentence)), $found[2]);
    }

    private static function plain(string $reason): string
    {
        return mb_strtolower(trim(htmlspecialchars_decode($reason, ENT_QUOTES)));
    }
}
