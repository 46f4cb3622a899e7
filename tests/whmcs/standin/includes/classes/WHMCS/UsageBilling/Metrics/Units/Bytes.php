<?php

namespace WHMCS\UsageBilling\Metrics\Units;

class Bytes extends FloatingPoint
{
}
