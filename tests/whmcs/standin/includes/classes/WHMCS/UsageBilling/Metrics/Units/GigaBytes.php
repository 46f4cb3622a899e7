<?php

namespace WHMCS\UsageBilling\Metrics\Units;

class GigaBytes extends FloatingPoint
{
}
