<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Catchup;

/** What is not there and was never this service's is ended, instead of being refused by cron day after day. */
final class NothingOursTest extends TestCase
{
    public function testAnAddOnIsEndedAndNeverBegun(): void
    {
        $params = ['addonId' => 77] + Billing::params();
        foreach (['SuspendAccount', 'TerminateAccount', 'ChangePackage', 'Renew'] as $function) {
            self::assertSame('success', ("enombridge_$function")($params), $function);
        }
        self::assertCount(4, Billing::$activities);
        self::assertStringContainsString('Terminate of a product add-on: nothing to do, because this module creates no mailboxes', Billing::activityTexts()[1]);
        foreach (['CreateAccount', 'UnsuspendAccount'] as $function) {
            self::assertStringContainsString('not for product add-ons', ("enombridge_$function")($params), $function);
        }
        self::assertSame('The password could not be changed. Please contact us.', enombridge_ChangePassword($params));
        $this->assertNoCall();
    }

    public function testASecondServiceOfAMailboxThatNeverHadOneIsEnded(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::addService(2000, ['username' => 'john@example.com', 'domainstatus' => 'Active']);
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::fails('not_ours'));
        foreach (['SuspendAccount', 'TerminateAccount'] as $function) {
            self::assertSame('success', Billing::run($function));
            self::assertNull($this->pending());
        }
        self::assertStringContainsString('this service never had the mailbox john@example.com', Billing::activityTexts()[0]);
        self::assertStringContainsString('belongs to another service', Billing::run('UnsuspendAccount'), 'nothing to give back');
        self::assertStringContainsString('belongs to another service', Billing::run('CreateAccount'));
    }

    public function testAMailboxThatIsNobodysIsLeftToAPerson(): void
    {
        Bridge::says(Bridge::fails('not_ours'));
        self::assertStringContainsString('belongs to another service, or the bridge does not know its owner', Billing::run('TerminateAccount'));
    }

    public function testOneThatIsNotThereAndNeverWasNeedsNoSuspension(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::fails('not_found'));
        self::assertSame('success', Billing::run('SuspendAccount'));
    }

    public function testAMailboxThatTheServiceHadIsNoSuchCase(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        foreach (['not_found', 'not_ours'] as $code) {
            Bridge::says(Bridge::fails($code));
            self::assertStringStartsWith('Failed', Billing::run('SuspendAccount'));
            self::assertStringStartsWith('Failed', Billing::run('TerminateAccount'));
        }
        self::assertSame('Active', Billing::status());
    }

    public function testItIsTheSameWhenItIsHeardLate(): void
    {
        Billing::addService(2000, ['username' => 'john@example.com', 'domainstatus' => 'Active']);
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::accepts());
        Billing::run('TerminateAccount');
        self::assertSame(200, $this->called('job.failed', $this->concluded(['error' => ['code' => 'not_ours'], 'state' => 'active']))[0]);
        self::assertSame('Terminated', Billing::status());
        self::assertNull($this->pending());
        self::assertSame('', Billing::row()->username, 'it is not named after a mailbox that is not its own');
    }

    public function testARenewalWithoutADateIsASentence(): void
    {
        foreach (['0000-00-00', ''] as $none) {
            Billing::change(['nextduedate' => $none, 'nextinvoicedate' => $none, 'billingcycle' => 'Free Account']);
            self::assertStringStartsWith('This service has no next due date (a free or one-time product)', Billing::run('Renew'));
        }
        $this->assertNoCall();
        self::assertNull($this->pending());
        Catchup::run();
        self::assertSame([], Bridge::hooks());
    }
}
