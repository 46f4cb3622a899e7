<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Record;

/** One call of WHMCS for a service that has a domain's mailboxes: what it asks for is for each of them. */
final class SeatsService extends Service
{
    /** Of no mailbox: of the whole domain. */
    public function address(): string
    {
        return '@' . Seats::domain($this->params);
    }

    /** Each mailbox has one of its own, which WHMCS does not know. */
    public function password(): string
    {
        return '';
    }

    /** Throws Busy while a mailbox comes or goes: what is asked for all of them would miss it. */
    public function data(Action $action, Record $record): array
    {
        Move::stopsSeats($this->id);
        $reason = $action === Action::Suspend ? $this->reason() : '';
        return ['service_id' => (string) $this->id] + array_filter(['customer_id' => $this->customer(), 'reason' => $reason], 'strlen');
    }

    public function seats(): Seats
    {
        return Seats::of($this->params);
    }

    /** What a new mailbox of it is sent with, beside its address and its password. @return array<string, string|int|bool> */
    public function mailboxData(): array
    {
        $seats = $this->seats();
        $confirmed = Record::of($this->id)->confirmed === $seats->domain ? ['domain_confirmed' => true] : [];
        return ['seats' => $seats->number] + array_filter(['plan' => $seats->plan, 'customer_id' => $this->customer()], 'strlen') + $confirmed;
    }

    public function covered(): string
    {
        return $this->until();
    }
}
