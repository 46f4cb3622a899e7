<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Signature;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Visitor;
use WHMCS\Module\Server\Enombridge\Server;

/** The customer's page: what it shows, what its forms do, and for whom. */
final class PageTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        Machine::session('client');
        Bridge::does(Bridge::ends('succeeded'), ['domain.readiness' => Bridge::refuses(404), 'job' => Bridge::refuses(404)]);
        Billing::run('CreateAccount');
        Bridge::$requests = Billing::$activities = Billing::$api = [];
    }

    /** @param array<string, mixed> $changes @return array<string, mixed> */
    private static function page(array $changes = []): array
    {
        return enombridge_ClientArea(Billing::params($changes))['templateVariables'];
    }

    /** @param array<string, mixed> $fields @return array<string, mixed> the page after a form was sent */
    private static function sends(array $fields, ?array $params = null): array
    {
        $bridge = Server::of(Billing::serverParams());
        $_SERVER['REQUEST_METHOD'] = 'POST';
        $_POST = ['enombridge' => $fields + ['proof' => Visitor::proof(Billing::SERVICE, $bridge), 'mailbox' => 'john@example.com', 'do' => 'password']];
        try {
            return enombridge_ClientArea($params ?? Billing::params())['templateVariables'];
        } finally {
            $_SERVER['REQUEST_METHOD'] = 'GET';
        }
    }

    private const NEW = ['password' => 'Another-Pass.02', 'again' => 'Another-Pass.02'];

    public function testANewPasswordIsSetAndKept(): void
    {
        $page = self::sends(self::NEW);
        self::assertSame([['kind' => 'success', 'text' => 'The new password of john@example.com is set.']], $page['messages']);
        self::assertSame('Another-Pass.02', Bridge::hooks()[0]->data()['password']);
        self::assertSame('Another-Pass.02', Billing::unseal(Billing::row()->password));
        self::assertSame(['303 Location: clientarea.php?action=productdetails&id=1042'], Machine::$headers);
        self::assertSame($page['messages'], self::page()['messages'], 'the page that the browser asks for next says it');
        self::assertSame([], self::page()['messages'], 'once');
    }

    public function testWhereThePageIsOnItsWayAlreadyItSaysItItself(): void
    {
        Machine::$sent = true;
        self::assertSame('success', self::sends(self::NEW)['messages'][0]['kind']);
        self::assertSame([[], []], [Machine::$headers, self::page()['messages']]);
    }

    public function testAPasswordThatIsUnderWaySaysSoAndTellsItsEndOnce(): void
    {
        Bridge::does(Bridge::accepts(), ['domain.readiness' => Bridge::refuses(404), 'job' => Bridge::refuses(404)]);
        $page = self::sends(self::NEW);
        self::assertSame('info', $page['messages'][0]['kind']);
        self::page();
        $page = self::page();
        self::assertTrue($page['busy']);
        self::assertSame(['Your new password is being set. Until then the old one is valid.'], $page['mailboxes'][0]['doing']);
        $pending = $this->pending(about: 'password');
        Bridge::does(Bridge::accepts(), ['domain.readiness' => Bridge::refuses(404), 'job' => Bridge::stands('succeeded', $pending)]);
        $page = self::page();
        self::assertFalse($page['busy']);
        self::assertSame([['kind' => 'success', 'text' => 'The new password of john@example.com is set.']], $page['messages']);
        self::assertSame('Another-Pass.02', Billing::unseal(Billing::row()->password));
        self::assertSame([], self::page()['messages']);
    }

    public function testAnEndThatIsNotGoodNamesTheReasonInTheCustomersLanguage(): void
    {
        $_SESSION['Language'] = 'german';
        Bridge::does(Bridge::accepts(), ['job' => Bridge::refuses(404)]);
        self::sends(self::NEW);
        self::page();
        $error = ['code' => 'password_rejected', 'message' => 'English.', 'detail' => 'English.'];
        $stands = Bridge::stands('failed', $this->pending(about: 'password'), ['error' => $error]);
        Bridge::does(Bridge::accepts(), ['job' => $stands]);
        $messages = self::page()['messages'];
        self::assertSame('danger', $messages[0]['kind']);
        self::assertStringStartsWith('Das Passwort von john@example.com wurde nicht geändert. Das Passwort wurde nicht angenommen.', $messages[0]['text']);
        self::assertStringNotContainsString('English', $messages[0]['text']);
    }

    public function testAHeldOneIsBeingChecked(): void
    {
        Bridge::does(Bridge::ends('held'), ['job' => Bridge::refuses(404)]);
        self::sends(self::NEW);
        self::page();
        self::assertSame(['We have to check this first. You do not have to do anything.'], self::page()['mailboxes'][0]['doing']);
    }

    public function testTwoPasswordsThatDifferChangeNothing(): void
    {
        foreach ([['password' => 'Another-Pass.02', 'again' => 'Another-Pass.03'], ['password' => '', 'again' => ''], ['password' => ['x'], 'again' => ['x']]] as $fields) {
            self::assertSame('The two passwords are not the same. Nothing was changed.', self::sends($fields)['messages'][0]['text']);
        }
        self::assertSame([], Bridge::hooks());
    }

    /** @return iterable<string, array{callable(): array<string, mixed>}> */
    public static function strangers(): iterable
    {
        $as = function (array $session, array $fields = [], array $params = []): callable {
            return function () use ($session, $fields, $params): array {
                $_SESSION = $session;
                return PageTest::sends($fields + self::NEW, $params + Billing::params());
            };
        };
        yield 'another client' => [$as(['uid' => 8])];
        yield 'nobody' => [$as([])];
        yield 'staff without the client' => [$as(['adminid' => 1])];
        yield 'another client, who says that it is theirs' => [$as(['uid' => 8], [], ['userid' => 8])];
        yield "the mailbox of another service" => [$as(['uid' => Billing::CLIENT], ['mailbox' => 'mary@example.com'])];
        yield 'no mailbox' => [$as(['uid' => Billing::CLIENT], ['mailbox' => ''])];
        yield 'a form that is not ours' => [$as(['uid' => Billing::CLIENT], ['proof' => 'x'])];
        yield 'a form of nowhere' => [$as(['uid' => Billing::CLIENT], ['proof' => ''])];
        yield 'an action that there is not' => [$as(['uid' => Billing::CLIENT], ['do' => 'terminate'])];
    }

    /** @dataProvider strangers */
    public function testWhatIsNotTheirsIsRefusedAndWrittenDown(callable $sends): void
    {
        $page = $sends();
        self::assertSame([], Bridge::hooks(), 'nothing was sent');
        self::assertSame([], Billing::calls('ModuleChangePw'));
        self::assertSame('Sample-Pass.01', Billing::unseal(Billing::row()->password));
        $isKnown = ($_SESSION['uid'] ?? 0) === Billing::CLIENT;
        $isUnknownAction = $_POST['enombridge']['do'] !== 'password';
        if (!$isUnknownAction) {
            self::assertNotEmpty(preg_grep('/^enom-bridge: Refused on the customer/', Billing::activityTexts()));
        }
        self::assertSame($isKnown ? ['john@example.com'] : ($_SESSION['adminid'] ?? 0 ? ['john@example.com'] : []), array_column($page['mailboxes'], 'address'));
    }

    public function testAnotherClientSeesAndOpensNothing(): void
    {
        $_SESSION = ['uid' => 8];
        self::assertSame([], self::page()['mailboxes']);
        self::assertSame([], self::page(['userid' => 8])['mailboxes'], 'whatever WHMCS would hand over');
        self::assertFalse(enombridge_ServiceSingleSignOn(Billing::params())['success']);
        self::assertSame('This could not be accepted. Please reload the page and try again.', enombridge_ChangePassword(Billing::params()));
        self::assertSame([], Bridge::$requests);
        self::assertCount(4, preg_grep('/client 8 asked for something/', Billing::activityTexts()));
        $_SESSION = ['uid' => Billing::CLIENT];
        self::assertNotSame([], self::page()['mailboxes']);
    }

    public function testAProofIsOfOneServiceAndOneClient(): void
    {
        $bridge = Server::of(Billing::serverParams());
        $mine = Visitor::proof(Billing::SERVICE, $bridge);
        self::assertNotSame($mine, Visitor::proof(Billing::SERVICE + 1, $bridge));
        $_SESSION = ['uid' => 8];
        self::assertNotSame($mine, Visitor::proof(Billing::SERVICE, $bridge));
    }

    public function testUsageIsABarWithItsDayAndAWarning(): void
    {
        self::assertSame([], self::page()['mailboxes'][0]['usage'], 'nobody has counted yet');
        Billing::change(['diskusage' => 1536, 'disklimit' => 10240, 'lastupdate' => '2026-11-29 03:00:00']);
        $usage = self::page()['mailboxes'][0]['usage'];
        self::assertSame([15, '', ''], [$usage['percent'], $usage['full'], $usage['more']]);
        self::assertSame("1.5\u{a0}GB of 10\u{a0}GB used (15 %), counted on 29 Nov 2026", $usage['text']);
        Billing::change(['diskusage' => 11000]);
        Capsule::table('tblproduct_upgrade_products')->insert(['product_id' => 5, 'upgrade_product_id' => 6]);
        $_SESSION['Language'] = 'german';
        $usage = self::page()['mailboxes'][0]['usage'];
        self::assertSame([100, 'package'], [$usage['percent'], $usage['more']]);
        self::assertStringStartsWith('Fast voll', $usage['full']);
        self::assertStringContainsString("11\u{a0}GB von 10\u{a0}GB belegt (107 %), Stand 29.11.2026", $usage['text']);
    }

    /** @param array<string, mixed> $changes @return array<string, mixed> */
    private static function record(string $purpose, string $state, array $changes = []): array
    {
        return $changes + ['purpose' => $purpose, 'type' => 'TXT', 'name' => 'example.com', 'value' => null, 'found' => [], 'state' => $state, 'reason' => 'An English sentence.', 'set_by' => null];
    }

    public function testDnsIsTilesWithTheRecordAndWhoHasToSetIt(): void
    {
        $records = [
            self::record('mx', 'ok', ['type' => 'MX', 'found' => ['10 mx.example.com.cust.a.hostedemail.com']]),
            self::record('spf', 'missing', ['value' => 'v=spf1 include:_spf.hostedemail.com ~all', 'set_by' => 'dns']),
            self::record('dkim', 'missing', ['set_by' => 'provider']),
            self::record('autodiscovery', 'ok'), self::record('autodiscovery', 'advised', ['type' => 'CNAME', 'found' => ['<b>other.example.net'], 'set_by' => 'dns']),
            self::record('dmarc', 'of tomorrow'), self::record('of tomorrow', 'ok'),
        ];
        $found = ['domain' => 'example.com', 'receives' => 'ready', 'sends' => 'not_ready', 'records' => $records, 'name_servers' => ['ns1.example.net', '<i>']];
        Bridge::does('', ['domain.readiness' => Bridge::tells($found)]);
        $dns = self::page()['dns'];
        self::assertSame('example.com receives mail.', $dns['receives']['text']);
        self::assertSame('not_ready', $dns['sends']['state']);
        self::assertSame(['ok', 'missing', 'missing', 'ok', 'advised'], array_column($dns['tiles'], 'state'));
        self::assertSame([['do' => 'Add this record:', 'type' => 'TXT', 'name' => 'example.com', 'value' => 'v=spf1 include:_spf.hostedemail.com ~all', 'found' => '']], $dns['tiles'][1]['records']);
        self::assertSame([], $dns['tiles'][2]['records']);
        self::assertStringContainsString('contact us', $dns['tiles'][2]['provider']);
        self::assertSame('Remove this record:', $dns['tiles'][4]['records'][0]['do']);
        self::assertStringContainsString('ns1.example.net', $dns['where']);
        self::assertStringNotContainsString('English', json_encode($dns));
        self::page();
        self::assertCount(1, Bridge::queries('domain.readiness'), 'asked once for a while');
        foreach (['german' => 'Fehlt', 'spanish' => 'Falta'] as $_SESSION['Language'] => $label) {
            self::assertSame($label, self::page()['dns']['tiles'][1]['label']);
        }
    }

    public function testDnsThatCannotBeAskedIsNotKnownAndOneThatHasNothingIsNotThere(): void
    {
        Bridge::does('', ['domain.readiness' => Bridge::refuses(503)]);
        self::assertSame(['unknown', []], [self::page()['dns']['receives']['state'], self::page()['dns']['tiles']]);
        unset($_SESSION['enombridge_dns']);
        Bridge::does('', ['domain.readiness' => Bridge::refuses(422, more: ['code' => 'unsupported'])]);
        self::assertSame([], self::page()['dns']);
        Bridge::does('', ['domain.readiness' => Bridge::tells(['receives' => 'ready', 'sends' => 'ready', 'records' => []])]);
        self::assertSame('ready', self::page()['dns']['receives']['state'], 'a first mailbox is there now');
        Billing::change(['domainstatus' => 'Suspended']);
        Bridge::$requests = [];
        self::assertSame([], self::page()['dns']);
        self::assertSame([], Bridge::$requests);
    }

    /** @param array<string, mixed> $changes */
    private function full(string $id = 'ev_1', array $changes = []): array
    {
        $data = $changes + ['address' => 'john@example.com', 'service_id' => '1042', 'plan' => 'basic', 'used_bytes' => 10200547328, 'quota_bytes' => 10737418240, 'percent' => 95, 'threshold' => 90];
        $body = (string) json_encode(['type' => 'mailbox.nearly_full', 'timestamp' => '2026-11-23T06:18:52Z', 'data' => $data]);
        return $this->posted($body, Signature::sign($id, Clock::now(), $body, Billing::SECRET), ['server' => (string) Billing::SERVER]);
    }

    public function testAMailboxThatIsNearlyFullIsAMailInTheCustomersLanguageOnce(): void
    {
        Billing::answer('SendEmail', fn () => ['result' => 'success']);
        Billing::answer('GetConfigurationValue', fn () => ['result' => 'success', 'value' => 'https://billing.example.com/']);
        Capsule::table('tblclients')->where('id', Billing::CLIENT)->update(['language' => 'spanish']);
        self::assertSame(200, $this->full()[0]);
        self::assertSame(200, $this->full()[0], 'the same event again');
        [$mail] = Billing::calls('SendEmail');
        self::assertCount(1, Billing::calls('SendEmail'));
        self::assertSame([Billing::SERVICE, 'product', 'Su buzón john@example.com está casi lleno'], [$mail['id'], $mail['customtype'], $mail['customsubject']]);
        self::assertStringContainsString("95 % de su capacidad: 9,5\u{a0}GB de 10\u{a0}GB", $mail['custommessage']);
        self::assertStringContainsString('https://billing.example.com/clientarea.php?action=productdetails&amp;id=1042', $mail['custommessage']);
        Capsule::table('tblproduct_upgrade_products')->insert(['product_id' => 5, 'upgrade_product_id' => 6]);
        self::assertSame(200, $this->full('ev_2')[0]);
        self::assertStringContainsString('https://billing.example.com/upgrade.php?type=package&amp;id=1042', Billing::calls('SendEmail')[1]['custommessage']);
    }

    public function testAMailThatWhmcsDidNotSendComesAgain(): void
    {
        Billing::fail('SendEmail');
        self::assertSame(503, $this->full()[0]);
        Billing::answer('SendEmail', fn () => ['result' => 'success']);
        self::assertSame(200, $this->full()[0]);
        self::assertCount(2, Billing::calls('SendEmail'));
    }

    public function testAnEventThatIsOfNobodyHereIsTakenAndDoesNothing(): void
    {
        foreach ([['address' => 'mary@example.com'], ['service_id' => '9999']] as $changes) {
            self::assertSame(200, $this->full('ev_3', $changes)[0]);
        }
        Billing::change(['domainstatus' => 'Suspended']);
        self::assertSame(200, $this->full('ev_4')[0]);
        foreach ([['service_id' => 'a7'], ['percent' => 'x'], ['address' => '<b>']] as $changes) {
            self::assertSame(422, $this->full('ev_5', $changes)[0]);
        }
        self::assertSame([], Billing::calls('SendEmail'));
    }

    public function testEachMessageOfAFormIsASentenceOfALanguage(): void
    {
        foreach (['english', 'german', 'spanish'] as $language) {
            $_SESSION['Language'] = $language;
            self::assertSame(Text::lines($language)['page_refused'], self::sends(['proof' => 'x'])['messages'][0]['text']);
        }
    }
}
