<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Lock;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** One process at a time for one service. */
final class LockTest extends TestCase
{
    private string $file = '';

    protected function setUp(): void
    {
        parent::setUp();
        $this->file = tempnam(sys_get_temp_dir(), 'enombridge');
    }

    protected function tearDown(): void
    {
        unlink($this->file);
    }

    public function testASecondProcessIsToldToComeAgainAndTheFirstIsNotDisturbed(): void
    {
        (new Process($this->file, 'seed'))->end();
        $second = null;
        Bridge::says(function (Request $request) use (&$second) {
            $second = (new Process($this->file, 'CreateAccount'))->end(); // while the first one waits for its answer
            return Bridge::ends('succeeded')($request);
        });
        $first = (new Process($this->file, 'CreateAccount'))->end();
        self::assertSame('success', $first['said']);
        self::assertStringStartsWith('Another action is in progress', $second['said']);
        self::assertSame([], [...$first['warnings'], ...$second['warnings']]);
        self::assertCount(1, Bridge::$requests);
    }

    public function testProcessesThatRaceForTheTablesAllGetThem(): void
    {
        (new Process($this->file, 'seed'))->end();
        Bridge::says(Bridge::ends('succeeded'));
        $moment = microtime(true) + 0.25;
        $processes = array_map(fn () => new Process($this->file, 'SuspendAccount', $moment), range(1, 4));
        foreach ($processes as $process) {
            $ended = $process->end();
            self::assertContains($ended['said'], ['success', 'Another action is in progress for this service. Try again in a moment.'], json_encode($ended['log']));
            self::assertSame([], $ended['warnings']);
        }
        self::assertNotEmpty(Bridge::$requests);
    }

    public function testATakenLockIsWaitedForAFewSecondsOnly(): void
    {
        $this->take(60);
        self::assertStringStartsWith('Another action is in progress', Billing::run('SuspendAccount'));
        self::assertEqualsWithDelta(3, Clock::$ahead, 0.5);
        $this->assertNoCall();
        self::assertSame('another', $this->kept()->lock_owner);
    }

    public function testAnExpiredLockIsTakenOver(): void
    {
        $this->take(-1);
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run('SuspendAccount'));
        self::assertNull($this->kept()->lock_owner);
    }

    public function testALockOutlastsTheLongestCall(): void
    {
        Bridge::says(function (Request $request) {
            self::assertGreaterThan(2 * 25, $this->kept()->lock_until - Clock::now());
            return Bridge::ends('succeeded')($request);
        });
        self::assertSame('success', Billing::run('SuspendAccount'));
    }

    public function testItIsFreeAgainAfterAnException(): void
    {
        Billing::answer('EncryptPassword', fn () => throw new \LogicException('broken'));
        self::assertStringStartsWith('An unexpected error', Billing::run('CreateAccount'));
        self::assertNull($this->kept()->lock_until);
        self::assertNull($this->kept()->lock_owner);
    }

    public function testWhoLostItDoesNotFreeThatOfAnother(): void
    {
        Bridge::says(function (Request $request) {
            $this->take(60);
            return Bridge::ends('succeeded')($request);
        });
        Billing::run('SuspendAccount');
        self::assertSame('another', $this->kept()->lock_owner);
    }

    public function testAnotherServiceIsFree(): void
    {
        Billing::addService(1043);
        $this->take(60);
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run('SuspendAccount', 1043));
    }

    public function testItGivesBackWhatWasDone(): void
    {
        self::assertSame(7, Lock::around(1, fn () => 7));
        $this->expectException(Busy::class);
        Lock::around(1, fn () => Lock::around(1, fn () => 8, patience: 0));
    }

    private function take(int $seconds): void
    {
        Store::prepare();
        Capsule::table(Store::TABLE)->updateOrInsert(['service' => Billing::SERVICE], ['lock_owner' => 'another', 'lock_until' => Clock::now() + $seconds]);
    }
}
