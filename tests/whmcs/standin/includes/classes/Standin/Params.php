<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;
use WHMCS\Service\Service;

/** `$params` as documented under "Module Parameters". What is not documented is not in it, `suspendreason` for one. */
final class Params
{
    /** For the functions of a server: TestConnection, UsageUpdate, MetricProvider, ListAccounts. */
    public static function server(int $id): array
    {
        $row = $id ? (array) Capsule::table('tblservers')->where('id', $id)->first() : [];
        $secure = ($row['secure'] ?? '') === 'on';
        return [
            'server' => $row !== [],
            'serverid' => (int) ($row['id'] ?? 0),
            'serverip' => $row['ipaddress'] ?? '',
            'serverhostname' => $row['hostname'] ?? '',
            'serverusername' => $row['username'] ?? '',
            'serverpassword' => Sealing::open($row['password'] ?? ''),
            'serveraccesshash' => $row['accesshash'] ?? '',
            'serversecure' => $secure,
            'serverhttpprefix' => $secure ? 'https' : 'http',
            'serverport' => (string) ($row['port'] ?? ''),
        ];
    }

    public static function service(int $id): array
    {
        $service = Database::row('tblhosting', $id);
        $product = Database::row('tblproducts', $service['packageid']);
        $settings = array_filter($product, static fn ($name) => str_starts_with($name, 'configoption'), ARRAY_FILTER_USE_KEY);
        return [
            ...self::server($service['server']),
            'accountid' => $id,
            'serviceid' => $id,
            'addonId' => 0,
            'userid' => $service['userid'],
            'packageid' => $service['packageid'],
            'pid' => $service['packageid'],
            'domain' => $service['domain'],
            'username' => $service['username'],
            'password' => Sealing::open($service['password']),
            'status' => $service['domainstatus'],
            'type' => $product['type'],
            'producttype' => $product['type'],
            'moduletype' => $product['servertype'],
            'model' => Service::find($id),
            'clientsdetails' => self::client($service['userid']),
            'customfields' => self::customFields($id, $service['packageid']),
            'configoptions' => self::options($id, $service['packageid']),
            ...$settings,
        ];
    }

    public static function client(int $id): array
    {
        $row = Database::row('tblclients', $id);
        return [
            'userid' => $id, 'id' => $id, 'fullname' => trim("$row[firstname] $row[lastname]"), 'countrycode' => $row['country'],
            'fullstate' => $row['state'], 'phonenumberformatted' => $row['phonenumber'],
        ] + $row;
    }

    /** By the part of the name before a pipe. Empty for what nobody filled in. */
    public static function customFields(int $service, int $product): array
    {
        $rows = Capsule::table('tblcustomfields')->where('type', 'product')->where('relid', $product)->orderBy('id')->get();
        $values = Capsule::table('tblcustomfieldsvalues')->where('relid', $service)->pluck('value', 'fieldid');
        $fields = [];
        foreach ($rows as $row) {
            $fields[explode('|', $row->fieldname)[0]] ??= (string) ($values[$row->id] ?? '');
        }
        return $fields;
    }

    /** By the part of the name before a pipe: a quantity or yes/no as a number, anything else as the chosen name. */
    public static function options(int $service, int $product): array
    {
        $groups = Capsule::table('tblproductconfiglinks')->where('pid', $product)->pluck('gid');
        $chosen = Capsule::table('tblhostingconfigoptions')->where('relid', $service)->get()->keyBy('configid');
        $options = [];
        foreach (Capsule::table('tblproductconfigoptions')->whereIn('gid', $groups)->orderBy('id')->get() as $option) {
            $row = $chosen[$option->id] ?? null;
            $name = Capsule::table('tblproductconfigoptionssub')->where('id', $row->optionid ?? 0)->value('optionname');
            $value = in_array($option->optiontype, [3, 4], true) ? (int) ($row->qty ?? 0) : explode('|', (string) $name)[0];
            $options[explode('|', $option->optionname)[0]] = $value;
        }
        return $options;
    }
}
