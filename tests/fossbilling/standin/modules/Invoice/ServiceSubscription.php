<?php

declare(strict_types=1);

namespace Box\Mod\Invoice;

class ServiceSubscription
{
    public function cancelForOrder(object $order): int
    {
        return 0;
    }
}
