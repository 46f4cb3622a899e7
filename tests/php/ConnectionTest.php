<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Connection;
use EnomBridge\Kit\Fault;

/** The test button of a server, and the list of plans. */
final class ConnectionTest extends TestCase
{
    private const GOOD = ['version' => Connection::VERSION, 'clock_skew' => 1, 'account' => ['reachable' => true, 'problem' => null, 'paused' => null],
        'plans' => ['basic' => ['quota_gb' => 5], 'large' => ['quota_gb' => 50], '12' => ['quota_gb' => 1]]];

    public function testAGoodOneIsASuccess(): void
    {
        Bridge::says(Bridge::tells(self::GOOD));
        self::assertSame(['success' => true, 'error' => ''], enombridge_TestConnection(Billing::serverParams()));
        self::assertSame('/query/source-3', Bridge::last()->path);
        self::assertSame(['sender' => 'whmcs ' . Connection::VERSION], json_decode(Bridge::last()->body, true)['data']);
    }

    /** @return iterable<string, array{mixed, string}> */
    public static function faults(): iterable
    {
        $tells = fn (array $changes) => Bridge::tells($changes + self::GOOD);
        yield 'clock ahead' => [$tells(['clock_skew' => 61]), '61 s apart'];
        yield 'clock behind' => [$tells(['clock_skew' => -250]), '250 s apart'];
        yield 'account paused' => [$tells(['account' => ['reachable' => true, 'paused' => 'credentials']]), 'paused: Enom refuses its login.'];
        yield 'account away' => [$tells(['account' => ['reachable' => false, 'problem' => 'ip_not_allowed', 'paused' => null]]), 'Enom account does not work: the address'];
        yield 'account in words' => [$tells(['account' => 'fine']), 'work: the reason is not known to this module.'];
        yield 'nothing in it' => [Bridge::tells([]), 'Enom account does not work'];
        yield 'an older bridge' => [$tells(['version' => '0.0.9']), 'it is version 0.0.9 and this module is ' . Connection::VERSION . '. Update the bridge'];
        yield 'a newer bridge' => [$tells(['version' => '7.0.0']), 'it is version 7.0.0 and this module is ' . Connection::VERSION . '. Update the module'];
        yield 'a version in a list' => [$tells(['version' => ['x']]), 'it is version ?'];
        yield 'not signed' => [Bridge::refuses(401), 'refused the signature'];
        yield 'not this question' => [Bridge::refuses(422, 'Not valid.'), 'The request has invalid values'];
        yield 'paused source' => [Bridge::refuses(503, 'The database is away.'), 'does not accept requests right now'];
        yield 'another program' => [Bridge::reply(200, '<html>It works!</html>'), 'other than the bridge answered (HTTP 200)'];
        yield 'another JSON' => [Bridge::reply(200, ['hello' => 'world']), 'other than the bridge answered (HTTP 200)'];
        yield 'a redirect' => [Bridge::reply(301, '', ['location' => 'https://example.com/']), 'other than the bridge answered (HTTP 301)'];
        yield 'no answer' => ['', 'cannot be reached'];
    }

    /** @dataProvider faults */
    public function testEachFaultIsNamed(mixed $answer, string $named): void
    {
        Bridge::says($answer);
        $found = enombridge_TestConnection(Billing::serverParams());
        self::assertFalse($found['success']);
        self::assertStringContainsString($named, $found['error']);
    }

    /** @return iterable<string, array{array<string, mixed>, string}> */
    public static function settings(): iterable
    {
        yield 'no host' => [['serverhostname' => '', 'serverip' => ''], 'needs a hostname'];
        yield 'no source' => [['serverusername' => ' '], 'needs a hostname'];
        yield 'no secret' => [['serverpassword' => ''], 'needs a hostname'];
        yield 'an address with a scheme' => [['serverhostname' => 'https://bridge.example.com'], 'without https://'];
        yield 'an address with a path' => [['serverhostname' => 'bridge.example.com/x'], 'Hostname: only the name'];
        yield 'a user in the host' => [['serverhostname' => 'user@bridge.example.com'], 'Hostname: only the name'];
        yield 'a source with a path' => [['serverusername' => '../admin'], 'Username: the name of the source'];
        yield 'in clear over the net' => [['serverhostname' => 'bridge.example.com', 'serversecure' => false], 'Switch SSL on'];
        yield 'in clear to what looks like here' => [['serverhostname' => '127.0.0.1.example.com', 'serversecure' => false], 'Switch SSL on'];
        yield 'a secret of another form' => [['serverpassword' => 'hunter2'], 'begins with whsec_'];
    }

    /** @param array<string, mixed> $changes @dataProvider settings */
    public function testEachFaultOfTheSettingsIsNamedWithoutACall(array $changes, string $named): void
    {
        $found = enombridge_TestConnection($changes + Billing::serverParams());
        self::assertFalse($found['success']);
        self::assertStringContainsString($named, $found['error']);
        $this->assertNoCall();
    }

    public function testTheIpStandsInForAMissingHostname(): void
    {
        Bridge::says(Bridge::tells(self::GOOD));
        self::assertTrue(enombridge_TestConnection(['serverhostname' => '', 'serverip' => '127.0.0.1'] + Billing::serverParams())['success']);
    }

    public function testPlansAreNamesWithTheirSizes(): void
    {
        Bridge::says(Bridge::tells(self::GOOD));
        self::assertSame(['' => 'Default size of the provider', 'basic' => 'basic (5 GB)', 'large' => 'large (50 GB)', 12 => '12 (1 GB)'], enombridge_plans(Billing::serverParams()));
        foreach ([['plans' => 'many'], ['plans' => null], ['plans' => []]] as $data) {
            Bridge::says(Bridge::tells($data));
            self::assertCount(1, enombridge_plans(Billing::serverParams()));
        }
        Bridge::says(Bridge::tells(['plans' => ['a' => 7, 'b' => ['quota_gb' => ['x']]]]));
        self::assertSame('a (0 GB)', enombridge_plans(Billing::serverParams())['a']);
    }

    public function testTheListOfPlansThrowsAsALoaderMust(): void
    {
        foreach ([[], Billing::serverParams()] as $params) {
            Bridge::says(Bridge::refuses(503, 'Away.'));
            try {
                enombridge_plans($params);
                self::fail('nothing was thrown');
            } catch (Fault $fault) {
                self::assertNotSame('', $fault->getMessage());
            }
        }
    }
}
