<?php

namespace EnomBridge\Tests;

/** What newer WHMCS has classes for: usage billing and buttons on the customer's home page. */
final class UsageBillingTest extends TestCase
{
    public function testWithoutTheClassesThereIsNothing(): void
    {
        self::assertNull(enombridge_MetricProvider(Billing::serverParams()));
        self::assertNull(enombridge_CustomActions(Billing::params()));
    }

    /**
     * @runInSeparateProcess
     * @preserveGlobalState disabled
     */
    public function testMetricsAreThoseThatTheDailyUsageWrote(): void
    {
        require __DIR__ . '/support/metrics.php';
        Billing::change(['domainstatus' => 'Active', 'username' => 'john@example.com', 'diskusage' => 70]);
        Billing::addService(1043, ['domainstatus' => 'Terminated', 'username' => 'gone@example.com']);
        Billing::addService(1044, ['domainstatus' => 'Active', 'username' => 'other@example.com', 'server' => 4]);
        $provider = enombridge_MetricProvider(Billing::serverParams());
        self::assertSame(['mailboxes', 'diskusage'], array_map(fn ($metric) => $metric->name, $provider->metrics()));
        self::assertSame(['john@example.com'], array_keys($provider->usage()));
        self::assertSame([1, 70], array_map(fn ($metric) => $metric->usage->value, $provider->tenantUsage('john@example.com')));
        self::assertSame([], $provider->tenantUsage('gone@example.com'));
        self::assertCount(2, enombridge_MetricProvider([])->metrics(), 'also without a server');
        self::assertSame([], enombridge_MetricProvider([])->usage());
        $this->assertNoCall();
    }

    /**
     * @runInSeparateProcess
     * @preserveGlobalState disabled
     */
    public function testTheButtonOpensWebmailWhileTheServiceIsActive(): void
    {
        Machine::session('client');
        require __DIR__ . '/support/actions.php';
        foreach (['Active' => true, 'Suspended' => false] as $status => $open) {
            Billing::change(['domainstatus' => $status]);
            $params = Billing::params();
            [$id, $label, $callable, $arguments, $permissions, $active] = enombridge_CustomActions($params)->actions[0];
            self::assertSame(['webmail', 'Open webmail', [$params], ['productsso'], $open], [$id, $label, $arguments, $permissions, $active]);
            Bridge::says(Bridge::tells(['url' => 'https://mail.example.com/']));
            self::assertTrue($callable(...$arguments)['success']);
        }
    }
}
