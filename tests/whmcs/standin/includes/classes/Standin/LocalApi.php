<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/**
 * localAPI: commands by name, without regard to case. The names that the documents list for the Module* calls are two,
 * `serviceid` and the older `accountid`; both are taken. There is no ModuleRenew.
 */
final class LocalApi
{
    private const COMMANDS = [
        'modulecreate' => [Api\Modules::class, 'create'],
        'modulesuspend' => [Api\Modules::class, 'suspend'],
        'moduleunsuspend' => [Api\Modules::class, 'unsuspend'],
        'moduleterminate' => [Api\Modules::class, 'terminate'],
        'modulechangepackage' => [Api\Modules::class, 'changePackage'],
        'modulechangepw' => [Api\Modules::class, 'changePassword'],
        'modulecustom' => [Api\Modules::class, 'custom'],
        'getmodulequeue' => [Api\Modules::class, 'queue'],
        'updateclientproduct' => [Api\Clients::class, 'updateProduct'],
        'getclientsproducts' => [Api\Clients::class, 'products'],
        'getclientsdetails' => [Api\Clients::class, 'details'],
        'openticket' => [Api\Messages::class, 'openTicket'],
        'addticketnote' => [Api\Messages::class, 'addTicketNote'],
        'sendemail' => [Api\Messages::class, 'sendEmail'],
        'sendadminemail' => [Api\Messages::class, 'sendAdminEmail'],
        'triggernotificationevent' => [Api\Messages::class, 'notify'],
        'logactivity' => [Api\Messages::class, 'logActivity'],
        'encryptpassword' => [Api\System::class, 'encrypt'],
        'decryptpassword' => [Api\System::class, 'decrypt'],
        'whmcsdetails' => [Api\System::class, 'details'],
        'getconfigurationvalue' => [Api\System::class, 'setting'],
    ];

    public static function call(string $command, array $values, mixed $admin): array
    {
        $known = $admin === null || $admin === '' || Capsule::table('tbladmins')->where('username', (string) $admin)->exists();
        if (!$known) {
            return ['result' => 'error', 'message' => 'No matching admin user found'];
        }
        $method = self::COMMANDS[strtolower($command)] ?? null;
        if ($method === null) {
            return ['result' => 'error', 'message' => 'Command Not Found'];
        }
        try {
            return ['result' => 'success'] + $method($values);
        } catch (Api\Refused $refused) {
            return ['result' => 'error', 'message' => $refused->getMessage()];
        }
    }
}
