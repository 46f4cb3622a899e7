<?php

declare(strict_types=1);

namespace Symfony\Component\HttpFoundation;

final class Bag
{
    public function __construct(private readonly array $values)
    {
    }

    public function all(): array
    {
        return $this->values;
    }
}
