<?php

declare(strict_types=1);

namespace Box\Mod\Support;

class Service
{
    public function getSupportTicketRepository(): self
    {
        return $this;
    }

    public function countActiveTicketsForOrder(int $order): int
    {
        return 0;
    }
}
