<?php

namespace WHMCS\UsageBilling\Metrics\Units;

class MegaBytes extends FloatingPoint
{
}
