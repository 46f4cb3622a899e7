<?php

namespace WHMCS\UsageBilling\Metrics;

use WHMCS\UsageBilling\Contracts\Metrics\UsageInterface;

class Usage implements UsageInterface
{
    private $collectedAt;

    public function __construct(private $value, $collectedAt = null, private $startAt = null, private $endAt = null)
    {
        $this->collectedAt = $collectedAt ?? new \DateTimeImmutable();
    }

    public function value()
    {
        return $this->value;
    }

    public function collectedAt()
    {
        return $this->collectedAt;
    }

    public function startAt()
    {
        return $this->startAt;
    }

    public function endAt()
    {
        return $this->endAt;
    }
}
