<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;
use WHMCS\Service\Status;

/** What the admin area does with a server: Test Connection and the Server Sync Tool. */
final class Servers
{
    private const ACCOUNT = ['email', 'username', 'domain', 'uniqueIdentifier', 'product', 'primaryip', 'created', 'status'];

    public static function test(int $server): array
    {
        $module = Database::row('tblservers', $server)['type'];
        if (!Module::supports($module, 'TestConnection')) {
            return ['success' => false, 'error' => 'The module has no connection test'];
        }
        $answer = Module::ask($module, 'TestConnection', Params::server($server));
        return ['success' => ($answer['success'] ?? null) === true, 'error' => (string) ($answer['error'] ?? '')];
    }

    /**
     * The accounts of the remote beside the services of this server that are active or suspended.
     *
     * Each matched pair says whether status and product differ; `unknown` accounts have no service, `missing` services no account.
     */
    public static function sync(int $server): array
    {
        $module = Database::row('tblservers', $server)['type'];
        $meta = Module::ask($module, 'MetaData');
        $answer = Module::ask($module, 'ListAccounts', Params::server($server));
        if (($answer['success'] ?? null) !== true) {
            return ['success' => false, 'error' => (string) ($answer['error'] ?? 'ListAccounts gave no answer')];
        }
        $accounts = array_values(array_filter($answer['accounts'] ?? [], static fn ($account) => self::sound($module, $account)));
        $services = self::services($server, (string) ($meta['ListAccountsUniqueIdentifierField'] ?? 'domain'));
        $matched = $unknown = [];
        foreach ($accounts as $account) {
            $key = strtolower((string) $account['uniqueIdentifier']);
            if (!isset($services[$key])) {
                $unknown[] = $account;
                continue;
            }
            $params = $services[$key];
            unset($services[$key]);
            $matched[] = [
                'service' => $params['serviceid'], 'account' => $account, 'status_differs' => $params['status'] !== $account['status'],
                'product_differs' => ($params[$meta['ListAccountsProductField'] ?? ''] ?? null) !== $account['product'],
            ];
        }
        $missing = array_map(static fn ($params) => $params['serviceid'], array_values($services));
        return compact('matched', 'unknown', 'missing') + ['success' => true];
    }

    /** Params by the identifier, in lower case, of the services that should exist at the remote. */
    public static function services(int $server, string $field): array
    {
        $services = [];
        $rows = Capsule::table('tblhosting')->where('server', $server)->whereIn('domainstatus', ['Active', 'Suspended'])->orderBy('id');
        foreach ($rows->pluck('id') as $id) {
            $params = Params::service($id);
            $custom = str_starts_with($field, 'customfield.');
            $key = $custom ? $params['customfields'][substr($field, 12)] ?? '' : $params[$field] ?? '';
            $services[strtolower((string) $key) ?: "service $id"] = $params;
        }
        return $services;
    }

    private static function sound(string $module, mixed $account): bool
    {
        $wrong = match (true) {
            !is_array($account) => 'an account is an array',
            array_diff(self::ACCOUNT, array_keys($account)) !== [] => 'an account lacks ' . implode(', ', array_diff(self::ACCOUNT, array_keys($account))),
            !in_array($account['status'], [Status::ACTIVE, Status::SUSPENDED], true) => 'status is Active or Suspended',
            \DateTime::createFromFormat('!Y-m-d H:i:s', (string) $account['created']) === false => 'created is Y-m-d H:i:s',
            default => '',
        };
        if ($wrong !== '') {
            Faults::add('answer', "{$module}_ListAccounts: $wrong", '/modules/servers/');
        }
        return $wrong === '';
    }
}
