<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Lock;
use EnomBridge\Kit\Signature;
use EnomBridge\Tests\Bridge;
use EnomBridge\Tests\Clock;

/**
 * Ends that come later: by callback, by results, by asking again; and what is no longer wanted by
 * then.
 */
final class LateTest extends TestCase
{
    public function testACallbackCompletesWhatWasInProgress(): void
    {
        $pending = $this->accepted(Action::Suspend);
        self::assertSame(200, $this->called('job.succeeded', $pending, ['state' => 'suspended']));
        self::assertSame(['paused', 'john@example.com'], [$this->shop->row()['status'], $this->shop->row()['mailbox']]);
        self::assertNull($this->pending());
        self::assertSame(200, $this->called('job.succeeded', $pending), 'twice is once');
    }

    public function testAnEndOfAnActionThatIsNotTheKitsIsLeftToThePlugIn(): void
    {
        $pending = $this->accepted(Action::Suspend);
        $other = ['hook' => 'shop_own_1', 'action' => 'mailbox.change_service'];
        self::assertSame(200, $this->called('job.failed', $pending, $other));
        $late = ['hook' => 'shop_own_2']; // one of the kit's own that nobody waits for
        self::assertSame(200, $this->called('job.succeeded', $pending, $late));
        self::assertSame(['mailbox.change_service failed'], $this->shop->ended);
        self::assertNotNull($this->pending());
    }

    public function testAFailureIsSaidAndChangesNothing(): void
    {
        $pending = $this->accepted(Action::Suspend);
        self::assertSame(200, $this->called('job.failed', $pending, ['error' => ['code' => 'unavailable']]));
        self::assertSame('running', $this->shop->row()['status']);
        self::assertStringContainsString('Enom could not be reached', $this->shop->told[0]);
        self::assertSame([], $this->shop->alerts);
    }

    public function testWhatWasToldEarlyAndDidNotBecomeSoIsTakenBack(): void
    {
        Purchase::$early = true;
        $pending = $this->accepted(Action::Suspend);
        self::assertSame('paused', $this->shop->row()['status']);
        $this->called('job.failed', $pending, ['error' => ['code' => 'unavailable']]);
        self::assertSame('running', $this->shop->row()['status']);
        self::assertStringContainsString('Cornershop had reported success', $this->shop->alerts[0]);
    }

    public function testAPlatformThatCannotCompleteItIsAskedAgain(): void
    {
        $pending = $this->accepted(Action::Suspend);
        $this->shop->refusal = 'No disk.';
        self::assertSame(503, $this->called('job.succeeded', $pending));
        self::assertNotNull($this->pending());
        $this->shop->refusal = null;
        self::assertSame(200, $this->called('job.succeeded', $pending));
        self::assertSame('paused', $this->shop->row()['status']);
    }

    public function testOnlyASignedPostIsRead(): void
    {
        $pending = $this->accepted(Action::Suspend);
        $headers = Signature::sign('cb_1', Clock::now(), '{}', Shop::SECRET);
        self::assertSame([405, 401, 401, 413, 422], [
            $this->posted('{}', $headers, 'GET'),
            $this->posted('{} ', $headers),
            $this->posted('{}', []),
            $this->posted(str_repeat(' ', 65537), []),
            $this->posted('{}', $headers),
        ]);
        Clock::pass(301);
        self::assertSame(401, $this->posted('{}', $headers));
        self::assertEquals($pending, $this->pending());
    }

    public function testABusyServiceIsToBeAskedAgain(): void
    {
        $pending = $this->accepted(Action::Suspend);
        Lock::around(Shop::SERVICE, function () use ($pending): void {
            self::assertSame(503, $this->called('job.succeeded', $pending));
            $this->expectException(Busy::class);
            $this->shop->run(Action::Suspend);
        });
    }

    public function testResultsBringWhatNoCallbackBroughtAndThePlaceIsKept(): void
    {
        $pending = $this->accepted(Action::Suspend);
        $receipt = ['status' => 'succeeded', 'hook' => $pending->id, 'job' => 'job_1', 'action' => 'mailbox.suspend',
            'address' => 'john@example.com', 'service_id' => '11', 'sequence' => 8, 'state' => 'suspended', 'message' => 'Done.'];
        Bridge::does('', ['results' => Bridge::tells(['items' => [$receipt, ['service_id' => 'x']], 'next' => '1/job_1'])]);
        Catchup::run();
        self::assertSame('paused', $this->shop->row()['status']);
        self::assertSame('1/job_1', $this->shop->store()->place(Shop::BRIDGE));
        Bridge::does('', ['results' => Bridge::refuses(422)]);
        Catchup::run();
        self::assertSame('', $this->shop->store()->place(Shop::BRIDGE));
    }

    public function testWhatTheBridgeDoesNotHaveIsSentAgainAfterAMinute(): void
    {
        Bridge::says(Bridge::refuses(503));
        $this->shop->run(Action::Create);
        $hook = $this->pending()->id;
        Bridge::reset();
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame([], Bridge::hooks(), 'it may still be on its way');
        Clock::pass(120);
        Catchup::run();
        self::assertSame($hook, Bridge::hooks()[0]->id());
        self::assertSame('running', $this->shop->row()['status']);
        self::assertNull($this->pending());
    }

    public function testWhatTheBridgeHasIsAskedForAndNotSentAgain(): void
    {
        $pending = $this->accepted(Action::Create, 'new');
        Clock::pass(2000);
        Bridge::does(Bridge::refuses(500), ['job' => Bridge::stands('succeeded', $pending)]);
        Catchup::run();
        self::assertSame([], Bridge::hooks());
        self::assertSame('running', $this->shop->row()['status']);
    }

    public function testWhatWasPaidMeanwhileIsWithdrawnAndNeverDone(): void
    {
        $pending = $this->accepted(Action::Terminate);
        $this->shop->change('due', '2031-01-31');
        Bridge::does('', ['job.withdraw' => Bridge::stands('cancelled', $pending, ['error' => ['code' => 'withdrawn']])]);
        Catchup::reconsider(Shop::SERVICE);
        self::assertSame([[$pending->id], []], [Bridge::withdrawn(), Bridge::hooks()]);
        self::assertMatchesRegularExpression('/\Ashop_withdraw_[0-9a-f]{24}\z/', Bridge::$requests[0]->id());
        self::assertNull($this->pending());
        self::assertStringContainsString('it was paid', $this->shop->told[0]);
        self::assertSame('running', $this->shop->row()['status']);
    }

    public function testASuspensionThatCameThroughAfterThePaymentIsLifted(): void
    {
        $this->shop->change('due', '2020-01-31');
        $this->shop->change('reason', 'unpaid');
        $pending = $this->accepted(Action::Suspend);
        $this->shop->change('due', '2031-01-31');
        Bridge::says(Bridge::ends('succeeded'));
        $this->called('job.succeeded', $pending, ['state' => 'suspended']);
        self::assertSame(['mailbox.unsuspend'], self::sent());
        self::assertSame('running', $this->shop->row()['status']);
        self::assertContains('The shop gives it back.', $this->shop->told, 'the plug-in\'s own words go first');
    }

    public function testWhatAPersonAskedForIsDoneAllTheSame(): void
    {
        $this->shop->asked = Asked::Admin;
        $pending = $this->accepted(Action::Terminate);
        $this->shop->change('due', '2031-01-31');
        Catchup::reconsider(Shop::SERVICE);
        self::assertSame([], Bridge::$requests);
        $this->called('job.succeeded', $pending, ['state' => 'absent']);
        self::assertSame('over', $this->shop->row()['status']);
    }

    public function testOfAServiceThatIsGoneNothingIsWanted(): void
    {
        $pending = $this->accepted(Action::Create, 'new');
        $this->shop->database->exec('DELETE FROM service');
        Bridge::does('');
        Catchup::run();
        self::assertSame([$pending->id], Bridge::withdrawn());
        self::assertNull($this->pending());
    }

    public function testABridgeThatIsAwayIsLeftAloneAndNothingIsThrown(): void
    {
        $this->accepted(Action::Create, 'new');
        Bridge::says(Bridge::refuses(503));
        Catchup::run();
        self::assertCount(1, Bridge::$requests);
        $this->shop->host = 'not here';
        Catchup::run();
        self::assertStringContainsString('invalid characters', end($this->shop->told));
        self::assertNotContains('unexpected', array_column($this->shop->calls, 3));
    }
}
