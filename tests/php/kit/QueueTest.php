<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\Lock;
use EnomBridge\Tests\Bridge;
use EnomBridge\Tests\Clock;

/** What a job in the platform's queue is to ask for is kept when the job is queued. */
final class QueueTest extends TestCase
{
    private const WAITS = 901; // seconds after which a job counts as lost

    public function testALostJobIsSentFromCron(): void
    {
        Dispatch::keep(Action::Create, new Purchase(Shop::SERVICE));
        $kept = $this->pending();
        self::assertTrue($kept->queued);
        self::assertSame([], Bridge::$requests);
        Bridge::does(Bridge::ends('succeeded'));
        Clock::pass(120);
        Catchup::run();
        self::assertSame([], Bridge::hooks(), 'the job may still wait for a worker');
        Clock::pass(self::WAITS);
        Catchup::run();
        self::assertSame($kept->id, Bridge::hooks()[0]->id());
        self::assertSame('running', $this->shop->row()['status']);
        self::assertNull($this->pending());
    }

    public function testTheJobSendsWhatWasKept(): void
    {
        $this->shop->asked = Asked::Admin; // in whose request the job was queued
        Dispatch::keep(Action::Create, new Purchase(Shop::SERVICE));
        $kept = $this->pending();
        self::assertSame(Asked::Cron, $kept->asked_by);
        Bridge::says(Bridge::refuses(503));
        $this->shop->run(Action::Create);
        self::assertSame($kept->id, Bridge::hooks()[0]->id());
        self::assertFalse($this->pending()->queued);
    }

    public function testWhatWaitsAlreadyIsLeftAsItIs(): void
    {
        $pending = $this->accepted(Action::Suspend);
        Dispatch::keep(Action::Suspend, new Purchase(Shop::SERVICE));
        self::assertEquals($pending, $this->pending());
    }

    public function testAJobThatIsNoLongerDueLeavesNothingBehind(): void
    {
        $before = $this->accepted(Action::Unsuspend, 'paused');
        Dispatch::forget(Action::Unsuspend, Shop::SERVICE);
        self::assertSame($before->id, $this->pending()?->id, 'it was sent');
        Dispatch::keep(Action::Suspend, new Purchase(Shop::SERVICE));
        Dispatch::forget(Action::Terminate, Shop::SERVICE);
        self::assertSame(Action::Suspend, $this->pending()?->action);
        Dispatch::forget(Action::Suspend, Shop::SERVICE);
        self::assertSame($before->id, $this->pending()?->id, 'and so it is waited for again');
    }

    public function testALostJobThatIsNotWantedAnyMoreIsNotSent(): void
    {
        $this->shop->change('status', 'running');
        $this->shop->change('due', '2020-01-31');
        $this->shop->change('reason', 'unpaid');
        Dispatch::keep(Action::Suspend, new Purchase(Shop::SERVICE));
        $this->shop->change('due', '2031-01-31');
        Clock::pass(self::WAITS);
        Bridge::does('');
        Catchup::run();
        self::assertSame([], Bridge::hooks());
        self::assertNull($this->pending());
    }

    public function testAServiceThatIsBusyIsNotWaitedFor(): void
    {
        Lock::around(Shop::SERVICE, function (): void {
            $this->expectException(Busy::class);
            Dispatch::keep(Action::Create, new Purchase(Shop::SERVICE));
        });
    }
}
