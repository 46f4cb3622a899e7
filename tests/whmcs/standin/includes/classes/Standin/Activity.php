<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** The Activity Log. */
final class Activity
{
    public static function add(string $text, int $user = 0): void
    {
        Capsule::table('tblactivitylog')->insert(['date' => Database::now(), 'description' => $text, 'userid' => $user]);
    }
}
