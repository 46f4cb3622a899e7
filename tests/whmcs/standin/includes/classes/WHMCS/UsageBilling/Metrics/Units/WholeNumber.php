<?php

namespace WHMCS\UsageBilling\Metrics\Units;

use WHMCS\UsageBilling\Contracts\Metrics\UnitInterface;

class WholeNumber implements UnitInterface
{
    public function __construct(
        private $name = '',
        private $singular = null,
        private $plural = null,
        private $prefix = null,
        private $suffix = null,
    ) {
    }

    public function perUnitName($value)
    {
        return ((float) $value === 1.0 ? $this->singular : $this->plural) ?? $this->name;
    }

    public function prefix()
    {
        return $this->prefix;
    }

    public function suffix()
    {
        return $this->suffix;
    }
}
