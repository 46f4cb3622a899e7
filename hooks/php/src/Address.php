<?php

namespace EnomBridge\Kit;

/** Spellings of addresses: which are of one mailbox. */
final class Address
{
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

    /** A to Z only: what other letters become is the bridge's to say, and PHP's versions differ in it. */
    public static function lower(string $text): string
    {
        return strtr($text, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
    }
}
