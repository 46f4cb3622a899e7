<?php

declare(strict_types=1);

namespace Box\Mod\Product;

class Service
{
    public const CUSTOM = 'custom';
    public const LICENSE = 'license';
    public const DOWNLOADABLE = 'downloadable';
    public const HOSTING = 'hosting';
    public const DOMAIN = 'domain';
    public const SETUP_AFTER_ORDER = 'after_order';
    public const SETUP_AFTER_PAYMENT = 'after_payment';

    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function findProductById(int $id): ?Entity\Product
    {
        $row = $this->di['db']->load('product', $id);
        return $row === null ? null : new Entity\Product($id, (string) $row->config);
    }

    public function getProductPluginById(int $id): ?string
    {
        return null;
    }

    public function reduceStock(mixed $product, mixed $quantity): bool
    {
        return true;
    }

    public function releaseReservedPromoRedemptionsForOrder(object $order, string $why): void
    {
    }
}
