<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Record;

/** "Check now" and "Send again" of the service, and the fields beside them. */
final class ButtonsTest extends TestCase
{
    public function testCheckTakesOverAMailboxThatTheBridgeSaysIsThisServices(): void
    {
        Bridge::says(Bridge::tells(['address' => 'john@example.com', 'service_id' => '1042', 'state' => 'suspended']));
        self::assertSame('success', enombridge_check(Billing::params()));
        self::assertSame(['john@example.com', 'suspended'], [$this->kept()->address, $this->kept()->state]);
        self::assertSame('suspended', enombridge_AdminServicesTabFields(Billing::params())['State']);
        self::assertNotSame('never', enombridge_AdminServicesTabFields(Billing::params())['Last check']);
    }

    public function testCheckTellsWhatStandsInTheWay(): void
    {
        foreach ([[Bridge::refuses(404, 'There is no mailbox.'), 'knows no such mailbox'], [Bridge::refuses(503, 'Paused.'), 'does not accept requests right now'], ['', 'cannot be reached'], [Bridge::refuses(401), 'signature']] as [$answer, $named]) {
            Bridge::says($answer);
            self::assertStringContainsString($named, enombridge_check(Billing::params()));
        }
        self::assertStringContainsString('is empty or missing', enombridge_check(Billing::params(['customfields' => []])));
    }

    public function testCheckConcludesWhatIsPending(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('CreateAccount');
        $receipt = $this->concluded(['status' => 'succeeded']);
        Bridge::does(Bridge::refuses(500), ['job' => Bridge::tells($receipt), 'mailbox.status' => Bridge::tells(['address' => 'john@example.com', 'state' => 'active'])]);
        self::assertSame('success', enombridge_check(Billing::params()));
        self::assertSame('Active', Billing::status());
        self::assertNull($this->pending());
        self::assertSame(['hook' => $receipt['hook']], Bridge::queries('job')[0]->data());
    }

    public function testCheckLeavesWhatHasNotEnded(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('CreateAccount');
        foreach ([$this->concluded(['status' => 'running']), ['status' => 'succeeded'], [], ['hook' => 7]] as $receipt) {
            Bridge::does(Bridge::refuses(500), ['job' => Bridge::tells($receipt), 'mailbox.status' => Bridge::tells(['state' => 'unknown'])]);
            self::assertSame('success', enombridge_check(Billing::params()));
            self::assertNotNull($this->pending());
        }
        Bridge::does(Bridge::refuses(500), ['job' => Bridge::refuses(404), 'mailbox.status' => Bridge::tells(['state' => ['odd']])]);
        self::assertSame('success', enombridge_check(Billing::params()));
        self::assertSame('unknown', $this->kept()->state);
    }

    public function testSendAgainIsANewEventOfTheSame(): void
    {
        Bridge::says(Bridge::ends('held'));
        Billing::run('CreateAccount');
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', enombridge_sendAgain(Billing::params()));
        [$first, $second] = Bridge::$requests;
        self::assertNotSame($first->id(), $second->id());
        self::assertSame($first->data(), $second->data());
        self::assertSame('Active', Billing::status());
        self::assertNull($this->pending());
    }

    public function testSendAgainOfAPasswordSendsThatPassword(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::ends('held'));
        Billing::run('ChangePassword');
        Billing::change(['password' => Billing::seal('Former-Pass.1')]); // WHMCS kept the former one, as nothing was confirmed
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', enombridge_sendAgain(Billing::params()));
        self::assertSame('Sample-Pass.01', Bridge::last()->data()['password']);
        self::assertSame('Sample-Pass.01', Billing::unseal(Billing::row()->password));
    }

    public function testSendAgainOfARenewalWorksThoughWhmcsHasNoCommandForIt(): void
    {
        Bridge::says(Bridge::ends('held'));
        Billing::run('Renew');
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', enombridge_sendAgain(Billing::params()));
        self::assertNotSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
        self::assertNull($this->pending());
    }

    public function testWhatCouldNotBeSentAgainIsStillPending(): void
    {
        Bridge::says(Bridge::ends('held'));
        Billing::run('CreateAccount');
        Billing::fail('ModuleCreate', 'Command not allowed <b>');
        self::assertSame('Command not allowed ‹b›', enombridge_sendAgain(Billing::params()));
        self::assertFalse($this->pending()->held);
    }

    public function testWithoutAnythingPendingNothingIsSent(): void
    {
        self::assertSame('Nothing is pending.', enombridge_sendAgain(Billing::params()));
        $this->assertNoCall();
    }

    public function testTheFieldsTellHowThingsStandWithoutACall(): void
    {
        self::assertSame(['Mailbox', 'State', 'Last check', 'Evidence', 'Last job', 'Pending'], array_keys(enombridge_AdminServicesTabFields(Billing::params())));
        self::assertSame('none yet (requested: john@example.com)', enombridge_AdminServicesTabFields(Billing::params())['Mailbox']);
        $stages = ['has not confirmed' => Bridge::refuses(503), 'accepted by the bridge' => Bridge::accepts(), 'needs a decision' => Bridge::ends('held')];
        foreach ($stages as $named => $answer) {
            Bridge::says($answer);
            Billing::run('CreateAccount');
            $calls = count(Bridge::$requests);
            self::assertStringContainsString($named, enombridge_AdminServicesTabFields(Billing::params())['Pending']);
            self::assertCount($calls, Bridge::$requests);
        }
        Bridge::says(Bridge::ends('succeeded', ['verified' => ['existence' => 'verified', 'password' => 'accepted']]));
        Billing::run('CreateAccount');
        $fields = enombridge_AdminServicesTabFields(Billing::params());
        self::assertSame('exists: confirmed, password: accepted by Enom, cannot be confirmed', $fields['Evidence']);
        self::assertMatchesRegularExpression('/^job_\w+ \(succeeded\)$/', $fields['Last job']);
    }

    public function testAnEmptiedAddressLeavesTheMailboxAsItIs(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        $fields = enombridge_AdminServicesTabFields(Billing::params(['customfields' => []]));
        self::assertSame('john@example.com', $fields['Mailbox']);
        self::assertArrayNotHasKey('Attention', $fields);
    }

    public function testSendAgainSendsAllThatIsPendingAndTellsTheFaultOfEach(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::ends('held'));
        foreach (['SuspendAccount', 'ChangePassword', 'ChangePackage', 'Renew'] as $function) {
            Billing::run($function);
        }
        Bridge::reset();
        Billing::fail('ModuleChangePackage', 'No plan.');
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('No plan.', enombridge_sendAgain(Billing::params()));
        self::assertSame(['mailbox.suspend', 'mailbox.change_password', 'mailbox.renew'], array_map(fn (Request $request) => $request->type(), Bridge::$requests));
        self::assertSame(['plan'], array_keys(Record::of(Billing::SERVICE)->pending));
    }

    public function testWhatAnotherDecidesIsNotSentAgainBesideIt(): void
    {
        Bridge::says(Bridge::ends('held'));
        Billing::run('ChangePassword');
        Billing::run('Renew');
        Billing::run('TerminateAccount');
        self::assertSame(['status'], array_keys(Record::of(Billing::SERVICE)->pending));
        Bridge::reset();
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', enombridge_sendAgain(Billing::params()));
        self::assertCount(1, Bridge::$requests);
    }
}
