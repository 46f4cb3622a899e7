<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Text;

/** What was sold of a domain: how many mailboxes, and of which size. From the product and its configurable options. */
final class Seats
{
    private function __construct(public readonly string $domain, public readonly int $number, public readonly string $plan)
    {
    }

    /** @param array<string, mixed> $params as WHMCS gives them; throws Fault that names what is missing */
    public static function of(array $params): self
    {
        return new self(self::domain($params), self::number($params), self::plan($params));
    }

    /** @param array<string, mixed> $params */
    public static function domain(array $params): string
    {
        $typed = htmlspecialchars_decode(is_scalar($params['domain'] ?? '') ? (string) ($params['domain'] ?? '') : '', ENT_QUOTES);
        $domain = Address::domain('@' . trim($typed));
        return $domain !== '' ? $domain : throw new Fault(Text::of('seats_domain_empty'));
    }

    /** What is included, and what was ordered beside it. @param array<string, mixed> $params */
    private static function number(array $params): int
    {
        $number = (int) Option::Included->value($params) + (int) self::option(Option::SeatsFrom, $params);
        return $number > 0 ? $number : throw new Fault(Text::of('seats_none', ['name' => Text::plain(Option::SeatsFrom->value($params))]));
    }

    /** @param array<string, mixed> $params */
    private static function plan(array $params): string
    {
        return self::option(Option::PlanFrom, $params) ?: Option::Plan->value($params);
    }

    /** @param array<string, mixed> $params */
    private static function option(Option $name, array $params): string
    {
        $given = ((array) ($params['configoptions'] ?? []))[$name->value($params)] ?? '';
        return is_scalar($given) ? trim((string) $given) : '';
    }
}
