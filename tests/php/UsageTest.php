<?php

namespace EnomBridge\Tests;

/** The daily usage of each mailbox. */
final class UsageTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        Billing::change(['domainstatus' => 'Active', 'username' => 'john@example.com', 'lastupdate' => '2026-01-03 00:00:00']);
        foreach ([1043 => 'Suspended', 1044 => 'Active', 1045 => 'Active'] as $id => $status) {
            Billing::addService($id, ['domainstatus' => $status, 'username' => "box$id@example.com", 'lastupdate' => "2026-01-0" . ($id - 1042) . ' 00:00:00']);
        }
    }

    /** @return list<string> */
    private function asked(): array
    {
        return array_map(fn (Request $request) => $request->data()['service_id'], Bridge::$requests);
    }

    public function testItWritesMegabytesAndAsksForTheOldestFirst(): void
    {
        Bridge::says(Bridge::tells(['used_bytes' => 1048577, 'quota_bytes' => 5 * 1073741824]));
        self::assertNull(enombridge_UsageUpdate(Billing::serverParams()));
        self::assertSame([2, 5120], [(int) Billing::row(1044)->diskusage, (int) Billing::row(1044)->disklimit]);
        self::assertSame(date('Y-m-d'), substr(Billing::row()->lastupdate, 0, 10));
        self::assertSame(['1043', '1044', '1042', '1045'], $this->asked());
    }

    public function testWhatEnomDoesNotShowStaysAsItIs(): void
    {
        Billing::change(['diskusage' => 70, 'disklimit' => 5000]);
        foreach ([['used_bytes' => null], [], ['used_bytes' => 'many', 'quota_bytes' => [1]]] as $figures) {
            Bridge::says(Bridge::tells($figures));
            enombridge_UsageUpdate(Billing::serverParams());
            self::assertSame([70, 5000], [(int) Billing::row()->diskusage, (int) Billing::row()->disklimit]);
        }
        Bridge::says(Bridge::tells(['used_bytes' => -5]));
        enombridge_UsageUpdate(Billing::serverParams());
        self::assertSame([0, 5000], [(int) Billing::row()->diskusage, (int) Billing::row()->disklimit]);
    }

    public function testOthersServicesAndThoseWithoutAnAddressAreLeft(): void
    {
        Billing::change(['username' => 'examplec'], 1043);
        Billing::change(['username' => ''], 1044);
        Billing::change(['domainstatus' => 'Terminated'], 1045);
        Billing::addService(1046, ['server' => 4, 'domainstatus' => 'Active', 'username' => 'x@example.com']);
        Bridge::says(Bridge::tells(['used_bytes' => 1]));
        enombridge_UsageUpdate(Billing::serverParams());
        self::assertSame(['1042'], $this->asked());
    }

    public function testARefusalForOneDoesNotStopTheOthers(): void
    {
        Bridge::says(Bridge::refuses(404, 'There is no mailbox of this address and service.'));
        enombridge_UsageUpdate(Billing::serverParams());
        self::assertCount(4, Bridge::$requests);
        self::assertSame('2026-01-03 00:00:00', Billing::row()->lastupdate);
    }

    public function testOneThatEnomCannotAnswerForDoesNotStarveTheOthers(): void
    {
        Bridge::says(Bridge::refuses(502, 'Enom gave no answer.'), Bridge::tells(['used_bytes' => 1]));
        enombridge_UsageUpdate(Billing::serverParams());
        self::assertCount(4, Bridge::$requests);
    }

    public function testItStopsWhenTheBridgeIsAway(): void
    {
        foreach ([[Bridge::refuses(503), 3], ['', 3], [Bridge::refuses(401), 1]] as [$answer, $calls]) {
            Bridge::$requests = [];
            Bridge::says($answer);
            enombridge_UsageUpdate(Billing::serverParams());
            self::assertCount($calls, Bridge::$requests);
        }
    }

    public function testItEndsInTime(): void
    {
        Bridge::says(function (Request $request) {
            Clock::pass(400);
            return Bridge::tells(['used_bytes' => 1])($request);
        });
        enombridge_UsageUpdate(Billing::serverParams());
        self::assertCount(2, Bridge::$requests);
    }

    public function testNothingComesOut(): void
    {
        enombridge_UsageUpdate(['serverid' => 3]);
        self::assertStringContainsString('server needs', Billing::activityTexts()[0]);
        Database::vanish();
        enombridge_UsageUpdate(['serverid' => 3, 'serverhostname' => 'localhost', 'serverusername' => 'x', 'serverpassword' => Billing::SECRET]);
        self::assertSame(['unexpected'], array_column(Billing::$moduleLog, 4));
    }
}
