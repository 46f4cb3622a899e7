<?php

namespace EnomBridge\Tests;

/** All mailboxes of a server, for WHMCS's Server Sync. */
final class AccountsTest extends TestCase
{
    public function testThreePagesAreReadToTheEnd(): void
    {
        $item = fn (string $local, string $state = 'active') => ['address' => "$local@example.com", 'service_id' => '1', 'state' => $state, 'checked_at' => null];
        Bridge::says(
            Bridge::tells(['items' => [$item('a'), $item('b', 'suspended')], 'next' => 'b@example.com']),
            Bridge::tells(['items' => [$item('c', 'absent'), $item('d', 'unknown')], 'next' => 'd@example.com']),
            Bridge::tells(['items' => [$item('e')], 'next' => null]),
        );
        $found = enombridge_ListAccounts(Billing::serverParams());
        self::assertTrue($found['success']);
        self::assertSame(['a@example.com', 'b@example.com', 'e@example.com'], array_column($found['accounts'], 'username'));
        self::assertSame(['Active', 'Suspended', 'Active'], array_column($found['accounts'], 'status'));
        self::assertSame([[], ['after' => 'b@example.com'], ['after' => 'd@example.com']], array_map(fn (Request $request) => $request->data(), Bridge::$requests));
        self::assertSame('{}', json_encode(json_decode(Bridge::$requests[0]->body)->data), 'data is an object, also when it is empty');
        foreach ($found['accounts'] as $account) {
            self::assertSame(['name', 'email', 'username', 'domain', 'uniqueIdentifier', 'product', 'primaryip', 'created', 'status'], array_keys($account));
            self::assertSame('example.com', $account['domain']);
            self::assertMatchesRegularExpression('/\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\z/', $account['created']);
        }
    }

    public function testAFaultOnAnyPageIsTheWholeAnswer(): void
    {
        foreach ([Bridge::refuses(503, 'Paused.'), Bridge::refuses(401), Bridge::reply(200, '<html>'), Bridge::refuses(422, 'No.')] as $fault) {
            Bridge::says(Bridge::tells(['items' => [], 'next' => 'b@example.com']), $fault);
            $found = enombridge_ListAccounts(Billing::serverParams());
            self::assertSame([false, true], [$found['success'], $found['error'] !== '']);
            self::assertArrayNotHasKey('accounts', $found);
        }
    }

    public function testPagesThatGoRoundInCirclesEnd(): void
    {
        Bridge::says(Bridge::tells(['items' => [], 'next' => 'b@example.com']));
        self::assertTrue(enombridge_ListAccounts(Billing::serverParams())['success']);
        self::assertCount(2, Bridge::$requests);
    }

    public function testGarbageIsNoAccount(): void
    {
        foreach ([['items' => 7], ['items' => ['x', 7, null, [], ['address' => 7, 'state' => 'active'], ['address' => 'a@example.com', 'state' => ['active']]]], ['next' => 7], []] as $data) {
            Bridge::says(Bridge::tells($data));
            self::assertSame(['success' => true, 'accounts' => []], enombridge_ListAccounts(Billing::serverParams()));
        }
    }
}
