<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Connection;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Mailbox;
use EnomBridge\Kit\Record;
use EnomBridge\Tests\Bridge;

/** What people see of a mailbox, and what its buttons do. */
final class MailboxTest extends TestCase
{
    private static function mailbox(): Mailbox
    {
        return new Mailbox(new Purchase(Shop::SERVICE));
    }

    public function testStaffSeesWhatIsAndWhatIsPending(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        $this->shop->run(Action::Create);
        $this->accepted(Action::Suspend);
        $rows = self::mailbox()->rows();
        self::assertSame(['john@example.com', 'active', 'exists: confirmed'],
            [$rows['staff_mailbox'], $rows['staff_state'], $rows['staff_evidence']]);
        self::assertStringStartsWith('Suspend since ', $rows['staff_pending']);
        self::assertTrue(self::mailbox()->isInProgress());
        self::assertSame('', self::mailbox()->warning());
        $this->shop->change('wanted', 'jane@example.com');
        self::assertStringContainsString('changed to jane@example.com', self::mailbox()->warning());
    }

    public function testCheckingLearnsTheStateAndTakesOverWhatIsThere(): void
    {
        Bridge::says(Bridge::tells(['address' => 'john@example.com', 'state' => 'suspended']));
        self::mailbox()->check();
        $record = Record::of(Shop::SERVICE);
        self::assertSame(['suspended', 'john@example.com'], [$record->state, $record->address]);
        Bridge::says(Bridge::refuses(503));
        $this->expectException(Fault::class);
        self::mailbox()->check();
    }

    public function testWhatIsSentAgainHasANewIdAndTheFormerIsWithdrawn(): void
    {
        $held = $this->accepted(Action::Create, 'new');
        Bridge::says(Bridge::ends('succeeded'));
        self::assertNull(self::mailbox()->sendAgain());
        self::assertNotSame($held->id, Bridge::last()->id());
        self::assertSame($held->data['address'], Bridge::last()->data()['address']);
        self::assertSame('Nothing is pending.', self::mailbox()->sendAgain());
    }

    public function testOnlyALinkIsASignIn(): void
    {
        $links = ['https://webmail.example.com/?t=1' => true, 'javascript:alert(1)' => false, '' => false,
            'https://x/"><script>' => false];
        foreach ($links as $url => $isOne) {
            Bridge::says(Bridge::tells(['url' => $url]));
            self::assertSame($isOne ? $url : '', self::mailbox()->signIn());
        }
        Bridge::says(Bridge::refuses(503));
        self::assertSame('', self::mailbox()->signIn());
    }

    public function testSettingsForAMailProgramNameTheirProtection(): void
    {
        self::assertSame(
            ['mail.example.com, port 993, SSL/TLS', 'mail.example.com, port 99', 'mail.example.com:993', ''],
            array_map(fn (array $one) => self::mailbox()->place(...$one),
                [['mail.example.com', '993'], ['mail.example.com', '99'], ['mail.example.com:993', ''], ['-', '993']]),
        );
    }

    public function testTheConnectionIsTestedInTheNameOfThePlatform(): void
    {
        $good = ['version' => Connection::VERSION, 'account' => ['reachable' => true], 'plans' => ['basic' => ['quota_gb' => 5]]];
        $bridge = $this->shop->bridge(Shop::BRIDGE);
        Bridge::says(Bridge::tells($good));
        self::assertSame('', Connection::problem($bridge));
        self::assertSame(['sender' => 'shop ' . Connection::VERSION], Bridge::last()->data());
        self::assertSame(['', 'basic'], array_keys(Connection::plans($bridge)));
        Bridge::says(Bridge::tells(['version' => '7.0.0'] + $good));
        self::assertStringContainsString('Update the plug-in', Connection::problem($bridge));
        Bridge::says(Bridge::tells(['clock_skew' => 99] + $good));
        self::assertStringContainsString('the Cornershop clock', Connection::problem($bridge));
    }

    public function testABridgeInClearIsOnThisMachineOnly(): void
    {
        foreach (['bridge.example.com' => 'Switch SSL on', '' => 'needs a hostname', 'a/b' => 'invalid characters'] as $host => $named) {
            try {
                $this->shop->host = $host;
                $this->shop->bridge(Shop::BRIDGE);
                self::fail("taken: $host");
            } catch (Fault $fault) {
                self::assertStringContainsString($named, $fault->getMessage());
            }
        }
    }
}
