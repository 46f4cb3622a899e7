<?php

// The classes of WHMCS's usage billing, as far as a provider touches them.

namespace WHMCS\UsageBilling\Contracts\Metrics {
    interface MetricInterface
    {
        public const TYPE_SNAPSHOT = 'snapshot';
    }

    interface ProviderInterface
    {
        public function metrics();

        public function usage();

        public function tenantUsage($tenant);
    }
}

namespace WHMCS\UsageBilling\Metrics\Units {
    final class Accounts
    {
        public function __construct(public readonly string $name)
        {
        }
    }

    final class MegaBytes
    {
    }
}

namespace WHMCS\UsageBilling\Metrics {
    final class Usage
    {
        public function __construct(public readonly int $value)
        {
        }
    }

    final class Metric implements \WHMCS\UsageBilling\Contracts\Metrics\MetricInterface
    {
        public ?Usage $usage = null;

        public function __construct(public readonly string $name, public readonly string $label, public readonly string $type, public readonly object $unit)
        {
        }

        public function withUsage(Usage $usage): self
        {
            $other = clone $this;
            $other->usage = $usage;
            return $other;
        }
    }
}
