<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Record;
use WHMCS\Database\Capsule;

/** What is kept of a hook whose end is not known. */
final class PendingTest extends TestCase
{
    public function testItIsKeptBeforeItIsSent(): void
    {
        $seen = null;
        Bridge::says(function (Request $request) use (&$seen) {
            $seen = [$this->kept(), $this->pending()];
            return Bridge::ends('succeeded')($request);
        });
        self::assertSame('success', Billing::run('CreateAccount'));
        [$row, $pending] = $seen;
        self::assertSame(Bridge::last()->id(), $pending->id);
        self::assertSame(Bridge::last()->message()['timestamp'], $pending->timestamp);
        self::assertEquals(Bridge::last()->data(), $pending->body());
        self::assertNotNull($row->pending_since);
        self::assertGreaterThan(Clock::now() + 60, $row->lock_until);
    }

    public function testWhatCannotBeKeptIsNotSent(): void
    {
        Billing::fail('EncryptPassword');
        self::assertStringContainsString('could not encrypt', Billing::run('CreateAccount'));
        $this->assertNoCall();
        self::assertNull($this->pending());
    }

    public function testThePasswordIsKeptSealedOnly(): void
    {
        Bridge::says(Bridge::refuses(503));
        Billing::run('CreateAccount');
        $row = (array) $this->kept();
        self::assertNotSame('', $this->pending()->sealed);
        foreach (Secrets::spellings('Sample-Pass.01') as $spelling) {
            self::assertStringNotContainsString($spelling, (string) json_encode($row, JSON_UNESCAPED_SLASHES));
        }
        self::assertSame('Sample-Pass.01', $this->pending()->body()['password']);
    }

    public function testAFinalAnswerClearsItAndTheColumnBesideIt(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        self::assertNull($this->kept()->pending);
        self::assertNull($this->kept()->pending_since);
        self::assertNull($this->kept()->lock_until);
    }

    public function testItRemembersTheStatusAndTheDueDateFromBefore(): void
    {
        Billing::change(['domainstatus' => 'Active', 'nextduedate' => '2029-05-31']);
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        self::assertSame(['Active', '2029-05-31'], [$this->pending()->was, $this->pending()->grounds['due']]);
    }

    public function testAPasswordThatEnomWouldRefuseIsReplacedOnceAndKeptByWhmcs(): void
    {
        Billing::change(['password' => Billing::seal('abcdefgh12')]);
        Bridge::says(Bridge::refuses(503));
        Billing::run('CreateAccount');
        Billing::run('CreateAccount');
        $sent = Bridge::$requests[0]->data()['password'];
        self::assertMatchesRegularExpression('/\A(?=.*[A-Z])(?=.*[0-9])(?=.*[*@_\/.-]).{10,20}\z/', $sent);
        self::assertSame($sent, Billing::unseal(Billing::row()->password));
        self::assertSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
        self::assertCount(1, Billing::calls('UpdateClientProduct'));
    }

    public function testWhatWhmcsDoesNotKeepIsNotSent(): void
    {
        Billing::change(['password' => Billing::seal('weak')]);
        Billing::fail('UpdateClientProduct');
        self::assertStringContainsString('does not meet Enom\'s rules', Billing::run('CreateAccount'));
        $this->assertNoCall();
    }

    public function testADamagedRecordIsReplacedByTheNextCall(): void
    {
        Bridge::says(Bridge::refuses(503));
        Billing::run('CreateAccount');
        foreach (['', '{', 'null', '7', '{"status":7}', '{"status":{"id":1}}', '{"status":{"action":"mailbox.explode"}}', '{"status":{"action":"mailbox.create","more":1}}'] as $damaged) {
            Capsule::table('mod_enombridge')->update(['pending' => $damaged]);
            Bridge::says(Bridge::ends('succeeded'));
            self::assertSame('success', Billing::run('CreateAccount'), $damaged);
            self::assertNull($this->kept()->pending);
        }
    }

    public function testWhatIsDamagedBesideItDoesNotTouchIt(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        $kept = json_decode($this->kept()->pending, true);
        Capsule::table('mod_enombridge')->update(['pending' => json_encode($kept + ['plan' => ['id' => 7]])]);
        self::assertSame(['status'], array_keys(Record::of(Billing::SERVICE)->pending));
    }

    public function testHooksAboutDifferentThingsAreWaitedForSideBySide(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::accepts());
        foreach (['SuspendAccount', 'ChangePassword', 'ChangePackage', 'Renew'] as $function) {
            Billing::run($function);
        }
        self::assertSame(['status', 'password', 'plan', 'expiry'], array_keys(Record::of(Billing::SERVICE)->pending));
        $first = $this->pending();
        Clock::pass(30);
        Billing::run('UnsuspendAccount');
        self::assertNotSame($first->id, $this->pending(about: 'status')->id);
        self::assertCount(4, Record::of(Billing::SERVICE)->pending);
        Billing::run('TerminateAccount');
        self::assertSame(['status'], array_keys(Record::of(Billing::SERVICE)->pending));
    }

    public function testRenewSendsTheDateThatIsPaid(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::change(['nextduedate' => '2035-01-31', 'nextinvoicedate' => '2036-01-31']);
        Billing::run('Renew');
        self::assertSame('2035-01-31', Bridge::last()->data()['until']);
        Billing::change(['nextduedate' => '2020-01-31', 'nextinvoicedate' => '2021-01-31']);
        Billing::run('Renew');
        self::assertSame('2021-01-31', Bridge::last()->data()['until']);
    }
}
