<?php

declare(strict_types=1);

namespace Standin;

/** The module does not have the function. */
final class Unsupported extends \RuntimeException
{
}
