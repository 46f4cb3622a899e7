<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\PdoStore;

/** What must not be lost, in the platform's own database. */
final class StoreTest extends TestCase
{
    private string $file = '';

    protected function setUp(): void
    {
        parent::setUp();
        $this->file = (string) tempnam(sys_get_temp_dir(), 'enombridge');
    }

    protected function tearDown(): void
    {
        unlink($this->file);
    }

    /** As another process has it. */
    private function store(): PdoStore
    {
        return new PdoStore(new \PDO("sqlite:$this->file"), 'mail');
    }

    public function testWhatIsSavedIsThereForAnotherProcess(): void
    {
        self::assertSame([], $this->store()->load(7));
        $values = ['address' => 'john@example.com', 'pending' => null, 'sequence' => 8];
        foreach ([$values, $values, ['sequence' => 9] + $values] as $saved) {
            $this->store()->save(7, $saved);
            self::assertEquals($saved, array_intersect_key($this->store()->load(7), $saved));
        }
        self::assertSame([], $this->store()->load(8));
    }

    public function testOfSeveralOwnersOneHasItUntilItsTimeIsOver(): void
    {
        self::assertTrue($this->store()->lock(7, 'one', 100, 200));
        self::assertFalse($this->store()->lock(7, 'two', 100, 200));
        self::assertTrue($this->store()->lock(8, 'two', 100, 200), 'another service');
        $this->store()->unlock(7, 'two');
        self::assertFalse($this->store()->lock(7, 'two', 200, 300));
        self::assertTrue($this->store()->lock(7, 'two', 201, 300), 'a process that died');
        $this->store()->unlock(7, 'one');
        self::assertFalse($this->store()->lock(7, 'three', 202, 300), 'who lost it frees nothing');
        $this->store()->unlock(7, 'two');
        self::assertTrue($this->store()->lock(7, 'three', 202, 300));
    }

    public function testSavingLeavesTheLockAsItIs(): void
    {
        $this->store()->lock(7, 'one', 100, 200);
        $this->store()->save(7, ['address' => 'john@example.com']);
        self::assertFalse($this->store()->lock(7, 'two', 100, 200));
    }

    public function testThoseThatWaitLongestComeFirst(): void
    {
        foreach ([12 => 30, 11 => 20, 13 => null] as $service => $since) {
            $this->store()->save($service, ['pending_since' => $since]);
        }
        self::assertSame([11, 12], $this->store()->waiting(Shop::BRIDGE));
        $this->shop->change('bridge', '2');
        self::assertSame([12], $this->store()->waiting(Shop::BRIDGE), 'one is another bridge\'s; one is gone, and nobody\'s');
    }

    public function testThePlaceIsOfABridgeAndCanBeForgotten(): void
    {
        self::assertSame('', $this->store()->place(1));
        foreach (['1/job_1', '2/job_2', '2/job_2', ''] as $place) {
            $this->store()->keepPlace(1, $place);
            self::assertSame($place, $this->store()->place(1));
        }
        self::assertSame('', $this->store()->place(2));
    }

    public function testAFaultIsNotTakenForARowThatIsThere(): void
    {
        $this->expectException(\PDOException::class);
        $this->store()->save(7, ['no_such_column' => 1]);
    }
}
