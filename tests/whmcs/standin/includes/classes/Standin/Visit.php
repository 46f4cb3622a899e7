<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** The session of whoever looks at a page. There is no sign-in: `?client=` and `?language=` say who, and in which language. */
final class Visit
{
    public static function begin(string $role): void
    {
        session_save_path(Database::folder());
        session_name('standin');
        session_start();
        if ($role === 'admin') {
            $_SESSION['adminid'] = 1;
            unset($_SESSION['uid']);
            return;
        }
        unset($_SESSION['adminid']);
        $first = $_SESSION['uid'] ?? Capsule::table('tblclients')->orderBy('id')->value('id');
        $_SESSION['uid'] = (int) ($_GET['client'] ?? $first);
        $_SESSION['token'] ??= bin2hex(random_bytes(20));
        if (isset($_GET['language'])) {
            $_SESSION['Language'] = (string) $_GET['language'];
        }
    }

    /** Whether a service is the visitor's. With `checks_owner` switched off only the module asks that. */
    public static function owns(int $service): bool
    {
        $owner = (int) Capsule::table('tblhosting')->where('id', $service)->value('userid');
        return !Settings::on('checks_owner') || $owner === ($_SESSION['uid'] ?? 0);
    }

    public static function sentToken(): bool
    {
        return hash_equals($_SESSION['token'] ?? '', (string) ($_POST['token'] ?? ''));
    }

    /** As WHMCS has it: the session's, the client's own, the installation's. */
    public static function language(): string
    {
        $own = (string) Capsule::table('tblclients')->where('id', $_SESSION['uid'] ?? 0)->value('language');
        return ($_SESSION['Language'] ?? '') ?: ($own ?: Settings::get('Language'));
    }
}
