<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Catchup;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** After each cron run: what is pending is repeated, and what is no longer wanted is dropped. */
final class CatchupTest extends TestCase
{
    /** Leaves a hook pending that the bridge did not take, a while ago. */
    private function lose(string $function, int $service = Billing::SERVICE, int $ago = 120): void
    {
        Bridge::says(Bridge::refuses(503));
        Billing::run($function, $service);
        Clock::pass($ago);
        Bridge::reset();
        Billing::$activities = Billing::$api = [];
    }

    public function testItIsRepeatedWithTheSameIdAndDataThePasswordIncluded(): void
    {
        Bridge::says(Bridge::refuses(503));
        Billing::run('CreateAccount');
        $first = Bridge::last();
        Clock::pass(120);
        Billing::change(['password' => Billing::seal('Another-Pass.2')]);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        $again = Bridge::hooks()[1];
        self::assertEquals([$first->id(), $first->message()], [$again->id(), $again->message()]);
        self::assertArrayNotHasKey('prefer', $again->headers, 'a cron waits for nobody');
        self::assertSame('Active', Billing::status());
        self::assertSame(['1042'], Billing::$welcomes);
        self::assertNull($this->pending());
    }

    public function testWhatTheBridgeTakesIsLeftToItForHalfAnHour(): void
    {
        $this->lose('CreateAccount');
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertTrue($this->pending()->accepted);
        Clock::pass(1700);
        Catchup::run();
        self::assertCount(0, Bridge::queries('job'));
        Clock::pass(200);
        Bridge::does(Bridge::accepts(), ['job' => Bridge::stands('running', $this->pending())]);
        Catchup::run();
        self::assertCount(1, Bridge::queries('job'));
        self::assertCount(1, Bridge::hooks(), 'what the bridge has is asked for, not sent again');
    }

    public function testWhatTheBridgeLostIsSentAgain(): void
    {
        $this->lose('CreateAccount');
        Bridge::does(Bridge::accepts(), ['job' => Bridge::refuses(404)]);
        Catchup::run();
        Clock::pass(2000);
        Catchup::run();
        self::assertFalse($this->pending()->accepted);
        Clock::pass(120);
        Catchup::run();
        self::assertSame([$this->pending()->id, $this->pending()->id], array_map(fn (Request $request) => $request->id(), Bridge::hooks()));
    }

    public function testWhatIsOnItsWayIsLeftAlone(): void
    {
        $this->lose('CreateAccount', ago: 10);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame([], Bridge::hooks());
    }

    public function testABridgeThatIsAwayIsNotAskedForEachService(): void
    {
        foreach ([1043, 1044, 1045] as $service) {
            Billing::addService($service);
            $this->lose('CreateAccount', $service);
        }
        Bridge::does(Bridge::refuses(503));
        Catchup::run();
        self::assertCount(1, Bridge::hooks());
        Bridge::does(Bridge::refuses(401));
        Clock::pass(120);
        Catchup::run();
        self::assertCount(2, Bridge::hooks());

        Bridge::says(Bridge::refuses(503));
        Catchup::run();
        self::assertCount(2, Bridge::hooks());
        self::assertNotNull($this->pending(1045));
    }

    public function testABridgeThatTakesNoSuspensionsIsSentAllElse(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        $this->lose('SuspendAccount');
        Billing::addService(1043);
        $this->lose('CreateAccount', 1043);
        $stopped = Bridge::refuses(503, 'Too many.', ['code' => 'suspensions_stopped']);
        Bridge::does(fn (Request $request) => $request->type() === 'mailbox.suspend' ? $stopped : Bridge::accepts()($request));
        Catchup::run();
        self::assertSame(['mailbox.suspend', 'mailbox.create'], array_map(fn (Request $request) => $request->type(), Bridge::hooks()));
        self::assertNotNull($this->pending());
    }

    public function testTheOneThatWaitsLongestComesFirst(): void
    {
        foreach ([1045, 1043, 1044] as $service) {
            Billing::addService($service);
            $this->lose('CreateAccount', $service);
        }
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertSame(['1045', '1043', '1044'], array_map(fn (Request $request) => $request->data()['service_id'], Bridge::hooks()));
    }

    public function testASuspensionIsDroppedOnceTheCustomerHasPaid(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Billing::overdue();
        $this->lose('SuspendAccount');
        $hook = $this->pending()->id;
        Billing::change(['nextduedate' => '2031-01-31']);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        // The bridge may have had it all the same: so it is withdrawn, and nothing is sent.
        self::assertSame([[], [$hook]], [Bridge::hooks(), Bridge::withdrawn()]);
        self::assertNull($this->pending());
        self::assertSame('Active', Billing::status());
        self::assertStringContainsString('Suspend of john@example.com was not done: it was paid', Billing::activityTexts()[0]);
    }

    public function testABridgeThatKnowsNoWithdrawalMayHaveHadItSoItIsLifted(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Billing::overdue();
        $this->lose('SuspendAccount');
        Billing::change(['nextduedate' => '2031-01-31']);
        Bridge::does(Bridge::ends('succeeded'), ['job.withdraw' => Bridge::knowsNoWithdrawal()]);
        Catchup::run();
        self::assertSame(['mailbox.unsuspend'], array_map(fn (Request $request) => $request->type(), Bridge::hooks()));
        self::assertNull($this->pending());
        self::assertSame('Active', Billing::status());
    }

    public function testWhatBillingDecidedOtherwiseIsDropped(): void
    {
        $this->lose('CreateAccount');
        Billing::change(['domainstatus' => 'Cancelled']);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame([], Bridge::hooks());
        self::assertNull($this->pending());
        self::assertStringContainsString('Create of john@example.com was not done: the service became Cancelled in WHMCS', Billing::activityTexts()[0]);
    }

    public function testWhatTheBridgeHasIsTakenBackOnceBillingDecidedOtherwise(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        $pending = $this->pending();
        Billing::change(['domainstatus' => 'Fraud']);
        Bridge::does(Bridge::accepts(), ['job.withdraw' => Bridge::stands('cancelled', $pending, ['error' => ['code' => 'withdrawn']])]);
        Catchup::run();
        self::assertSame([$pending->id], Bridge::withdrawn());
        self::assertCount(1, Bridge::hooks());
        self::assertNull($this->pending());
        self::assertStringContainsString('was not done: the service became Fraud in WHMCS', Billing::activityTexts()[0]);
    }

    public function testWhatStaffDidByHandIsStillSent(): void
    {
        Billing::change(['domainstatus' => 'Suspended']);
        $this->lose('TerminateAccount');
        Billing::change(['domainstatus' => 'Terminated']);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertCount(1, Bridge::hooks());
        self::assertNull($this->pending());
        self::assertSame([], Billing::calls('ModuleTerminate'));
    }

    public function testADeletedServiceIsNotPendingAnyMore(): void
    {
        $this->lose('CreateAccount');
        Capsule::table('tblproducts')->update(['servertype' => 'other']);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame([], Bridge::hooks());
        self::assertNull($this->pending());
    }

    public function testHeldOnesAreLeft(): void
    {
        Bridge::does(Bridge::ends('held'));
        Billing::run('CreateAccount');
        Clock::pass(7 * 86400);
        Catchup::run();
        self::assertCount(1, Bridge::hooks());
        self::assertTrue($this->pending()->held);
    }

    public function testARefusalEndsItAndIsTold(): void
    {
        $this->lose('CreateAccount');
        Bridge::does(Bridge::refuses(422, 'No such plan.'));
        Catchup::run();
        self::assertNull($this->pending());
        self::assertStringContainsString('The bridge did not accept it: The request has invalid values', Billing::activityTexts()[0]);
        self::assertSame('Pending', Billing::status());
    }

    public function testAFailureOfWhatWasToldEarlyIsCorrected(): void
    {
        Billing::configure([5 => 'success']);
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        Clock::pass(2000);
        Bridge::does(Bridge::accepts(), ['job' => Bridge::stands('failed', $this->pending(), ['error' => ['code' => 'refused']])]);
        Catchup::run();
        self::assertSame('Active', Billing::status());
        self::assertCount(1, Billing::calls('OpenTicket'));
    }

    public function testAFailingCompletionIsTriedAgain(): void
    {
        $this->lose('CreateAccount');
        Billing::fail('ModuleCreate');
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertNotNull($this->pending());
        self::assertStringContainsString('could not complete', Billing::activityTexts()[0]);
        Billing::answer('ModuleCreate', fn () => ['result' => 'success']);
        Clock::pass(120);
        Catchup::run();
        self::assertNull($this->pending());
    }

    public function testABusyServiceDoesNotStopTheOthers(): void
    {
        Billing::addService(1043);
        $this->lose('CreateAccount');
        $this->lose('CreateAccount', 1043);
        Capsule::table(Store::TABLE)->where('service', Billing::SERVICE)->update(['lock_until' => Clock::now() + 60, 'lock_owner' => 'another']);
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertSame(['1043'], array_map(fn (Request $request) => $request->data()['service_id'], Bridge::hooks()));
    }

    public function testOneDamagedServiceDoesNotStopTheOthers(): void
    {
        foreach ([1043, 1044] as $service) {
            Billing::addService($service);
        }
        $this->lose('CreateAccount');
        $this->lose('CreateAccount', 1043);
        $this->lose('ChangePackage', 1044);
        Capsule::table(Store::TABLE)->where('service', Billing::SERVICE)->update(['pending' => '{"id":']);
        $open = fn (array $values) => ['result' => 'success', 'password' => Billing::unseal($values['password2'])];
        Billing::answer('DecryptPassword', fn (array $values) => Billing::unseal($values['password2']) === 'Sample-Pass.01' ? throw new \Error('broken') : $open($values));
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertSame(['1044'], array_map(fn (Request $request) => $request->data()['service_id'], Bridge::hooks()));
    }

    public function testOneServerThatIsNotSetUpDoesNotStopTheOthers(): void
    {
        Billing::addServer(1, ['username' => '']);
        Billing::addServer(2, ['password' => 'garbage']);
        $this->lose('CreateAccount');
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertCount(1, Bridge::hooks());
    }

    public function testEachServerIsAskedForItsOwn(): void
    {
        Billing::addServer(4);
        Billing::addService(1043, ['server' => 4]);
        $this->lose('CreateAccount');
        $this->lose('CreateAccount', 1043);
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertSame(['/hooks/source-3', '/hooks/source-4'], array_map(fn (Request $request) => $request->path, Bridge::hooks()));
    }

    public function testALongRunEndsInTime(): void
    {
        foreach ([1043, 1044, 1045] as $service) {
            Billing::addService($service);
            $this->lose('CreateAccount', $service);
        }
        Bridge::does(function (Request $request) {
            Clock::pass(150);
            return Bridge::accepts()($request);
        });
        Catchup::run();
        self::assertCount(2, Bridge::hooks());
    }

    public function testNothingEverComesOutOfTheHook(): void
    {
        $this->lose('CreateAccount');
        $garbage = ['', '<html>', '[]', '{"data":7}', '{"data":[]}', '{"data":{"items":7,"next":7}}', '{"data":{"items":[7,null,"x",[],{}],"next":["x"]}}',
            '{"data":{"items":[{"service_id":"1042","hook":7}],"next":null}}', '{"data":{"items":null,"next":"' . str_repeat('x', 5000) . '"}}', "\xff"];
        foreach ($garbage as $body) {
            Bridge::says(Bridge::reply(200, $body));
            Clock::pass(120);
            Catchup::run();
            self::assertNotNull($this->pending(), $body);
        }
        self::assertUnexpectedNothing();
        Database::vanish();
        Catchup::run();
        self::assertContains('unexpected', array_column(Billing::$moduleLog, 4));
    }
}
