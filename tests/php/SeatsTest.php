<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Signature;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Hooks;
use WHMCS\Module\Server\Enombridge\Store;

/** A service that has the mailboxes of a domain: what is sent for it, and what its page shows. */
final class SeatsTest extends SeatsTestCase
{
    public function testCreateAsksNothingOfTheBridgeAndNamesTheService(): void
    {
        Billing::change(['domainstatus' => 'Pending', 'username' => 'examplec']);
        self::assertSame('success', Billing::run('CreateAccount'));
        self::assertSame([], Bridge::hooks());
        self::assertSame('example.com', Billing::row()->username);
        self::assertSame('example.com', enombridge_hookUsername());
        foreach ([[['domain' => ''], 'has no domain'], [['configoptions' => [], 'configoption14' => ''], 'No mailboxes were ordered']] as [$changes, $said]) {
            self::assertStringContainsString($said, enombridge_CreateAccount(Billing::params($changes)));
        }
    }

    public function testADomainOfAnotherClientStopsItUntilStaffSaysSo(): void
    {
        Capsule::table('tbldomains')->insert(['userid' => 8, 'domain' => 'example.com', 'status' => 'Active']);
        self::assertStringContainsString('registered here by client 8', Billing::run('CreateAccount'));
        $_SESSION = ['adminid' => 1];
        self::assertSame('success', enombridge_sendAnyway(Billing::params()));
        Machine::session('client');
        self::sends(['do' => 'add', 'local' => 'cay'] + self::GOOD);
        self::assertTrue(Bridge::hooks()[0]->data()['domain_confirmed']);
    }

    public function testTheWholeServiceIsOneHookWithoutAnAddress(): void
    {
        foreach (['SuspendAccount' => ['service.suspend', 'Suspended'], 'UnsuspendAccount' => ['service.unsuspend', 'Active'], 'TerminateAccount' => ['service.terminate', 'Terminated']] as $function => [$type, $status]) {
            Bridge::$requests = [];
            self::assertSame('success', Billing::run($function));
            self::assertSame($status, Billing::status());
            self::assertSame([$type, ['service_id' => '1042', 'customer_id' => '7']], [Bridge::hooks()[0]->type(), Bridge::hooks()[0]->data()]);
        }
    }

    public function testALateEndOfTheWholeServiceCompletesIt(): void
    {
        self::bridge([], Bridge::accepts());
        Billing::$more['suspendreason'] = 'Spam';
        self::assertStringContainsString('In progress', Billing::run('SuspendAccount'));
        self::assertSame('Spam', Bridge::hooks()[0]->data()['reason']);
        self::assertSame('Your mailboxes are being suspended.', self::page()['messages'][0]['text']);
        $receipt = ['action' => 'service.suspend', 'state' => 'suspended', 'mailboxes' => []] + $this->concludedOfService();
        unset($receipt['address']);
        self::assertSame(200, $this->called('job.succeeded', $receipt)[0]);
        self::assertSame('Suspended', Billing::status());
        self::assertNull($this->pending());
    }

    /** @return array<string, mixed> */
    private function concludedOfService(): array
    {
        $pending = $this->pending();
        return ['job' => 'job_01M83GXBYG0M6C9ZWDX804MBXK', 'hook' => $pending->id, 'service_id' => '1042', 'sequence' => 1, 'changed' => true,
            'verified' => ['suspension' => 'verified'], 'message' => 'Done.', 'error' => null, 'finished_at' => '2026-11-23T06:18:52Z'];
    }

    public function testWhatWasPaidMeanwhileIsTakenBackForTheWholeService(): void
    {
        $invoice = Billing::overdue();
        self::bridge([], Bridge::refuses(503));
        Machine::session('cron');
        Billing::run('SuspendAccount');
        Capsule::table('tblinvoices')->where('id', $invoice)->update(['status' => 'Paid']);
        Clock::$ahead = 120.0;
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertCount(1, Bridge::withdrawn());
        self::assertNull($this->pending());
        self::assertNotEmpty(preg_grep('/Suspend of example\.com was not done/', Billing::activityTexts()));
    }

    public function testALockOutOfOneIsForStaffAndSendsNoPassword(): void
    {
        Billing::change(['domainstatus' => 'Suspended']);
        self::bridge([], Bridge::fails('password_needed'));
        self::assertStringStartsWith('Failed', Billing::run('UnsuspendAccount'));
        self::assertCount(1, Bridge::hooks());
    }

    public function testTheServicesOwnPasswordIsNobodys(): void
    {
        $_SESSION['Language'] = 'german';
        self::assertStringStartsWith('Jedes Postfach hat sein eigenes Passwort', Billing::run('ChangePassword'));
        self::assertSame([], Bridge::hooks());
    }

    public function testAnAccountWithoutHostedEmailShowsNoFormForAliasesAndForwarding(): void
    {
        $set = self::box('bob', ['aliases' => ['sales@example.com'], 'forwarding' => ['forward_to' => ['a@example.net'], 'keep_copy' => true]]);
        $status = Bridge::tells(['state' => 'active', 'aliases' => null, 'forwarding' => null]);
        self::bridge([self::box('ann', ['state' => 'suspended']), $set], more: ['mailbox.status' => $status]);
        foreach ([self::page(), self::page()] as $page) {
            self::assertSame([[null, null], [null, null]], [array_column($page['mailboxes'], 'aliases'), array_column($page['mailboxes'], 'forward')]);
        }
        self::assertSame(['bob@example.com'], array_map(fn (Request $query) => $query->data()['address'], Bridge::queries('mailbox.status')), 'one of them, once for a while');
        self::assertStringNotContainsString('<textarea', EscapingTest::rendered($page));
        unset($_SESSION['enombridge_routing']);
        self::bridge([$set], more: ['mailbox.status' => Bridge::refuses(503)]);
        self::assertSame(['sales@example.com'], array_column(self::page()['mailboxes'], 'aliases'), 'nobody can say: as it is on record');
    }

    public function testABridgeThatKnowsNoAliasesShowsNoFormForThem(): void
    {
        $known = self::page()['mailboxes'][0];
        self::assertSame(['', ''], [$known['aliases'], $known['forward']]);
        self::bridge([array_diff_key(self::box('ann'), ['aliases' => 0, 'forwarding' => 0])]);
        $unknown = self::page()['mailboxes'][0];
        self::assertSame([null, null], [$unknown['aliases'], $unknown['forward']]);
        self::bridge([self::box('ann', ['aliases' => ['sales@example.com'], 'forwarding' => ['forward_to' => ['a+b@example.net', '<b>'], 'keep_copy' => false]])]);
        $set = self::page()['mailboxes'][0];
        self::assertSame(['sales@example.com', 'a+b@example.net', false], [$set['aliases'], $set['forward'], $set['copy']]);
    }

    public function testAMailboxOnItsWayOutSaysWhenAndKeepsItsSeat(): void
    {
        self::bridge([self::box('ann'), self::box('bob', ['state' => 'suspended', 'delete_after' => '2026-12-14T10:00:00Z'])]);
        $page = self::page();
        self::assertSame(['deleted', 'Will be deleted on 14 Dec 2026'], [$page['mailboxes'][1]['state'], $page['mailboxes'][1]['deleted']]);
        self::assertSame(['Mailboxes in use: 2 of 3', 1], [$page['seats']['text'], $page['seats']['free']]);
    }

    public function testADowngradeBelowWhatIsUsedNamesWhatToRemove(): void
    {
        Billing::$more['configoptions']['Mailboxes'] = 0;
        $said = Billing::run('ChangePackage');
        self::assertStringContainsString('2 mailboxes, and 1 are ordered now', $said);
        self::assertStringContainsString('remove 1 of these: ann@example.com, bob@example.com', $said);
        self::assertSame([], Bridge::hooks());
        Billing::$more['configoptions'] = ['Mailboxes' => 5, 'Mailbox size' => 'small'];
        self::bridge([self::box('ann', ['used_bytes' => 3 << 30]), self::box('bob')], more: ['connection.test' => Bridge::tells(['plans' => ['small' => ['quota_gb' => 2]]])]);
        self::assertStringEndsWith('remove: ann@example.com', Billing::run('ChangePackage'));
        self::assertSame([], Bridge::hooks());
    }

    public function testMoreMailboxesThanWereOrderedIsSaidToTheCustomer(): void
    {
        self::assertSame('', self::page()['seats']['over']);
        Billing::$more['configoptions']['Mailboxes'] = 0;
        foreach (['english' => 'You have 2 mailboxes and ordered 1. Remove 1 of them, or order more.', 'german' => 'Sie haben 2 Postfächer', 'spanish' => 'Tiene 2 buzones'] as $_SESSION['Language'] => $said) {
            $page = self::page();
            self::assertStringStartsWith($said, $page['seats']['over']);
            self::assertStringContainsString($page['seats']['over'], html_entity_decode(EscapingTest::rendered($page)));
        }
    }

    public function testWhatIsUnderWayHasALinkToLookAgain(): void
    {
        $link = '<a href="clientarea.php?action=productdetails&amp;id=1042">Reload this page</a>';
        self::assertStringNotContainsString($link, EscapingTest::rendered(self::page()));
        self::bridge([self::box('ann')], Bridge::accepts());
        self::sends(['do' => 'add', 'local' => 'cay'] + self::GOOD);
        self::page();
        self::assertStringContainsString($link, EscapingTest::rendered(self::page()), 'without JavaScript');
    }

    public function testTheWebmailAddressOfTheProductIsShown(): void
    {
        self::assertStringNotContainsString('webmail.example.com', EscapingTest::rendered(self::page()));
        Billing::configure([7 => 'https://webmail.example.com']);
        self::assertStringContainsString('<a href="https://webmail.example.com">https://webmail.example.com</a>', EscapingTest::rendered(self::page()));
    }

    public function testADomainWithoutAMailboxIsAnAccountOfTheServer(): void
    {
        Bridge::does('', ['mailbox.list' => Bridge::tells(['items' => [], 'next' => null])]);
        [$account] = enombridge_ListAccounts(Billing::serverParams())['accounts'];
        self::assertSame(['example.com', 'example.com', 'Active'], [$account['uniqueIdentifier'], $account['domain'], $account['status']]);
        Billing::change(['domainstatus' => 'Suspended']);
        self::assertSame('Suspended', enombridge_ListAccounts(Billing::serverParams())['accounts'][0]['status']);
        foreach ([['domainstatus' => 'Terminated'], ['domainstatus' => 'Active', 'username' => ''], ['username' => 'example.com', 'server' => 99]] as $changes) {
            Billing::change($changes);
            self::assertSame([], enombridge_ListAccounts(Billing::serverParams())['accounts']);
        }
    }

    public function testAChangeOfSizeIsSentForThoseThatHaveAnother(): void
    {
        Billing::$more['configoptions']['Mailbox size'] = 'large';
        $sizes = ['connection.test' => Bridge::tells(['plans' => ['large' => ['quota_gb' => 25]]])];
        self::bridge([self::box('ann'), self::box('bob', ['plan' => 'large'])], more: $sizes);
        self::assertSame('success', Billing::run('ChangePackage'));
        self::assertSame([['mailbox.change_plan', 'ann@example.com', 'large']], array_map(fn (Request $one) => [$one->type(), $one->data()['address'], $one->data()['plan']], Bridge::hooks()));
        self::bridge([self::box('ann')], Bridge::accepts(), $sizes);
        self::assertSame('Change Package is in progress, and completes by itself, for: ann@example.com', Billing::run('ChangePackage'));
        self::bridge([self::box('ann')], Bridge::fails('refused'), $sizes);
        self::assertSame('Change Package was not done for all mailboxes. ann@example.com: Enom refused it.', Billing::run('ChangePackage'));
    }

    public function testARenewalIsOfEachMailbox(): void
    {
        self::assertSame('success', Billing::run('Renew'));
        self::assertSame([['ann@example.com', '2030-01-31'], ['bob@example.com', '2030-01-31']], array_map(fn (Request $one) => [$one->data()['address'], $one->data()['until']], Bridge::hooks()));
    }

    public function testASingleMailboxStaysOneWhateverItsProductSellsNow(): void
    {
        Billing::configure([13 => 'mailbox']);
        Billing::change(['domainstatus' => 'Pending', 'username' => '']);
        Billing::run('CreateAccount');
        Billing::configure([13 => 'seats']);
        Bridge::$requests = [];
        Billing::run('SuspendAccount');
        self::assertSame('mailbox.suspend', Bridge::hooks()[0]->type());
        self::assertSame([], self::page()['seats']);
        self::assertSame('john@example.com', Record::of(Billing::SERVICE)->address);
        Billing::addService(1043, ['username' => 'box@example.com', 'domainstatus' => 'Active']);
        Bridge::$requests = [];
        Billing::run('SuspendAccount', 1043);
        self::assertSame('mailbox.suspend', Bridge::hooks()[0]->type(), 'taken over, and not heard of since');
    }

    public function testPagesOfMailboxesAreReadToTheEnd(): void
    {
        $pages = fn (Request $request) => Bridge::reply(200, ['type' => 'service.mailboxes', 'data' => isset($request->data()['after'])
            ? ['items' => [self::box('bob')], 'next' => null] : ['items' => [self::box('ann'), ['address' => '<b>'], self::box('old', ['state' => 'absent'])], 'next' => 'ann@example.com']]);
        self::bridge([], more: ['service.mailboxes' => $pages]);
        self::assertSame(['ann@example.com', 'bob@example.com'], array_column(self::page()['mailboxes'], 'address'));
    }

    public function testNothingOfTheBridgeOrAnOrderComesOutAsHtml(): void
    {
        $evil = '<script>alert("x")</script>';
        self::bridge([self::box('ann', ['state' => $evil, 'delete_after' => $evil, 'aliases' => [$evil], 'forwarding' => ['forward_to' => [$evil], 'keep_copy' => $evil]])]);
        $_SESSION['enombridge_remove'] = [Billing::SERVICE, $evil, \time()];
        $html = EscapingTest::rendered(enombridge_ClientArea(Billing::params(['domain' => $evil]))['templateVariables']);
        self::assertStringNotContainsString('<script>', $html);
    }

    public function testStaffIsToldOfAnotherDomainACancellationAndADeletion(): void
    {
        $last = fn (): string => (string) (array_slice(Billing::activityTexts(), -1)[0] ?? '');
        Hooks::cancellation(['relid' => Billing::SERVICE, 'type' => 'Immediate']);
        self::assertStringContainsString('The mailbox example.com stays until', $last());
        Billing::change(['domain' => 'example.net']);
        Hooks::edited(['serviceid' => Billing::SERVICE]);
        self::assertStringContainsString('stay in example.com; new ones are made in example.net', $last());
        Store::count(Billing::SERVICE, 2);
        Hooks::deleted(['serviceid' => Billing::SERVICE]);
        self::assertStringContainsString('it had 2 mailboxes', $last());
    }

    public function testNoClientPressesAButtonOfStaff(): void
    {
        foreach (['check', 'sendAgain', 'sendAnyway', 'moveHere', 'moveBack'] as $function) {
            self::assertStringContainsString('could not be accepted', ("enombridge_$function")(Billing::params()));
        }
        self::assertSame('', Record::of(Billing::SERVICE)->confirmed);
        self::assertSame([], Bridge::$requests);
    }

    public function testAMailAboutAFullMailboxIsSentForEachOfThem(): void
    {
        Billing::answer('SendEmail', fn () => ['result' => 'success']);
        Capsule::table('tblproducts')->where('id', 5)->update(['configoptionsupgrade' => '1']);
        $data = ['address' => 'bob@example.com', 'service_id' => '1042', 'plan' => 'basic', 'used_bytes' => 1 << 30, 'quota_bytes' => 1 << 30, 'percent' => 100, 'threshold' => 90];
        foreach (['ev_1' => $data, 'ev_2' => ['address' => 'mary@example.com'] + $data] as $id => $event) {
            $body = (string) json_encode(['type' => 'mailbox.nearly_full', 'timestamp' => '2026-11-23T06:18:52Z', 'data' => $event]);
            $this->posted($body, Signature::sign($id, Clock::now(), $body, Billing::SECRET), ['server' => (string) Billing::SERVER]);
        }
        self::assertCount(1, Billing::calls('SendEmail'));
        self::assertStringContainsString('upgrade.php?type=configoptions&amp;id=1042', Billing::calls('SendEmail')[0]['custommessage']);
    }
}

/** The user name that the module's hook gives a new service. */
function enombridge_hookUsername(): ?string
{
    return Hooks::username(['params' => Billing::params()]);
}
