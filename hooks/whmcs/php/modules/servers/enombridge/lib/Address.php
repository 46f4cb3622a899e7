<?php

namespace WHMCS\Module\Server\Enombridge;

/** Which mailbox a service is about: one product is one mailbox. */
final class Address
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

    /** Whether two spellings are surely of different mailboxes; the bridge, which answers in A-labels, decides the rest. */
    public static function differ(string $one, string $other): bool
    {
        return self::ascii($one) !== self::ascii($other);
    }

    private static function ascii(string $address): string
    {
        [$local, $domain] = explode('@', $address, 2) + ['', ''];
        $labels = function_exists('idn_to_ascii') ? idn_to_ascii($domain, IDNA_DEFAULT, INTL_IDNA_VARIANT_UTS46) : false;
        return mb_strtolower($local) . '@' . ($labels ?: mb_strtolower($domain));
    }

    private static function clean(mixed $value): string
    {
        return is_scalar($value) ? mb_strtolower(trim(htmlspecialchars_decode((string) $value, ENT_QUOTES))) : '';
    }
}
