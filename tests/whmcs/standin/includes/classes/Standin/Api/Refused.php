<?php

declare(strict_types=1);

namespace Standin\Api;

/** What becomes `result=error` with this message. */
final class Refused extends \RuntimeException
{
}
