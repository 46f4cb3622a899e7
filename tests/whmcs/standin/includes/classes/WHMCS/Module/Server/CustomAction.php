<?php

namespace WHMCS\Module\Server;

/** One button on the client's home page: what it is called and what it calls. */
class CustomAction
{
    private function __construct(
        private readonly string $identifier,
        private readonly string $display,
        private $callable,
        private readonly array $parameters,
        private readonly array $permissions,
        private readonly bool $active,
    ) {
    }

    public static function factory(
        string $identifier,
        string $display,
        callable $callable,
        array $parameters = [],
        array $permissions = [],
        bool $active = true,
    ): self {
        return new self($identifier, $display, $callable, $parameters, $permissions, $active);
    }

    public function getIdentifier(): string
    {
        return $this->identifier;
    }

    public function getDisplay(): string
    {
        return $this->display;
    }

    public function getPermissions(): array
    {
        return $this->permissions;
    }

    public function isActive(): bool
    {
        return $this->active;
    }

    public function invokeCallable()
    {
        return ($this->callable)(...$this->parameters);
    }
}
