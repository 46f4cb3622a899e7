<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Call;

/** One call of the shop for one of its services. */
final class Purchase extends Call
{
    public static bool $early = false;
    public static ?string $objection = null;
    public static bool $keeps = true;
    public static ?int $waits = null; // seconds; null: as the kit has it

    /** @var array<string, mixed> */
    private array $row;

    public function __construct(int $id)
    {
        parent::__construct($id, Shop::it()->bridge(Shop::BRIDGE));
        $this->row = Shop::it()->row($id);
    }

    public function address(): string
    {
        return $this->row['wanted'];
    }

    public function customer(): string
    {
        return (string) $this->row['customer'];
    }

    public function password(): string
    {
        return $this->row['password'];
    }

    protected function keepPassword(string $password): bool
    {
        if (self::$keeps) {
            Shop::it()->change('password', $password, $this->id);
        }
        return self::$keeps;
    }

    protected function displayName(): string
    {
        return 'John Doe';
    }

    protected function plan(): string
    {
        return 'basic';
    }

    protected function reason(): string
    {
        return $this->row['reason'];
    }

    protected function until(): string
    {
        return $this->row['due'];
    }

    protected function objection(): ?string
    {
        return self::$objection;
    }

    public function waits(Action $action): int
    {
        return self::$waits ?? parent::waits($action);
    }

    protected function tellsEarly(): bool
    {
        return self::$early;
    }
}
