<?php

namespace EnomBridge\Kit;

/**
 * A service (an order, a subscription) as the platform has it now, and what the kit lets the
 * platform do with it.
 */
abstract class Service
{
    /**
     * @param int $bridge the number of its bridge
     * @param string $status in the platform's own words
     * @param string $mailbox the address under which the platform itself knows it; empty: none yet
     * @param string $reason why it is suspended, as the platform has it
     */
    public function __construct(
        public readonly int $id,
        public readonly int $client,
        public readonly int $bridge,
        public readonly string $status,
        public readonly string $mailbox,
        public readonly string $reason,
    ) {
    }

    public static function required(int $id): self
    {
        return Kit::platform()->service($id) ?? throw new Fault(Text::of('no_service'));
    }

    /**
     * What could have led to a hook, under the names of Grounds.
     *
     * @return array<string, string|list<int>>
     */
    abstract public function grounds(): array;

    /** The record only: nothing is called, no mail goes out. */
    abstract public function setStatus(string $status): void;

    abstract public function setMailbox(string $address): void;

    /**
     * Lets the platform do what follows a confirmed hook (status, mail, events), without a second
     * hook. Null: done; else why not, and then it is tried again.
     */
    abstract public function complete(Pending $pending): ?string;

    /** Lets the platform unsuspend it, which sends a hook. Null: done; else why not. */
    abstract public function unsuspend(): ?string;

    /**
     * What to do when a mailbox of it is nearly full: nothing, unless the platform can write to the
     * customer. The same event may come twice. Throws Fault when it is to come again.
     */
    public function nearlyFull(NearlyFull $event): void
    {
    }

    /**
     * The end of a hook that the plug-in sent by itself, of an action that the kit does not have;
     * the same may come twice. Throws Fault when it is to come again.
     *
     * @param array<string, mixed> $receipt as Receipt reads it
     */
    public function ended(array $receipt): void
    {
    }

    /** A ticket, a mail: what a person must decide. It stands in the activity log already. */
    abstract public function alert(string $address, string $text): void;
}
