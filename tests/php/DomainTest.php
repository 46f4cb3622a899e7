<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Record;
use WHMCS\Database\Capsule;

/** A domain is a client's: who the hook is for, and what stops a mailbox in a domain of another client. */
final class DomainTest extends TestCase
{
    private const OTHER = 8;

    protected function setUp(): void
    {
        parent::setUp();
        Bridge::says(Bridge::ends('succeeded'));
    }

    private static function registered(string $domain, int $client, string $status = 'Active'): void
    {
        Capsule::table('tbldomains')->insert(['userid' => $client, 'domain' => $domain, 'status' => $status]);
    }

    /** A service of the client with this mailbox. @param array<string, mixed> $values */
    private static function mailbox(string $address, int $client, array $values = []): void
    {
        Billing::addService(2000, $values + ['userid' => $client, 'username' => $address, 'domainstatus' => 'Active']);
    }

    public function testEveryHookSaysWhoseTheServiceIs(): void
    {
        foreach (['CreateAccount', 'SuspendAccount', 'UnsuspendAccount', 'ChangePassword', 'ChangePackage', 'Renew', 'TerminateAccount'] as $function) {
            Billing::run($function);
            self::assertSame('7', Bridge::last()->data()['customer_id'], $function);
        }
        $calls = count(Bridge::$requests);
        Bridge::says(Bridge::refuses(503));
        Billing::run('CreateAccount');
        Clock::pass(120);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame('7', Bridge::hooks()[$calls + 1]->data()['customer_id'], 'and so does what is repeated');
    }

    /** @return iterable<string, array{callable(): void, ?string}> what is there, and what is said; null: it is created */
    public static function holders(): iterable
    {
        $registered = fn (string $domain, int $client, string $status = 'Active') => fn () => self::registered($domain, $client, $status);
        $mailbox = fn (string $address, int $client, array $values = []) => fn () => self::mailbox($address, $client, $values);
        $both = fn (callable ...$all) => fn () => array_map(fn (callable $one) => $one(), $all);
        yield 'nobody' => [fn () => null, null];
        yield 'registered by another' => [$registered('example.com', self::OTHER), 'The domain example.com is registered here by client 8.'];
        yield 'in its redemption' => [$registered('example.com', self::OTHER, 'Redemption'), 'registered here by client 8'];
        yield 'no longer registered' => [$registered('example.com', self::OTHER, 'Cancelled'), null];
        yield 'ordered by another, not registered' => [$registered('example.com', self::OTHER, 'Pending'), null];
        yield 'another domain of another' => [$registered('example.net', self::OTHER), null];
        yield 'a longer name of another' => [$registered('my-example.com', self::OTHER), null];
        yield 'a mailbox of another' => [$mailbox('alice@example.com', self::OTHER), 'Client 8 has a mailbox in example.com (service 2000).'];
        yield 'a suspended mailbox of another' => [$mailbox('alice@example.com', self::OTHER, ['domainstatus' => 'Suspended']), 'Client 8 has a mailbox'];
        yield 'one of another that was taken over' => [$mailbox('alice', self::OTHER, ['domain' => 'example.com']), 'Client 8 has a mailbox'];
        yield 'a domain that it typed itself' => [$both($mailbox('x@example.net', Billing::CLIENT, ['domain' => 'example.com']), $registered('example.com', self::OTHER)), 'client 8'];
        yield 'an order of another' => [$mailbox('alice@example.com', self::OTHER, ['domainstatus' => 'Pending']), null];
        yield 'a mailbox of another module' => [$mailbox('alice@example.com', self::OTHER, ['packageid' => 6]), null];
        yield 'a mailbox of another domain' => [$mailbox('alice@example.community', self::OTHER), null];
        yield 'a mailbox of its own' => [$mailbox('alice@example.com', Billing::CLIENT), null];
        yield 'registered by itself' => [$registered('example.com', Billing::CLIENT), null];
        yield 'both have it' => [$both($mailbox('alice@example.com', self::OTHER), $registered('example.com', Billing::CLIENT)), null];
        yield 'an order of its own is no claim' => [$both($mailbox('alice@example.com', Billing::CLIENT, ['domainstatus' => 'Pending']), $registered('example.com', self::OTHER)), 'client 8'];
        yield 'a registration of its own that is not there yet' => [$both($registered('example.com', Billing::CLIENT, 'Pending'), $registered('example.com', self::OTHER)), 'client 8'];
    }

    /** @param callable(): void $holds @dataProvider holders */
    public function testAMailboxInADomainOfAnotherClientIsStopped(callable $holds, ?string $why): void
    {
        Capsule::table('tblproducts')->insert(['id' => 6, 'servertype' => 'cpanel']);
        $holds();
        $said = Billing::run('CreateAccount');
        if ($why === null) {
            self::assertSame('success', $said);
            return;
        }
        self::assertStringContainsString($why, $said);
        self::assertStringContainsString('press "Send anyway"', $said);
        $this->assertNoCall();
        self::assertNull($this->pending());
        self::assertSame('Pending', Billing::status());
        Billing::run('CreateAccount');
        self::assertCount(1, Billing::calls('OpenTicket'), 'staff is told once');
        self::assertStringContainsString($why, Billing::calls('OpenTicket')[0]['message']);
        Billing::configure([12 => 'off']);
        self::assertSame('success', Billing::run('CreateAccount'));
    }

    public function testWhatTheBridgeConfirmedCountsWhateverTheServiceIsCalled(): void
    {
        Billing::addService(2000, ['userid' => self::OTHER]);
        Billing::run('CreateAccount', 2000);
        Billing::change(['username' => 'renamed', 'domainstatus' => 'Cancelled'], 2000);
        self::assertStringContainsString('Client 8 has a mailbox in example.com', Billing::run('CreateAccount'));
    }

    public function testASubdomainBelongsToWhoHasTheDomain(): void
    {
        self::registered('example.com', self::OTHER);
        Billing::$more = ['customfields' => ['Mailbox address' => 'ceo@mail.example.com']];
        self::assertStringContainsString('client 8', Billing::run('CreateAccount'));
        Capsule::table('tbldomains')->update(['userid' => Billing::CLIENT]);
        self::assertSame('success', Billing::run('CreateAccount'));
    }

    public function testADomainIsTheSameInEachSpelling(): void
    {
        foreach (['münchen.example', 'xn--mnchen-3ya.example'] as $stored) {
            foreach (['info@münchen.example', 'info@MÜNCHEN.example', 'info@xn--mnchen-3ya.example'] as $typed) {
                Capsule::table('tbldomains')->delete();
                self::registered($stored, self::OTHER);
                Billing::$more = ['customfields' => ['Mailbox address' => $typed]];
                self::assertStringContainsString('client 8', Billing::run('CreateAccount'), "$stored $typed");
            }
        }
    }

    public function testItMayHaveToBeRegisteredHere(): void
    {
        Billing::configure([12 => 'registered']);
        self::assertStringContainsString('The domain example.com is not registered here by this client.', Billing::run('CreateAccount'));
        self::mailbox('alice@example.com', Billing::CLIENT);
        self::assertStringContainsString('is not registered here by this client', Billing::run('CreateAccount'));
        self::registered('example.com', self::OTHER);
        self::assertStringContainsString('is not registered here by this client', Billing::run('CreateAccount'));
        self::registered('example.com', Billing::CLIENT);
        self::assertSame('success', Billing::run('CreateAccount'));
    }

    public function testOddNamesStopNothingAndBreakNothing(): void
    {
        self::mailbox('alice@example.com', self::OTHER);
        foreach (['x@%', 'x@%.com', 'x@example_com', 'x@\\', 'x@.', 'x@', 'x@a b.com', str_repeat('é', 300) . '@' . str_repeat('ü', 300) . '.example'] as $typed) {
            Billing::$more = ['customfields' => ['Mailbox address' => $typed]];
            self::assertStringNotContainsString('Send anyway', Billing::run('CreateAccount'), $typed);
        }
        self::assertUnexpectedNothing();
    }

    public function testOnlyANewMailboxIsStopped(): void
    {
        Billing::run('CreateAccount');
        self::registered('example.com', self::OTHER);
        foreach (['SuspendAccount', 'UnsuspendAccount', 'ChangePassword', 'ChangePackage', 'Renew', 'CreateAccount', 'TerminateAccount'] as $function) {
            self::assertSame('success', Billing::run($function), $function);
        }
        self::assertStringContainsString('client 8', Billing::run('CreateAccount'));
    }

    public function testStaffMaySendItAnyway(): void
    {
        self::registered('example.com', self::OTHER);
        Billing::run('CreateAccount');
        Billing::$activities = [];
        Machine::session('admin');
        self::assertSame('success', enombridge_sendAnyway(Billing::params()));
        self::assertTrue(Bridge::last()->data()['domain_confirmed']);
        self::assertSame('Active', Billing::status());
        self::assertSame('enom-bridge: Staff (admin 1) pressed "Send anyway": client 7 may have mailboxes in example.com. - Service ID: 1042', Billing::activityTexts()[0]);
    }

    public function testWhatTheBridgeHoldsBecauseOfTheDomainIsSentAnywayAsANewEvent(): void
    {
        Bridge::says(Bridge::ends('held', ['error' => ['code' => 'domain_of_another']]));
        self::assertStringContainsString('Another customer has mailboxes in this domain.', Billing::run('CreateAccount'));
        self::assertArrayNotHasKey('domain_confirmed', Bridge::last()->data());
        Bridge::says(Bridge::accepts());
        Machine::session('admin');
        enombridge_sendAnyway(Billing::params());
        self::assertNotSame(Bridge::$requests[0]->id(), Bridge::last()->id());
        self::assertTrue(Bridge::last()->data()['domain_confirmed']);
        Clock::pass(120);
        self::assertSame(Bridge::last()->data(), $this->pending()->body(), 'what is repeated is confirmed as well');
    }

    public function testAConfirmationIsForThatDomain(): void
    {
        self::registered('example.com', self::OTHER);
        self::registered('example.net', self::OTHER);
        enombridge_sendAnyway(Billing::params());
        Billing::run('TerminateAccount');
        Billing::$more = ['customfields' => ['Mailbox address' => 'john@example.net']];
        self::assertStringContainsString('example.net is registered here by client 8', Billing::run('CreateAccount'));
    }

    public function testWhereNothingIsStoppedNothingIsConfirmed(): void
    {
        self::assertSame('There is nothing to send: this service was not stopped because of its domain.', enombridge_sendAnyway(Billing::params()));
        $this->assertNoCall();
        self::assertSame('', Record::of(Billing::SERVICE)->confirmed);
    }
}
