<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Bridge;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Text;

/**
 * Whoever looks at the customer's page, and whether the service on it is theirs. WHMCS asks that as well; here it is asked
 * again before anything is done or shown, so that one mistake elsewhere opens nobody's mail.
 */
final class Visitor
{
    /** @param array<string, mixed> $params as WHMCS gives them for this service */
    public static function owns(array $params): bool
    {
        $client = (int) ($params['userid'] ?? 0);
        return $client > 0 && $client === self::client() && $client === Hosting::find((int) ($params['serviceid'] ?? 0))?->client;
    }

    /** Staff in the admin area may do for a customer what the customer may. @param array<string, mixed> $params */
    public static function mayEnter(array $params): bool
    {
        return self::owns($params) || !empty($_SESSION['adminid']) && (self::client() === 0 || defined('ADMINAREA'));
    }

    /**
     * What a button of staff does: no client gets there, whatever calls it.
     *
     * @param array<string, mixed> $params
     * @param callable(Mailbox): string $do
     */
    public static function staffOnly(array $params, callable $do): callable
    {
        if (self::client() === 0 || !empty($_SESSION['adminid'])) {
            return $do;
        }
        self::refused($params, 'staff');
        return fn (): string => Text::of('page_refused', [], Language::clients($params));
    }

    /** A request that only somebody makes who is after what is another's: it is written down, each one. @param array<string, mixed> $params */
    public static function refused(array $params, string $what): void
    {
        $values = ['client' => self::client(), 'what' => Text::plain(mb_substr($what, 0, 80))];
        Log::activity(Text::of('refused_visitor', $values), (int) ($params['serviceid'] ?? 0), self::client());
    }

    /** What each form of the page has to bring back: nobody else can make this client's browser send one. */
    public static function proof(int $service, Bridge $bridge): string
    {
        return hash_hmac('sha256', "page $service " . self::client() . ' ' . session_id(), $bridge->secret);
    }

    /** 0: nobody is signed in. */
    public static function client(): int
    {
        $current = 'WHMCS\Authentication\CurrentUser'; // WHMCS 8 and later
        $client = class_exists($current) ? (new $current())->client() : null;
        return (int) ($client === null ? $_SESSION['uid'] ?? 0 : $client->id);
    }
}
