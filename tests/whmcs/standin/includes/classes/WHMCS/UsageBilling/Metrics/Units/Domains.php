<?php

namespace WHMCS\UsageBilling\Metrics\Units;

class Domains extends WholeNumber
{
}
