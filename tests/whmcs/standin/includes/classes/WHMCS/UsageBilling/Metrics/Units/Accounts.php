<?php

namespace WHMCS\UsageBilling\Metrics\Units;

class Accounts extends WholeNumber
{
}
