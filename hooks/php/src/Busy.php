<?php

namespace EnomBridge\Kit;

/** Another process is at this service right now. */
final class Busy extends Fault
{
}
