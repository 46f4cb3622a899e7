<?php

declare(strict_types=1);

final class Box_Period
{
    private const UNITS = ['D' => 'days', 'W' => 'weeks', 'M' => 'months', 'Y' => 'years'];

    public function __construct(private readonly string $code)
    {
    }

    public function getCode(): string
    {
        return $this->code;
    }

    public function getExpirationTime(?int $now = null): int|false
    {
        $unit = self::UNITS[substr($this->code, -1)];
        return strtotime('+' . (int) $this->code . " $unit", $now ?? time());
    }
}
