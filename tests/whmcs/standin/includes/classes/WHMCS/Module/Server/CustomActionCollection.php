<?php

namespace WHMCS\Module\Server;

use Illuminate\Support\Collection;

class CustomActionCollection extends Collection
{
    public function add($item)
    {
        if (!$item instanceof CustomAction) {
            throw new \InvalidArgumentException('only a CustomAction can be added');
        }
        return parent::add($item);
    }
}
