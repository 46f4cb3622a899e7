<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Text;

/** Which mailbox an order is about: one order is one mailbox. */
final class OrderedAddress
{
    /** @param array<string, mixed> $config of the order; throws Fault */
    public static function of(array $config): string
    {
        $given = self::clean($config['mailbox'] ?? '');
        $domain = self::clean(Option::Domain->value($config));
        if ($given === '') {
            throw new Fault(Text::of('address_empty'));
        }
        if ($domain !== '' && (!str_contains($given, '@') || str_ends_with($given, "@$domain"))) {
            return strstr("$given@", '@', true) . "@$domain";
        }
        if ($domain !== '' || substr_count($given, '@') !== 1) {
            $key = $domain === '' ? 'address_incomplete' : 'address_elsewhere';
            throw new Fault(Text::of($key, ['domain' => Text::plain($domain)]));
        }
        return $given;
    }

    /** What a customer may order. @param array<string, mixed> $config throws Fault */
    public static function ordered(array $config): string
    {
        $address = self::of($config);
        [$local, $domain] = explode('@', $address, 2);
        $fits = preg_match('/\A[a-z0-9._-]{1,30}\z/', $local)
            && preg_match('/\A[^\s@.][^\s@]*\.[^\s@]+\z/u', $domain);
        return $fits ? $address : throw new Fault(Text::of('address_unfit'));
    }

    private static function clean(mixed $value): string
    {
        return Address::lower(trim(is_scalar($value) ? (string) $value : ''));
    }
}
