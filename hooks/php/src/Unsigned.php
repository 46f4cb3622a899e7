<?php

namespace WHMCS\Module\Server\Enombridge;

/** The delivery is not from a holder of the secret, or too old. */
final class Unsigned extends Fault
{
}
