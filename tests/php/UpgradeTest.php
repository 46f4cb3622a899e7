<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Catchup;
use Illuminate\Database\Schema\Blueprint;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** An installation of the version before, with hooks that are pending, goes on without a person's doing. */
final class UpgradeTest extends TestCase
{
    /** A pending hook as the version before wrote it. @return array<string, mixed> */
    private static function written(string $action, array $changes = [], array $data = []): array
    {
        $data += ['service_id' => '1042', 'address' => 'john@example.com'];
        ksort($data);
        return $changes + [
            'id' => 'whmcs_1042_Old_0011223344556677', 'action' => $action,
            'digest' => hash_hmac('sha256', "$action\n" . json_encode($data), 'pending ' . Billing::SECRET),
            'timestamp' => '2026-11-23T06:18:52Z', 'data' => $data, 'sealed' => '', 'was' => 'Active', 'due' => Billing::row()->nextduedate,
            'since' => Clock::now() - 600, 'told' => false, 'accepted' => false, 'held' => false, 'asked' => Clock::now() - 600, 'sequence' => 0,
        ];
    }

    /** @param array<string, mixed> $pending */
    private static function keep(array $pending): void
    {
        Store::prepare();
        Capsule::table(Store::TABLE)->insert(['service' => 1042, 'address' => 'john@example.com', 'pending' => json_encode(['status' => $pending]), 'pending_since' => $pending['since']]);
        Billing::change(['domainstatus' => $pending['was']]);
    }

    public function testWhatIsNotKnownIsADoubtAndWhoAskedWasCron(): void
    {
        self::keep(self::written('mailbox.terminate'));
        self::assertSame([Asked::Cron, ['due' => '2030-01-31']], [$this->pending()->asked_by, $this->pending()->grounds]);
        self::assertSame('2030-01-31', $this->pending()->grounds['due']);
    }

    public function testATerminationOnADoubtIsNotSentAgainAndStaffIsTold(): void
    {
        self::keep(self::written('mailbox.terminate'));
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame([[], ['whmcs_1042_Old_0011223344556677']], [Bridge::hooks(), Bridge::withdrawn()]);
        self::assertNull($this->pending());
        self::assertStringContainsString('Terminate of john@example.com was not done: it is not known whether anything changed', Billing::activityTexts()[0]);
    }

    public function testOneThatTheBridgeHasEndsAsItWouldHave(): void
    {
        self::keep(self::written('mailbox.terminate', ['accepted' => true]));
        $callback = $this->concluded();
        Bridge::does(Bridge::ends('succeeded'), ['job' => Bridge::stands('running', $this->pending())]);
        Clock::pass(2000);
        Catchup::run();
        self::assertSame([[], []], [Bridge::hooks(), Bridge::withdrawn()]);
        $this->called('job.succeeded', $callback);
        self::assertSame('Terminated', Billing::status());
    }

    public function testTheOthersAreSentAgainUnderTheirIdsWithTheirData(): void
    {
        foreach (['mailbox.create' => 'Pending', 'mailbox.suspend' => 'Active', 'mailbox.unsuspend' => 'Suspended'] as $action => $was) {
            $this->setUp();
            self::keep(self::written($action, ['was' => $was]));
            Bridge::does(Bridge::ends('succeeded'));
            Catchup::run();
            self::assertSame(['whmcs_1042_Old_0011223344556677'], array_map(fn (Request $request) => $request->id(), Bridge::hooks()), $action);
            self::assertArrayNotHasKey('customer_id', Bridge::hooks()[0]->data(), 'an id is used for what was sent under it');
            self::assertNull($this->pending());
        }
    }

    public function testWhatStaffPressesOnceMoreIsTheSameHook(): void
    {
        self::keep(self::written('mailbox.suspend', ['accepted' => true]));
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run('SuspendAccount'));
        self::assertSame('whmcs_1042_Old_0011223344556677', Bridge::last()->id());
        self::assertArrayNotHasKey('customer_id', Bridge::last()->data());
    }

    public function testAPaymentSinceCounts(): void
    {
        Billing::overdue();
        self::keep(self::written('mailbox.suspend'));
        Billing::change(['nextduedate' => '2031-01-31']);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame([], Bridge::hooks());
        self::assertNull($this->pending());
    }

    public function testAServiceThatIsNeverDueWasNotPaid(): void
    {
        Billing::change(['nextduedate' => '0000-00-00']);
        self::keep(self::written('mailbox.suspend'));
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertCount(1, Bridge::hooks());
    }

    public function testATableOfBeforeGetsWhatItLacks(): void
    {
        $file = (string) tempnam(sys_get_temp_dir(), 'enombridge');
        try {
            $before = new \PDO("sqlite:$file");
            $before->exec('CREATE TABLE mod_enombridge (service INTEGER PRIMARY KEY, lock_owner TEXT, lock_until INTEGER, address TEXT, sequence INTEGER,'
                . ' sequence_of TEXT, pending TEXT, pending_since INTEGER, job TEXT, job_status TEXT, state TEXT, noted TEXT, verified TEXT, message TEXT, checked_at INTEGER)');
            $before->exec("INSERT INTO mod_enombridge (service, address, message) VALUES (1042, 'john@example.com', 'Mailbox created.')");
            unset($before);
            (new Process($file, 'seed'))->end();
            Bridge::says(Bridge::ends('succeeded'));
            self::assertSame(['success', []], array_values(array_intersect_key((new Process($file, 'SuspendAccount'))->end(), ['said' => 0, 'warnings' => 0])));
            $after = new \PDO("sqlite:$file");
            $columns = $after->query('PRAGMA table_info(mod_enombridge)')->fetchAll(\PDO::FETCH_COLUMN, 1);
            self::assertSame([], array_diff(['asked', 'confirmed', 'code', 'message'], $columns));
        } finally {
            @unlink($file);
        }
    }
}
