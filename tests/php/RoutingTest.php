<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Text;
use WHMCS\Module\Server\Enombridge\Server;
use WHMCS\Module\Server\Enombridge\Visitor;

/** Further addresses and forwarding of a mailbox that is sold alone: what its page shows, what is sent, and for whom. */
final class RoutingTest extends TestCase
{
    private const BOX = 'john@example.com';
    private const ALIASES = ['do' => 'aliases', 'aliases' => 'sales'];
    private const FORWARDING = ['do' => 'forwarding', 'forward' => 'a@example.net', 'copy' => 'on'];
    private const STATUS = ['state' => 'active', 'aliases' => ['info@example.com'], 'forwarding' => ['forward_to' => ['b@example.net', '<b>'], 'keep_copy' => false]];

    protected function setUp(): void
    {
        parent::setUp();
        Machine::session('client');
        self::bridge();
        Billing::run('CreateAccount');
        Bridge::$requests = Billing::$activities = [];
    }

    /** @param ?array<string, mixed> $status null: it cannot say */
    private static function bridge(?array $status = self::STATUS, mixed $hooks = null, mixed $job = null): void
    {
        $told = $status === null ? Bridge::refuses(503) : Bridge::tells($status);
        Bridge::does($hooks ?? Bridge::ends('succeeded'), ['mailbox.status' => $told, 'domain.readiness' => Bridge::refuses(404), 'job' => $job ?? Bridge::refuses(404)]);
    }

    /** @return array<string, mixed> */
    private static function page(): array
    {
        return enombridge_ClientArea(Billing::params())['templateVariables'];
    }

    /** @return list<mixed> */
    private static function shown(): array
    {
        $mailbox = self::page()['mailboxes'][0];
        return [$mailbox['aliases'], $mailbox['forward'], $mailbox['copy']];
    }

    /** @param array<string, string> $fields @param ?array<string, mixed> $params @return list<array{kind: string, text: string}> what is said */
    private static function sends(array $fields, ?array $params = null): array
    {
        $_SERVER['REQUEST_METHOD'] = 'POST';
        $_POST = ['enombridge' => $fields + ['mailbox' => self::BOX, 'proof' => Visitor::proof(Billing::SERVICE, Server::of(Billing::serverParams()))]];
        try {
            return enombridge_ClientArea($params ?? Billing::params())['templateVariables']['messages'];
        } finally {
            $_SERVER['REQUEST_METHOD'] = 'GET';
        }
    }

    public function testTheFormsBeginWithWhatIsAtEnomNow(): void
    {
        self::assertSame(['info@example.com', 'b@example.net', false], self::shown());
        self::page();
        self::assertSame([['service_id' => '1042', 'address' => self::BOX]], array_map(fn (Request $query) => $query->data(), Bridge::queries('mailbox.status')), 'asked once for a while');
        $html = EscapingTest::rendered(self::page());
        self::assertStringContainsString('value="aliases"', $html);
        self::assertStringContainsString('value="forwarding"', $html);
        self::assertStringNotContainsString('value="remove"', $html);
        self::assertStringContainsString('<summary>Manage', $html);
    }

    /** @return iterable<string, array{callable(): void}> */
    public static function without(): iterable
    {
        yield 'no hosted email' => [fn () => self::bridge(['aliases' => null, 'forwarding' => null] + self::STATUS)];
        yield 'a bridge of before there were any' => [fn () => self::bridge(['state' => 'active'])];
        yield 'nobody can say' => [fn () => self::bridge(null)];
        yield 'it is not at Enom' => [fn () => self::bridge(['state' => 'absent'] + self::STATUS)];
        yield 'it is suspended' => [fn () => Billing::change(['domainstatus' => 'Suspended'])];
        yield 'a suspension is on its way' => [function (): void {
            self::bridge(hooks: Bridge::accepts());
            Billing::run('SuspendAccount');
        }];
    }

    /** @param callable(): void $happens @dataProvider without */
    public function testWhereTheyAreNotAvailableThereIsNoForm(callable $happens): void
    {
        $happens();
        self::assertSame([null, null, true], self::shown());
        self::assertStringNotContainsString('<textarea', EscapingTest::rendered(self::page()));
        self::assertStringNotContainsString('Manage', EscapingTest::rendered(self::page()));
    }

    public function testBothAreSentWholeAndShownAsTheyAreThen(): void
    {
        self::page();
        self::assertSame('The further addresses of john@example.com are set.', self::sends(self::ALIASES)[0]['text']);
        [$hook] = Bridge::hooks();
        self::assertSame(['mailbox.set_aliases', ['service_id' => '1042', 'address' => self::BOX, 'aliases' => ['sales@example.com'], 'customer_id' => '7']], [$hook->type(), $hook->data()]);
        self::bridge(['aliases' => ['sales@example.com']] + self::STATUS);
        self::sends(self::FORWARDING);
        $hook = Bridge::hooks()[1];
        self::assertSame(['mailbox.set_forwarding', ['a@example.net'], true], [$hook->type(), $hook->data()['forward_to'], $hook->data()['keep_copy']]);
        self::assertSame('sales@example.com', self::shown()[0], 'not what the session had');
        self::assertSame('Active', Billing::status());
        self::assertNull($this->pending());
    }

    public function testWhatIsUnderWaySaysSoAndTellsItsEndOnceInEachLanguage(): void
    {
        foreach (['english', 'german', 'spanish'] as $_SESSION['Language']) {
            $lines = Text::lines($_SESSION['Language']) + Text::lines('english');
            foreach ([self::ALIASES, self::FORWARDING] as $form) {
                self::bridge(hooks: Bridge::accepts());
                $going = strtr($lines["going_$form[do]"], ['{address}' => self::BOX]);
                self::assertSame([['kind' => 'info', 'text' => $going]], self::sends($form));
                self::page();
                $page = self::page();
                self::assertSame([true, [['kind' => 'info', 'text' => $going]]], [$page['busy'], $page['messages']]);
                $hooks = Bridge::hooks();
                $hook = end($hooks);
                $ends = ['succeeded' => "done_$form[do]", 'failed' => "failed_$form[do]"];
                $status = $form === self::ALIASES ? 'failed' : 'succeeded';
                $receipt = ['error' => $status === 'failed' ? ['code' => 'address_taken', 'message' => 'English.'] : null] + Bridge::receipt($hook, $status);
                self::bridge(['aliases' => ['new@example.com']] + self::STATUS, job: Bridge::tells($receipt));
                $page = self::page();
                $said = strtr($lines[$ends[$status]], ['{address}' => self::BOX, '{why}' => $lines['client_code_address_taken']]);
                self::assertSame([$said], array_column($page['messages'], 'text'));
                self::assertSame('new@example.com', $page['mailboxes'][0]['aliases'], 'asked again after an end');
                self::assertSame([], self::page()['messages']);
            }
        }
    }

    public function testWhatCannotBeIsSaidAndNotSent(): void
    {
        self::assertStringContainsString('must be in example.com', self::sends(['aliases' => 'a@example.net'] + self::ALIASES)[0]['text']);
        self::assertStringContainsString('20 at most', self::sends(['forward' => 'nobody'] + self::FORWARDING)[0]['text']);
        self::assertSame([], Bridge::hooks());
        self::bridge(hooks: Bridge::accepts());
        Billing::run('SuspendAccount');
        Bridge::$requests = [];
        self::assertStringContainsString('being changed right now', self::sends(self::ALIASES)[0]['text']);
        self::assertSame([], Bridge::hooks());
    }

    public function testWithoutHostedEmailAFormOfBeforeEndsWithAReason(): void
    {
        $error = ['code' => 'unsupported', 'message' => 'English.'];
        self::bridge(hooks: Bridge::ends('failed', ['error' => $error]));
        $why = Text::lines('english')['client_code_unsupported'];
        self::assertSame("The further addresses of john@example.com were not changed. $why", self::sends(self::ALIASES)[0]['text']);
    }

    /** @return iterable<string, array{array<string, string>}> */
    public static function forms(): iterable
    {
        yield 'aliases' => [self::ALIASES];
        yield 'forwarding' => [self::FORWARDING];
        foreach (['add', 'webmail', 'remove', 'remove_sure'] as $do) {
            yield "$do, of the mailboxes of a domain" => [['do' => $do]];
        }
    }

    /** @param array<string, string> $form @dataProvider forms */
    public function testAnothersIdsChangeNothing(array $form): void
    {
        $strangers = [
            'another client' => [['uid' => 8], [], []], 'nobody' => [[], [], []], 'staff' => [['adminid' => 1], [], []],
            'another client, whom WHMCS believes' => [['uid' => 8], [], ['userid' => 8]], 'a forged form' => [['uid' => Billing::CLIENT], ['proof' => 'x'], []],
            'the mailbox of another service' => [['uid' => Billing::CLIENT], ['mailbox' => 'mary@example.com'], []],
            'no mailbox' => [['uid' => Billing::CLIENT], ['mailbox' => ''], []],
        ];
        foreach ($strangers as $who => [$session, $changes, $params]) {
            Billing::$activities = [];
            $_SESSION = $session;
            self::sends($changes + $form, $params + Billing::params());
            self::assertSame([], Bridge::hooks(), $who);
            self::assertNotEmpty(preg_grep("/Refused on the customer's page/", Billing::activityTexts()), $who);
        }
    }

    public function testWhatIsOfADomainIsRefusedForASingleMailbox(): void
    {
        foreach (['add', 'webmail', 'remove', 'remove_sure'] as $do) {
            self::assertStringStartsWith('This could not be accepted', self::sends(['do' => $do, 'local' => 'cay', 'sure' => 'on'])[0]['text']);
        }
        self::assertSame([], Bridge::hooks());
        self::assertSame([], Bridge::queries('mailbox.sign_in'));
    }
}
