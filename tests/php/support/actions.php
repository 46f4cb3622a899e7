<?php

// The classes for buttons on the customer's home page, as far as a module touches them.

namespace WHMCS\Module\Server;

final class CustomAction
{
    /** @return list<mixed> */
    public static function factory(mixed ...$arguments): array
    {
        return $arguments;
    }
}

final class CustomActionCollection
{
    /** @var list<list<mixed>> */
    public array $actions = [];

    /** @param list<mixed> $action */
    public function add(array $action): self
    {
        $this->actions[] = $action;
        return $this;
    }
}
