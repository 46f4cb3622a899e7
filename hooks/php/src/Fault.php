<?php

namespace EnomBridge\Kit;

/** Something stands in the way. The message is a sentence for staff, with the remedy, and without any secret. */
class Fault extends \RuntimeException
{
}
