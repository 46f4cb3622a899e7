<?php

declare(strict_types=1);

namespace FOSSBilling;

class InformationException extends Exception
{
}
