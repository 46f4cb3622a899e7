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

    /**
     * Whether two spellings are surely of different mailboxes. Where this PHP cannot encode a domain, nothing is sure of it
     * but its absence: the bridge, which answers in A-labels, decides.
     */
    public static function differ(string $one, string $other): bool
    {
        [$local, $domain] = explode('@', $one, 2) + ['', ''];
        [$otherLocal, $otherDomain] = explode('@', $other, 2) + ['', ''];
        if (self::lower($local) !== self::lower($otherLocal) || ($domain === '') !== ($otherDomain === '')) {
            return true;
        }
        [$labels, $others] = [self::labels($domain), self::labels($otherDomain)];
        return $labels !== null && $others !== null && $labels !== $others;
    }

    /** The domain of an address, as far as it can be written in A-labels. */
    public static function domain(string $address): string
    {
        $domain = substr((string) strrchr($address, '@'), 1);
        return self::labels($domain) ?? $domain;
    }

    /** In A-labels, by the bridge's rule: UTS 46, where ß and ς stay letters of their own. Null: not to be encoded here. */
    public static function labels(string $domain): ?string
    {
        $domain = self::lower($domain);
        if (preg_match('/\A[!-~]*\z/', $domain) && !str_contains($domain, 'xn--')) {
            return $domain;
        }
        $labels = function_exists('idn_to_ascii') ? @idn_to_ascii($domain, IDNA_NONTRANSITIONAL_TO_ASCII, INTL_IDNA_VARIANT_UTS46) : false;
        return $labels === false || $labels === '' ? null : $labels;
    }

    private static function clean(mixed $value): string
    {
        return is_scalar($value) ? self::lower(trim(htmlspecialchars_decode((string) $value, ENT_QUOTES))) : '';
    }

    /** A to Z only: what other letters become is the bridge's to say, and PHP's versions differ in it. */
    private static function lower(string $text): string
    {
        return strtr($text, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
    }
}
