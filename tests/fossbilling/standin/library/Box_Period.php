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
        return strtotime('+' . (int) $this->code . ' ' . self::UNITS[substr($this->code, -1)], $now ?? time());
    }
}
