<?php

namespace WHMCS\Module\Server\Enombridge;

/** Who made WHMCS ask for something: staff by hand, the client, or WHMCS by itself. What is not known counts as cron. */
enum Asked: string
{
    case Admin = 'admin';
    case Client = 'client';
    case Cron = 'cron';

    /** Only a session of a person is proof of a person: cron, payments and API calls come without one. */
    public static function now(): self
    {
        if (Automatic::isRunning() || php_sapi_name() === 'cli') {
            return self::Cron;
        }
        return match (true) {
            !empty($_SESSION['adminid']) => self::Admin,
            !empty($_SESSION['uid']) => self::Client,
            default => self::Cron,
        };
    }
}
