<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** E-mails are kept, not sent. The hook EmailPreSend may stop one to a client, or add merge fields. */
final class Mail
{
    /** False when a hook stopped it. */
    public static function toClient(int $client, string $template, string $subject, string $body, int $about, array $fields = []): bool
    {
        $answers = Hooks::run('EmailPreSend', ['messagename' => $template, 'relid' => $about, 'mergefields' => $fields]);
        foreach ($answers as $answer) {
            if (is_array($answer) && !empty($answer['abortsend'])) {
                return false;
            }
            $fields = is_array($answer) ? [...$fields, ...$answer] : $fields;
        }
        $words = [];
        foreach ($fields as $name => $value) {
            $words['{$' . $name . '}'] = is_scalar($value) ? (string) $value : '';
        }
        Capsule::table('tblemails')->insert([
            'userid' => $client, 'recipient' => Database::row('tblclients', $client)['email'], 'kind' => 'client',
            'template' => $template, 'subject' => strtr($subject, $words), 'message' => strtr($body, $words),
            'date' => Database::now(), 'relid' => $about,
        ]);
        return true;
    }

    public static function toAdmin(string $template, string $subject, string $body, int $about = 0): void
    {
        Capsule::table('tblemails')->insert([
            'recipient' => (string) Capsule::table('tbladmins')->value('email'), 'kind' => 'admin', 'template' => $template,
            'subject' => $subject, 'message' => $body, 'date' => Database::now(), 'relid' => $about,
        ]);
    }

    /** The product's own, or none if it has none. */
    public static function welcome(array $params): void
    {
        $template = (string) Database::row('tblproducts', $params['pid'])['welcomeemail'];
        if ($template === '') {
            return;
        }
        $body = 'Dear {$client_name}, {$service_domain} is ready. User name: {$service_username}, password: {$service_password}';
        self::toClient($params['userid'], $template, 'Your new service', $body, $params['serviceid'], [
            'client_name' => $params['clientsdetails']['fullname'], 'service_id' => $params['serviceid'],
            'service_domain' => $params['domain'], 'service_username' => $params['username'],
            'service_password' => $params['password'],
        ]);
    }
}
