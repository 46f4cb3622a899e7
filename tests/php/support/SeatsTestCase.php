<?php

namespace EnomBridge\Tests;

use WHMCS\Module\Server\Enombridge\Server;
use WHMCS\Module\Server\Enombridge\Visitor;

/** A service that has the mailboxes of example.com: three of them, of which `ann` and `bob` are there. */
abstract class SeatsTestCase extends TestCase
{
    protected const GOOD = ['password' => 'Another-Pass.02', 'again' => 'Another-Pass.02'];

    protected function setUp(): void
    {
        parent::setUp();
        Billing::configure([13 => 'seats', 14 => '1']);
        Billing::change(['domain' => 'example.com', 'domainstatus' => 'Active', 'username' => 'example.com']);
        Billing::$more = ['configoptions' => ['Mailboxes' => 2]];
        Machine::session('client');
        self::bridge([self::box('ann'), self::box('bob')]);
    }

    /** @param array<string, mixed> $changes @return array<string, mixed> */
    protected static function box(string $name, array $changes = []): array
    {
        return $changes + ['address' => "$name@example.com", 'state' => 'active', 'plan' => 'basic', 'quota_bytes' => 1 << 30, 'used_bytes' => 100 << 20,
            'used_at' => '2026-11-29T03:00:00Z', 'delete_after' => null, 'aliases' => null, 'forwarding' => null];
    }

    /** @param list<array<string, mixed>> $boxes @param array<string, mixed> $more */
    protected static function bridge(array $boxes, mixed $hooks = null, array $more = []): void
    {
        $listed = Bridge::tells(['service_id' => '1042', 'seats' => 3, 'used' => count($boxes), 'suspended' => false, 'items' => $boxes, 'next' => null]);
        $status = Bridge::tells(['state' => 'active', 'aliases' => [], 'forwarding' => ['forward_to' => [], 'keep_copy' => true]]);
        Bridge::does($hooks ?? Bridge::ends('succeeded'), $more + ['service.mailboxes' => $listed, 'mailbox.status' => $status, 'domain.readiness' => Bridge::refuses(404), 'job' => Bridge::refuses(404)]);
    }

    /** @return array<string, mixed> */
    protected static function page(): array
    {
        return enombridge_ClientArea(Billing::params())['templateVariables'];
    }

    /** @param array<string, mixed> $fields @return list<array{kind: string, text: string}> what is said */
    protected static function sends(array $fields, ?array $params = null): array
    {
        $_SERVER['REQUEST_METHOD'] = 'POST';
        $_POST = ['enombridge' => $fields + ['proof' => Visitor::proof(Billing::SERVICE, Server::of(Billing::serverParams()))]];
        try {
            return enombridge_ClientArea($params ?? Billing::params())['templateVariables']['messages'];
        } finally {
            $_SERVER['REQUEST_METHOD'] = 'GET';
        }
    }

    protected static function hook(): Request
    {
        $hooks = Bridge::hooks();
        return end($hooks);
    }
}
