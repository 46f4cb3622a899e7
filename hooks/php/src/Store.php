<?php

namespace EnomBridge\Kit;

/**
 * Where the kit keeps what must not be lost: for each service a row, for each bridge how far its
 * results were read.
 *
 * Each method is one statement, and done when it returns.
 */
interface Store
{
    /** @return array<string, mixed> what was saved, by name; nothing: there is no row yet */
    public function load(int $service): array;

    /**
     * Other columns of the row, those of its lock, stay as they are.
     *
     * @param array<string, int|string|null> $values the names are those of Record
     */
    public function save(int $service, array $values): void;

    /**
     * @return list<int> services of this bridge whose `pending_since` is set, those that wait
     * longest first
     */
    public function waiting(int $bridge): array;

    /**
     * Whether this owner has the service now. False: another has it, whose time is not over. Makes
     * the row if need be.
     */
    public function lock(int $service, string $owner, int $now, int $until): bool;

    /** Nothing happens where another has taken it meanwhile. */
    public function unlock(int $service, string $owner): void;

    /** Empty: nothing was read yet. */
    public function place(int $bridge): string;

    /** Empty: to begin anew. */
    public function keepPlace(int $bridge, string $place): void;
}
