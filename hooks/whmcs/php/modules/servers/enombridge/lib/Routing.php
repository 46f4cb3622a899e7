<?php

namespace WHMCS\Module\Server\Enombridge;

/** Further addresses of a mailbox, and where its mail is sent on to: what the page's forms for them begin with. */
final class Routing
{
    private const PATIENCE = 6; // seconds of a page; the bridge asks Enom
    private const KEPT = 60; // seconds in the session: somebody who moves about on the page asks once
    private const NONE = ['aliases' => null, 'forward' => null, 'copy' => true];

    /**
     * Null: what this bridge, or this account, does not have.
     *
     * @param array<mixed> $item as the bridge describes a mailbox
     * @return array{aliases: ?list<string>, forward: ?list<string>, copy: bool}
     */
    public static function read(array $item): array
    {
        $isOne = fn (mixed $one): bool => is_string($one) && filter_var($one, FILTER_VALIDATE_EMAIL) !== false;
        $addresses = fn (mixed $list): array => array_values(array_filter(is_array($list) ? $list : [], $isOne));
        $forwarding = is_array($item['forwarding'] ?? null) ? $item['forwarding'] : [];
        return [
            'aliases' => array_key_exists('aliases', $item) ? $addresses($item['aliases']) : null,
            'forward' => array_key_exists('forwarding', $item) ? $addresses($forwarding['forward_to'] ?? []) : null,
            'copy' => ($forwarding['keep_copy'] ?? true) === true,
        ];
    }

    /**
     * As it is at Enom, where null means that it is not available; null as a whole: nobody can say now.
     *
     * @param bool $afresh a change has just ended
     * @return ?array{aliases: ?list<string>, forward: ?list<string>, copy: bool}
     */
    public static function now(Service $call, string $address, bool $afresh): ?array
    {
        $of = "$call->id $address";
        $kept = $_SESSION['enombridge_routing'][$of] ?? null;
        if ($afresh || !is_array($kept) || time() - ($kept['at'] ?? 0) >= self::KEPT) {
            $kept = ['at' => time(), 'found' => self::ask($call, $address)];
            $_SESSION['enombridge_routing'] = [$of => $kept];
        }
        return $kept['found'];
    }

    /** A change is sent: what is kept is what was. */
    public static function forget(Service $call, string $address): void
    {
        unset($_SESSION['enombridge_routing']["$call->id $address"]);
    }

    /**
     * Null: no form for it.
     *
     * @param ?array<string, mixed> $one as it is read
     * @return array{aliases: ?string, forward: ?string, copy: bool} for the template
     */
    public static function shown(?array $one): array
    {
        $one ??= self::NONE;
        $lines = fn (?array $addresses): ?string => $addresses === null ? null : implode("\n", $addresses);
        return ['aliases' => $lines($one['aliases']), 'forward' => $lines($one['forward']), 'copy' => $one['copy']];
    }

    /** @return ?array{aliases: ?list<string>, forward: ?list<string>, copy: bool} */
    private static function ask(Service $call, string $address): ?array
    {
        $answer = $call->client()->within(self::PATIENCE)->query('mailbox.status', ['service_id' => (string) $call->id, 'address' => $address]);
        $isThere = $answer->kind === 'answered' && in_array($answer->receipt['state'] ?? '', ['active', 'suspended'], true);
        return $isThere ? self::read(array_filter($answer->receipt, fn (mixed $one) => $one !== null)) : null;
    }
}
