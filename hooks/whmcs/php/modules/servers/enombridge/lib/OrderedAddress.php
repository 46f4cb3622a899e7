<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Text;

/** Which mailbox a service is about, by what was ordered: one product is one mailbox. */
final class OrderedAddress
{
    /** @param array<string, mixed> $params as WHMCS gives them; throws Fault that names the empty field */
    public static function of(array $params): string
    {
        $from = Option::AddressFrom->value($params);
        $domain = self::clean($params['domain'] ?? '');
        if ($from === 'domain') {
            if ($domain === '') {
                throw new Fault(Text::of('domain_empty'));
            }
            return Option::Local->value($params) . "@$domain";
        }
        $name = Option::Field->value($params);
        $kind = $from === 'option' ? 'configoptions' : 'customfields';
        $given = self::clean($params[$kind][$name] ?? '');
        if ($given === '') {
            throw new Fault(Text::of("{$kind}_empty", ['name' => Text::plain($name)]));
        }
        if (!str_contains($given, '@') && $domain === '') {
            throw new Fault(Text::of('address_incomplete', ['name' => Text::plain($name)]));
        }
        return str_contains($given, '@') ? $given : "$given@$domain";
    }

    private static function clean(mixed $value): string
    {
        $typed = htmlspecialchars_decode(is_scalar($value) ? (string) $value : '', ENT_QUOTES);
        return Address::lower(trim($typed));
    }
}
