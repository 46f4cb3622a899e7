<?php

namespace EnomBridge\Tests;

/** Success that is told while Enom is still at it (the fifth option of the product), and its correction. */
final class EarlySuccessTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        Billing::configure([5 => 'success']);
        Billing::change(['domainstatus' => 'Active']);
    }

    public function testItIsToldForSuspendTerminateAndRenewWithoutWaiting(): void
    {
        foreach (['SuspendAccount', 'TerminateAccount', 'Renew'] as $function) {
            Bridge::says(Bridge::accepts());
            self::assertSame('success', Billing::run($function));
            self::assertTrue($this->pending()->told);
            self::assertArrayNotHasKey('prefer', Bridge::last()->headers);
        }
    }

    public function testItIsNeverToldForTheOthers(): void
    {
        foreach (['CreateAccount', 'UnsuspendAccount', 'ChangePassword', 'ChangePackage'] as $function) {
            Bridge::says(Bridge::accepts());
            self::assertNotSame('success', Billing::run($function));
            self::assertFalse($this->pending()->told);
            self::assertArrayHasKey('prefer', Bridge::last()->headers);
        }
    }

    public function testItIsNotToldOfWhatTheBridgeDoesNotHave(): void
    {
        foreach ([Bridge::refuses(503), Bridge::refuses(401), Bridge::refuses(422), ''] as $answer) {
            Bridge::says($answer);
            self::assertNotSame('success', Billing::run('SuspendAccount'));
        }
        Bridge::says(Bridge::fails('refused'));
        self::assertStringContainsString('refused', Billing::run('SuspendAccount'));
    }

    public function testWithoutTheOptionItIsNotTold(): void
    {
        Billing::configure([5 => 'wait']);
        Bridge::says(Bridge::accepts());
        self::assertStringStartsWith('In progress', Billing::run('SuspendAccount'));
    }

    public function testAFailureGivesTheServiceItsFormerStatusBackAndATicket(): void
    {
        foreach (['job.failed' => [], 'job.cancelled' => [], 'job.succeeded' => ['observed_only' => true]] as $type => $changes) {
            $this->setUp();
            Bridge::says(Bridge::accepts());
            Billing::run('SuspendAccount');
            self::assertSame('Suspended', Billing::status());
            self::assertSame(200, $this->called($type, $this->concluded($changes))[0]);
            self::assertSame('Active', Billing::status(), $type);
            self::assertNull($this->pending());
            self::assertCount(1, Billing::calls('OpenTicket'));
            self::assertStringContainsString('the service is Active again', Billing::calls('OpenTicket')[0]['message']);
            self::assertSame([], Billing::calls('ModuleUnsuspend'));
        }
    }

    public function testSuccessChangesNothingMore(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('TerminateAccount');
        self::assertSame(200, $this->called('job.succeeded', $this->concluded())[0]);
        self::assertSame('Terminated', Billing::status());
        self::assertSame([], Billing::calls('ModuleTerminate'));
        self::assertNull($this->pending());
    }

    public function testAFailedRenewalIsToldToStaffAndChangesNoStatus(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('Renew');
        $this->called('job.failed', $this->concluded(['error' => ['code' => 'insufficient_funds']]));
        self::assertSame('Active', Billing::status());
        self::assertStringContainsString('insufficient_funds', Billing::calls('OpenTicket')[0]['message']);
    }

    public function testWhatBillingDecidedMeanwhileIsNotTakenBack(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        Billing::change(['domainstatus' => 'Terminated']);
        $this->called('job.failed', $this->concluded());
        self::assertSame('Terminated', Billing::status());
    }

    public function testAFailureThatIsHeardByPressingTheButtonAgainIsCorrectedAsWell(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        Bridge::says(Bridge::fails('refused'));
        self::assertStringContainsString('the service is Active again', Billing::run('SuspendAccount'));
        self::assertSame('Active', Billing::status());
    }

    public function testARefusalOfWhatWasToldIsNoSuccess(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        Bridge::says(Bridge::refuses(403, 'Not this domain.'));
        self::assertStringContainsString('may not use this mail domain', Billing::run('SuspendAccount'));
        self::assertSame('Active', Billing::status());
        self::assertNull($this->pending());
    }

    public function testABridgeThatIsAwayAfterwardsDoesNotUnsayIt(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        Bridge::says(Bridge::refuses(503));
        self::assertSame('success', Billing::run('SuspendAccount'));
        self::assertSame('Suspended', Billing::status());
    }

    public function testTheSameForAnotherReasonRemembersTheStatusFromBefore(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        Billing::$more = ['suspendreason' => 'Abuse'];
        Billing::run('SuspendAccount');
        self::assertNotSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
        $this->called('job.failed', $this->concluded());
        self::assertSame('Active', Billing::status());
    }

    public function testSendingAgainRemembersTheStatusFromBefore(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        $this->called('job.held', $this->concluded());
        self::assertSame('success', enombridge_sendAgain(Billing::params()));
        self::assertNotSame(Bridge::$requests[0]->id(), Bridge::last()->id());
        $this->called('job.failed', $this->concluded(['job' => 'job_2']));
        self::assertSame('Active', Billing::status());
    }
}
