<?php

declare(strict_types=1);

namespace Pimple;

/** What of Pimple 3 FOSSBilling uses: a service is made once, and is frozen from then on. */
class Container implements \ArrayAccess
{
    private array $values = [];
    private array $made = [];
    private array $protected = [];

    public function offsetExists(mixed $id): bool
    {
        return array_key_exists($id, $this->values);
    }

    public function offsetGet(mixed $id): mixed
    {
        if (!$this->offsetExists($id)) {
            throw new \OutOfBoundsException("Identifier \"$id\" is not defined.");
        }
        $value = $this->values[$id];
        if (!$value instanceof \Closure || in_array($value, $this->protected, true)) {
            return $value;
        }
        return array_key_exists($id, $this->made) ? $this->made[$id] : $this->made[$id] = $value($this);
    }

    public function offsetSet(mixed $id, mixed $value): void
    {
        if (array_key_exists($id, $this->made)) {
            throw new \RuntimeException("Cannot override frozen service \"$id\".");
        }
        $this->values[$id] = $value;
    }

    public function offsetUnset(mixed $id): void
    {
        unset($this->values[$id], $this->made[$id]);
    }

    public function raw(string $id): mixed
    {
        return $this->values[$id] ?? throw new \OutOfBoundsException("Identifier \"$id\" is not defined.");
    }

    public function protect(\Closure $value): \Closure
    {
        return $this->protected[] = $value;
    }
}
