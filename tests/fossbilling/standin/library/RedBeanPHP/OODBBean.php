<?php

declare(strict_types=1);

namespace RedBeanPHP;

/** A row. What was not loaded or set is null. */
#[\AllowDynamicProperties]
class OODBBean
{
    public function __construct(private readonly string $standinTable, array $values = [])
    {
        foreach ($values as $name => $value) {
            $this->$name = $value;
        }
    }

    public function __get(string $name): mixed
    {
        return null;
    }

    public function __isset(string $name): bool
    {
        return false;
    }

    public function table(): string
    {
        return $this->standinTable;
    }

    public function values(): array
    {
        return array_diff_key(get_object_vars($this), ['standinTable' => 0]);
    }
}
