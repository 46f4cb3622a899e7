<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Grounds;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Service;

/** A service of the shop as it is now. */
final class Item extends Service
{
    /** @param array<string, mixed> $row */
    public function __construct(private readonly Shop $shop, private readonly array $row)
    {
        parent::__construct($row['id'], $row['customer'], $row['bridge'], $row['status'], $row['mailbox'], $row['reason']);
    }

    public function grounds(): array
    {
        return Grounds::of(
            due: $this->row['due'],
            reason: $this->reason,
            client: (string) $this->client,
            amount: $this->row['price'],
        );
    }

    public function setStatus(string $status): void
    {
        $this->shop->change('status', $status, $this->id);
    }

    public function setMailbox(string $address): void
    {
        $this->shop->change('mailbox', $address, $this->id);
    }

    public function complete(Pending $pending): ?string
    {
        if ($this->shop->refusal === null && $pending->action->leadsTo() !== null) {
            $this->setStatus($pending->action->leadsTo());
        }
        return $this->shop->refusal;
    }

    public function unsuspend(): ?string
    {
        return $this->shop->run(Action::Unsuspend, $this->id);
    }

    public function ended(array $receipt): void
    {
        $this->shop->ended[] = "$receipt[action] $receipt[status]";
    }

    public function alert(string $address, string $text): void
    {
        $this->shop->alerts[] = "$address: $text";
    }
}
