<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;
use WHMCS\UsageBilling\Contracts\Metrics\MetricInterface;
use WHMCS\UsageBilling\Contracts\Metrics\ProviderInterface;
use WHMCS\UsageBilling\Metrics\Metric;
use WHMCS\UsageBilling\Metrics\Units\Accounts as AccountUnit;
use WHMCS\UsageBilling\Metrics\Units\MegaBytes;
use WHMCS\UsageBilling\Metrics\Usage;

/** Mailboxes and their storage for usage billing, from what the daily usage wrote: no call of its own. */
final class Metrics implements ProviderInterface
{
    /** @param array<string, mixed> $params */
    public function __construct(private readonly array $params)
    {
    }

    /** @return list<MetricInterface> */
    public function metrics()
    {
        return [
            new Metric('mailboxes', Text::of('metric_mailboxes'), MetricInterface::TYPE_SNAPSHOT, new AccountUnit(Text::of('metric_mailboxes'))),
            new Metric('diskusage', Text::of('metric_storage'), MetricInterface::TYPE_SNAPSHOT, new MegaBytes()),
        ];
    }

    /** @return array<string, list<MetricInterface>> by mailbox */
    public function usage()
    {
        return $this->of(null);
    }

    /** @return list<MetricInterface> */
    public function tenantUsage($tenant)
    {
        return $this->of((string) $tenant)[(string) $tenant] ?? [];
    }

    /** @return array<string, list<MetricInterface>> */
    private function of(?string $mailbox): array
    {
        Store::prepare();
        $services = Capsule::table('tblhosting')->leftJoin(Store::TABLE, Store::TABLE . '.service', '=', 'tblhosting.id')->where('server', (int) ($this->params['serverid'] ?? 0))->whereIn('domainstatus', ['Active', 'Suspended']);
        if ($mailbox !== null) {
            $services->where('username', $mailbox);
        }
        $usage = [];
        foreach ($services->get(['username', 'diskusage', 'mailboxes']) as $service) {
            [$mailboxes, $storage] = $this->metrics();
            $usage[(string) $service->username] = [$mailboxes->withUsage(new Usage(self::counted($service))), $storage->withUsage(new Usage((int) $service->diskusage))];
        }
        return $usage;
    }

    /** A user name that is an address is one mailbox; a domain has as many as were counted. */
    private static function counted(object $service): int
    {
        return str_contains((string) $service->username, '@') ? 1 : (int) ($service->mailboxes ?? 1);
    }
}
