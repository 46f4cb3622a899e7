<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Catchup;

/** Foreign texts never reach a page as HTML. */
final class EscapingTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        Machine::session('client');
    }

    private const EVIL = '<script>alert("x")</script>&\'"><img src=x onerror=alert(1)>';

    private const ELEMENTS = ['html', 'head', 'meta', 'body', 'div', 'section', 'details', 'summary', 'form', 'label', 'input', 'button', 'meter', 'code',
        'ul', 'li', 'h3', 'h4', 'dl', 'dt', 'dd', 'span', 'p', 'a', 'strong', 'br'];

    public static function rendered(array $variables): string
    {
        require_once 'smarty4/Smarty.class.php';
        $smarty = new \Smarty();
        $smarty->setCompileDir(sys_get_temp_dir() . '/enombridge-smarty-' . getmypid());
        $smarty->setCacheDir($smarty->getCompileDir());
        $smarty->setTemplateDir(MODULE);
        $smarty->assign($variables);
        try {
            return $smarty->fetch('templates/overview.tpl');
        } finally {
            array_map('unlink', glob($smarty->getCompileDir() . '*'));
            @rmdir($smarty->getCompileDir());
        }
    }

    /** @param array<string, mixed> $changes */
    private function page(array $changes = []): string
    {
        $found = enombridge_ClientArea(Billing::params($changes));
        self::assertSame('templates/overview.tpl', $found['tabOverviewModuleOutputTemplate']);
        return self::rendered($found['templateVariables']);
    }

    /** Of a page of ours its own script and style sheet are known; nothing else may be there. */
    private static function assertHarmless(string $html): void
    {
        $html = preg_replace('#<link rel="stylesheet" href="/modules/servers/enombridge/assets/page\.css\?[0-9.]+">|<script src="/modules/servers/enombridge/assets/page\.js\?[0-9.]+" defer></script>#', '', $html);
        self::assertStringNotContainsString('<script', $html);
        self::assertStringNotContainsString('<img', $html);
        self::assertStringNotContainsStringIgnoringCase('="javascript:', $html);
        $document = new \DOMDocument();
        self::assertTrue(@$document->loadHTML("<meta charset=utf-8>$html"));
        foreach ($document->getElementsByTagName('*') as $element) {
            self::assertContains($element->nodeName, self::ELEMENTS);
            foreach ($element->attributes as $attribute) {
                self::assertStringStartsNotWith('on', $attribute->name);
            }
        }
    }

    public function testTheCustomersPageShowsTheMailbox(): void
    {
        Billing::configure([7 => 'https://webmail.example.com/?a=1&b=2', 8 => 'imap.example.com', 9 => 'smtp.example.com']);
        Billing::change(['domainstatus' => 'Active']);
        $html = $this->page();
        self::assertStringContainsString('john@example.com', $html);
        self::assertStringContainsString('href="https://webmail.example.com/?a=1&amp;b=2"', $html);
        self::assertStringContainsString('dosinglesignon=1', $html);
        self::assertStringContainsString('id=1042', $html);
        self::assertStringContainsString('Ready', $html);
        self::assertHarmless($html);
    }

    public function testEachStateOfThePageIsItsOwn(): void
    {
        foreach (['Suspended' => 'Suspended', 'Pending' => 'Not available', 'Terminated' => 'Not available'] as $status => $text) {
            Billing::change(['domainstatus' => $status]);
            self::assertStringContainsString($text, $this->page());
            self::assertStringNotContainsString('dosinglesignon', $this->page());
        }
        Bridge::says(Bridge::accepts());
        Billing::run('CreateAccount');
        self::assertStringContainsString('is being set up', $this->page());
        self::assertStringContainsString('data-busy="1"', $this->page());
        self::assertStringContainsString('Your mailbox', $this->page(['serviceid' => 0]), 'also without a service');
        $this->assertHarmless(self::rendered(enombridge_ClientArea([])['templateVariables']));
    }

    public function testAnotherLanguageFallsBackToEnglish(): void
    {
        foreach (['klingon', '', '../../../etc/passwd', 'ENGLISH'] as $language) {
            self::assertStringContainsString('Your mailbox', $this->page(['clientsdetails' => ['language' => $language]]));
        }
    }

    public function testNothingOfAnOrderOrAProductComesOutAsHtml(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        $evil = [
            'customfields' => ['Mailbox address' => self::EVIL . '@example.com'],
            'configoption7' => 'https://x/' . self::EVIL, 'configoption8' => self::EVIL, 'configoption9' => self::EVIL,
            'clientsdetails' => ['firstname' => self::EVIL, 'lastname' => self::EVIL, 'language' => self::EVIL],
        ];
        $html = $this->page($evil);
        self::assertHarmless($html);
        self::assertStringContainsString('&lt;script&gt;', $html);
        foreach (['javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', '//example.com', ' javascript:alert(1)'] as $link) {
            self::assertStringNotContainsString('href="' . $link, $this->page(['configoption7' => $link]));
        }
        foreach (enombridge_AdminServicesTabFields(Billing::params($evil)) as $label => $field) {
            self::assertHarmless("$label $field");
        }
        self::assertHarmless(implode(enombridge_AdminServicesTabFields(Billing::params(['customfields' => [], 'configoption3' => self::EVIL]))));
    }

    public function testNothingOfTheBridgeComesOutAsHtml(): void
    {
        $error = ['code' => self::EVIL, 'message' => self::EVIL, 'detail' => self::EVIL];
        $answers = [Bridge::ends('failed', ['message' => self::EVIL, 'error' => $error]), Bridge::ends('held', ['message' => self::EVIL, 'error' => $error]),
            Bridge::ends('cancelled', ['message' => self::EVIL, 'error' => $error]), Bridge::ends('succeeded', ['message' => self::EVIL, 'verified' => [self::EVIL => self::EVIL]]),
            Bridge::ends('queued', ['message' => self::EVIL, 'job' => self::EVIL], 202), Bridge::refuses(422, self::EVIL, ['errors' => [self::EVIL => [self::EVIL]]]),
            Bridge::refuses(503, self::EVIL), Bridge::reply(200, self::EVIL)];
        foreach ($answers as $answer) {
            Bridge::says($answer);
            foreach (['CreateAccount', 'ChangePassword', 'SuspendAccount'] as $function) {
                self::assertHarmless(Billing::run($function));
            }
            foreach (enombridge_AdminServicesTabFields(Billing::params()) as $field) {
                self::assertHarmless($field);
            }
            self::assertHarmless($this->page());
            self::assertHarmless(enombridge_check(Billing::params()));
            self::assertHarmless(enombridge_TestConnection(Billing::serverParams())['error']);
            self::assertHarmless(enombridge_ListAccounts(Billing::serverParams())['error']);
        }
        foreach (Billing::activityTexts() as $text) {
            self::assertHarmless($text);
        }
        foreach (Billing::calls('OpenTicket') as $ticket) {
            self::assertHarmless($ticket['message'] . ($ticket['subject'] ?? ''));
        }
    }

    public function testNothingOfQueriesComesOutAsHtml(): void
    {
        $evil = self::EVIL;
        Bridge::says(Bridge::tells(['account' => ['reachable' => false, 'problem' => $evil], 'plans' => [$evil => ['quota_gb' => $evil]], 'state' => $evil, 'address' => $evil,
            'items' => [['address' => $evil, 'state' => 'active'], ['address' => 'a@example.com', 'state' => 'active', 'plan' => $evil, 'created_at' => $evil]], 'next' => null]));
        self::assertHarmless(enombridge_TestConnection(Billing::serverParams())['error']);
        self::assertHarmless(implode(enombridge_plans(Billing::serverParams())));
        Machine::session('admin');
        self::assertSame('success', enombridge_check(Billing::params()));
        self::assertSame('not known', enombridge_AdminServicesTabFields(Billing::params())['State']);
        $accounts = enombridge_ListAccounts(Billing::serverParams())['accounts'];
        self::assertCount(1, $accounts);
        self::assertHarmless(implode($accounts[0]));
    }

    public function testARenamedMailboxIsSaidWithoutMarkup(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        $params = Billing::params(['customfields' => ['Mailbox address' => self::EVIL . '@example.com']]);
        self::assertHarmless(enombridge_CreateAccount($params));
        $fields = enombridge_AdminServicesTabFields($params);
        self::assertStringStartsWith('<strong>', $fields['Attention']);
        self::assertHarmless($fields['Attention']);
        Catchup::run();
    }

    public function testTextThatIsNoUtf8IsShownInPart(): void
    {
        $params = Billing::params(['customfields' => ['Mailbox address' => "j\xff\xfeohn@example.com"]]);
        self::assertStringContainsString('ohn@example.com', enombridge_AdminServicesTabFields($params)['Mailbox']);
    }
}
