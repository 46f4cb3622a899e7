<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** What WHMCS would hand to a function of the module, for a service outside of such a call: as far as it is needed there. */
final class Params
{
    /** @return array<string, mixed> */
    public static function of(Hosting $hosting): array
    {
        $found = localAPI('GetClientsProducts', ['serviceid' => $hosting->id]);
        $product = (array) ($found['products']['product'][0] ?? []);
        $custom = array_column((array) ($product['customfields']['customfield'] ?? []), 'value', 'name');
        $options = array_column((array) ($product['configoptions']['configoption'] ?? []), 'value', 'option');
        $settings = [];
        foreach (Option::cases() as $option) {
            $settings["configoption{$option->value}"] = $hosting->option($option);
        }
        return $settings + [
            'serviceid' => $hosting->id, 'userid' => $hosting->client, 'domain' => $product['domain'] ?? '',
            'customfields' => $custom, 'configoptions' => $options,
        ] + self::server($hosting->bridge);
    }

    /** @return array<string, mixed> */
    private static function server(int $id): array
    {
        $row = Capsule::table('tblservers')->where('id', $id)->first();
        return $row === null ? [] : [
            'serverid' => $id, 'serverhostname' => $row->hostname, 'serverip' => $row->ipaddress, 'serverport' => (string) $row->port,
            'serversecure' => (bool) $row->secure, 'serverusername' => $row->username,
            'serverpassword' => Seal::open((string) $row->password), 'serveraccesshash' => (string) ($row->accesshash ?? ''),
        ];
    }
}
