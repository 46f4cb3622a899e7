<?php

namespace EnomBridge\Tests;

use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** hooks.php: what it registers, and that nothing comes out of it. */
final class HooksTest extends TestCase
{
    protected function setUp(): void
    {
        parent::setUp();
        require MODULE . '/hooks.php';
    }

    private function fire(string $point, mixed $vars): mixed
    {
        foreach (Billing::$hooks as [$name, , $do]) {
            if ($name === $point) {
                return $do($vars);
            }
        }
        self::fail("nothing is registered for $point");
    }

    private function create(): void
    {
        Bridge::does(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        Billing::$activities = [];
    }

    public function testItRegistersItsPointsAndNoneThatHandsOutPasswords(): void
    {
        $points = array_column(Billing::$hooks, 0);
        self::assertSame(['OverrideModuleUsernameGeneration', 'CancellationRequest', 'ServiceEdit', 'InvoicePaid', 'ServiceDelete', 'AfterCronJob'], $points);
        self::assertSame([], preg_grep('/password/i', $points));
        $this->assertNoCall();
    }

    public function testNothingComesOutWhateverGoesIn(): void
    {
        $strange = [[], null, 'text', 7, false, new \stdClass(), ['serviceid' => null], ['serviceid' => []], ['serviceid' => [1042]], ['serviceid' => new \stdClass()],
            ['serviceid' => '1042; drop'], ['relid' => ['x'], 'type' => ['y']], ['relid' => 1042, 'type' => ['y']], ['relid' => -1], ['relid' => '1042', 'type' => null],
            ['moduletype' => ['enombridge']], ['moduletype' => 'enombridge'], ['moduletype' => 'enombridge', 'customfields' => 'x', 'domain' => []],
            ['moduletype' => 'enombridge', 'customfields' => new \stdClass()], ['moduletype' => 'enombridge', 'configoption2' => ['option'], 'configoptions' => null],
            ['moduletype' => 'enombridge', 'customfields' => ['Mailbox address' => ['x']]], ['serviceid' => PHP_INT_MAX], ['serviceid' => 1.5],
            ['invoiceid' => 'x'], ['invoiceid' => [1]], ['invoiceid' => new \stdClass()], ['invoiceid' => -1]];
        $this->create();
        Billing::answer('GetClientsProducts', fn () => ['result' => 'error']);
        Bridge::does(Bridge::refuses(500));
        for ($round = 0; $round < 2; $round++) {
            foreach ($strange as $vars) {
                foreach (array_column(Billing::$hooks, 0) as $point) {
                    self::assertNull($this->fire($point, $vars));
                }
            }
            if ($round === 0) {
                self::assertUnexpectedNothing();
                Database::vanish();
            }
        }
    }

    public function testNothingComesOutEvenIfTheLogIsGoneWithTheDatabase(): void
    {
        Database::vanish();
        Billing::$moduleLog = [];
        Billing::$logBroken = true;
        foreach (array_column(Billing::$hooks, 0) as $point) {
            self::assertNull($this->fire($point, ['serviceid' => 1042, 'relid' => 1042]));
        }
    }

    public function testTheMailboxIsTheUserName(): void
    {
        self::assertSame('john@example.com', $this->fire('OverrideModuleUsernameGeneration', Billing::params()));
        self::assertNull($this->fire('OverrideModuleUsernameGeneration', ['moduletype' => 'cpanel'] + Billing::params()));
        self::assertNull($this->fire('OverrideModuleUsernameGeneration', Billing::params(['customfields' => []])));
    }

    public function testACancellationIsNotedForMailboxesThatAreThere(): void
    {
        $this->fire('CancellationRequest', ['relid' => 1042, 'userid' => 7, 'reason' => 'x', 'type' => 'Immediate <b>']);
        self::assertSame([], Billing::$activities);
        $this->create();
        $this->fire('CancellationRequest', ['relid' => 1042, 'userid' => 7, 'reason' => 'x', 'type' => 'Immediate <b>']);
        self::assertSame(['enom-bridge: Cancellation requested (Immediate ‹b›). The mailbox john@example.com stays until WHMCS terminates the service. - Service ID: 1042', 7], Billing::$activities[0]);
        self::assertCount(1, Bridge::$requests);
    }

    public function testARenamedAddressIsSaidAtOnce(): void
    {
        $this->create();
        $this->fire('ServiceEdit', ['serviceid' => 1042, 'userid' => 7]);
        self::assertSame([], Billing::$activities);
        Billing::$more = ['customfields' => ['Mailbox address' => 'jane<script>@example.com']];
        $this->fire('ServiceEdit', ['serviceid' => 1042, 'userid' => 7]);
        self::assertStringContainsString('changed to jane‹script›@example.com, but its mailbox is john@example.com', Billing::activityTexts()[0]);
        Billing::$more = ['customfields' => []];
        $this->fire('ServiceEdit', ['serviceid' => 1042, 'userid' => 7]);
        self::assertCount(1, Billing::$activities, 'an emptied field says nothing');
    }

    public function testADeletedServiceLeavesAWarningAndNoRow(): void
    {
        $this->create();
        $this->fire('ServiceDelete', ['serviceid' => 1042, 'userid' => 7]);
        self::assertStringContainsString('its mailbox john@example.com still exists', Billing::activityTexts()[0]);
        self::assertSame(0, Capsule::table(Store::TABLE)->count());
        $this->fire('ServiceDelete', ['serviceid' => 1042, 'userid' => 7]);
        self::assertCount(1, Billing::$activities);
    }

    public function testAfterATerminationADeletionIsSilent(): void
    {
        $this->create();
        Billing::run('TerminateAccount');
        $this->fire('ServiceDelete', ['serviceid' => 1042]);
        self::assertSame([], Billing::$activities);
    }

    public function testTheFilesAreNotServedByThemselves(): void
    {
        foreach (['hooks.php', 'enombridge.php'] as $file) {
            exec(escapeshellarg(PHP_BINARY) . ' ' . escapeshellarg(MODULE . "/$file") . ' 2>&1', $printed);
        }
        self::assertSame(['This file cannot be accessed directly', 'This file cannot be accessed directly'], str_split(implode('', $printed), 37));
    }
}
