<?php

namespace WHMCS\Module\Server\Enombridge;

/** Another process is at this service right now. */
final class Busy extends Fault
{
}
