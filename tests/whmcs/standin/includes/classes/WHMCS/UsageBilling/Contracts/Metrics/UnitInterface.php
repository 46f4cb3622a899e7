<?php

namespace WHMCS\UsageBilling\Contracts\Metrics;

interface UnitInterface
{
    public function perUnitName($value);

    public function suffix();
}
