<?php

namespace EnomBridge\Kit;

/** The delivery is not from a holder of the secret, or too old. */
final class Unsigned extends Fault
{
}
