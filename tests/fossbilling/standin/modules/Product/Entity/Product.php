<?php

declare(strict_types=1);

namespace Box\Mod\Product\Entity;

final class Product
{
    public function __construct(private readonly int $id, private readonly string $config)
    {
    }

    public function getId(): int
    {
        return $this->id;
    }

    public function getConfig(): ?string
    {
        return $this->config;
    }

    public function getSetup(): string
    {
        return 'after_payment';
    }
}
