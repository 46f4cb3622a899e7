<?php

namespace WHMCS\UsageBilling\Metrics\Units;

class FloatingPoint extends WholeNumber
{
}
