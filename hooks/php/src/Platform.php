<?php

namespace EnomBridge\Kit;

/**
 * What a plug-in tells the kit of its billing platform. One object of it is all that the kit knows
 * of where it runs.
 */
interface Platform
{
    /** Its name in sentences for people. */
    public function name(): string;

    /**
     * The same for machines, like `shop`: letters, digits, - and _. Ids of hooks begin with it, and the bridge reads in
     * `connection.test` who is there.
     */
    public function sender(): string;

    /**
     * A folder with sentences of the plug-in's own, `english.php` at least; where a key is in both,
     * they go before the kit's.
     */
    public function texts(): string;

    /** The language of the staff at work, as a file of that folder is named. */
    public function language(): string;

    public function store(): Store;

    /**
     * The platform's own encryption, under which the password of a pending hook is kept. Throws
     * Fault.
     */
    public function seal(string $plain): string;

    public function open(string $sealed): string;

    /** One call of the bridge, its secrets masked, for those who look for a fault. */
    public function logCall(string $action, string $sent, string $answer, string $outcome): void;

    /** A sentence for staff. 0: of no service, of no client. */
    public function tellStaff(string $text, int $service, int $client): void;

    /** @return list<int> the numbers of all bridges that are set up */
    public function bridges(): array;

    /** Null: there is none of this number. Throws Fault when its settings are wrong. */
    public function bridge(int $id): ?Bridge;

    /** Null: there is none of this number any more, or it is not this plug-in's. */
    public function service(int $id): ?Service;

    /**
     * Who makes the platform ask just now: a session of a person, or cron. What is not known counts
     * as cron.
     */
    public function asked(): Asked;

    /** The status that the platform gives a service when this succeeds; null: it stays as it is. */
    public function statusAfter(Action $action): ?string;

    /** Whether a service of this status has ended, so that nothing gives it back by itself. */
    public function hasEnded(string $status): bool;

    /**
     * Whether a reason of a suspension is the platform's own for an unpaid invoice; any other is a
     * person's.
     */
    public function isOverdue(string $reason): bool;

    /** Whether another service of this plug-in has this mailbox. */
    public function isAnothers(int $service, string $address): bool;
}
