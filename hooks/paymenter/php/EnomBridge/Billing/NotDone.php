<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

/**
 * What was asked for is not done, or not yet. Paymenter sends the customer no mail then; staff
 * reads the sentence in "Failed jobs", or where it pressed the button.
 */
final class NotDone extends \Exception
{
}
