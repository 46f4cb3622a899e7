<?php

namespace EnomBridge\Tests;

/** What staff and customers find beside the lifecycle: links to the bridge's pages, hosts and ports. */
final class PagesTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        Machine::session('client');
    }

    /** @return array<string, mixed> */
    private static function public(array $changes = []): array
    {
        return $changes + ['serverhostname' => 'bridge.example.com', 'serverport' => '443', 'serversecure' => true] + Billing::params();
    }

    public function testStaffIsLedToTheBridgesPages(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        $field = enombridge_AdminServicesTabFields(self::public())['On the bridge'];
        self::assertStringContainsString('href="https://bridge.example.com:443/admin/mailboxes/john%40example.com"', $field);
        self::assertStringContainsString('href="https://bridge.example.com:443/admin/jobs/job_', $field);
        self::assertSame('<a href="https://bridge.example.com:443/admin/" target="_blank" rel="noopener noreferrer">Admin pages of the bridge</a>', enombridge_AdminLink(self::public()));
    }

    public function testTheAccessHashMaySayWhereTheyAre(): void
    {
        $found = enombridge_AdminLink(['serveraccesshash' => 'https://mail.example.net/'] + Billing::params());
        self::assertStringContainsString('href="https://mail.example.net/admin/"', $found);
        foreach (['javascript:alert(1)', 'https://x/"onload="', 'whsec_x', 'https://user@x/'] as $other) {
            self::assertStringContainsString('href="https://bridge.example.com:443/admin/"', enombridge_AdminLink(self::public(['serveraccesshash' => $other])));
        }
    }

    public function testWhatOnlyThisMachineReachesIsNoLink(): void
    {
        self::assertSame('', enombridge_AdminLink(Billing::serverParams()));
        self::assertSame('', enombridge_AdminLink([]));
        self::assertArrayNotHasKey('On the bridge', enombridge_AdminServicesTabFields(Billing::params()));
    }

    public function testStaffReadsWhetherTheMailOfTheDomainWorksAndWhatToSet(): void
    {
        $record = fn (string $purpose, string $state, array $more = []): array => $more + ['purpose' => $purpose, 'type' => 'TXT', 'name' => 'example.com', 'value' => null, 'found' => [], 'state' => $state, 'set_by' => null];
        $records = [$record('mx', 'ok'), $record('spf', 'missing', ['value' => '<b>v=spf1 ~all', 'set_by' => 'dns']), $record('dkim', 'missing', ['set_by' => 'provider']),
            $record('autodiscovery', 'advised', ['type' => 'SRV', 'name' => '_imaps._tcp.example.com', 'value' => '0 1 993 x', 'set_by' => 'dns']),
            $record('autodiscovery', 'wrong', ['type' => 'CNAME', 'name' => 'autodiscover.example.com', 'found' => ['other.example.net'], 'set_by' => 'dns'])];
        Bridge::does(Bridge::ends('succeeded'), ['domain.readiness' => Bridge::tells(['receives' => 'ready', 'sends' => 'not_ready', 'records' => $records, 'name_servers' => ['ns1.example.net']])]);
        self::assertArrayNotHasKey('DNS records', enombridge_AdminServicesTabFields(Billing::params()), 'there is no mailbox yet');
        self::assertSame([], Bridge::$requests);
        Billing::run('CreateAccount');
        $lines = explode('<br>', enombridge_AdminServicesTabFields(Billing::params())['DNS records']);
        self::assertSame([
            'example.com receives mail.', 'Mail from example.com may be refused or land in spam folders.', 'Receiving mail (MX): Right',
            'Allowed senders (SPF): Missing. Add this record: TXT example.com ‹b›v=spf1 ~all',
            'Signature (DKIM): Missing. Nothing can be set in DNS: ask the mail provider for a key first.',
            'Automatic setup of mail programs: Wrong. Add this record: SRV _imaps._tcp.example.com 0 1 993 x; Remove this record: CNAME autodiscover.example.com other.example.net',
            'Records of example.com are set where its DNS is run, at these name servers: ns1.example.net.',
        ], $lines);
        self::assertSame('example.com', Bridge::queries('domain.readiness')[0]->data()['domain']);
        unset($_SESSION['enombridge_dns']);
        Bridge::does('', ['domain.readiness' => Bridge::refuses(422)]);
        self::assertArrayNotHasKey('DNS records', enombridge_AdminServicesTabFields(Billing::params()), 'an account with nothing to compare with');
    }

    /** @return iterable<string, array{array<int, string>, string, string}> */
    public static function settings(): iterable
    {
        yield 'nothing set' => [[], 'mail.hostedemail.com, port 993, SSL/TLS', 'mail.hostedemail.com, port 465, SSL/TLS'];
        yield 'hosts' => [[8 => 'imap.example.com', 9 => 'smtp.example.com'], 'imap.example.com, port 993, SSL/TLS', 'smtp.example.com, port 465, SSL/TLS'];
        yield 'ports' => [[10 => '143', 11 => '587'], 'mail.hostedemail.com, port 143, STARTTLS', 'mail.hostedemail.com, port 587, STARTTLS'];
        yield 'another port' => [[10 => '1993', 11 => '2525'], 'mail.hostedemail.com, port 1993', 'mail.hostedemail.com, port 2525'];
        yield 'as it was written before' => [[8 => 'imap.example.com:993', 9 => 'smtp.example.com:465 (SSL)'], 'imap.example.com:993', 'smtp.example.com:465 (SSL)'];
        yield 'no port' => [[10 => 'x'], 'mail.hostedemail.com', 'mail.hostedemail.com, port 465, SSL/TLS'];
        yield 'none' => [[8 => '-', 9 => '-'], '', ''];
    }

    /** @param array<int, string> $settings @dataProvider settings */
    public function testACustomerReadsHostsAndPorts(array $settings, string $incoming, string $outgoing): void
    {
        Billing::configure($settings);
        $shown = enombridge_ClientArea(Billing::params())['templateVariables'];
        self::assertSame([$incoming, $outgoing], [$shown['incoming'], $shown['outgoing']]);
    }
}
