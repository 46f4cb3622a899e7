<?php

declare(strict_types=1);

namespace Box\Mod\Invoice;

/**
 * What a paid line of an invoice leads to. It is tried once: whatever comes of it, the line is
 * executed.
 */
class ServiceInvoiceItem
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function executeTask(\Model_InvoiceItem $item): void
    {
        $orders = $this->di['mod_service']('Order');
        $order = $this->di['db']->load('ClientOrder', $item->rel_id);
        try {
            if ($item->task === 'activate') {
                $orders->activateOrder($order);
            } elseif ($item->task === 'renew') {
                if ($order->status === 'suspended') {
                    $orders->unsuspendFromOrder($order);
                }
                $orders->renewOrder($this->di['db']->load('ClientOrder', $order->id));
            }
        } catch (\Exception $error) {
            $orders->saveStatusChange($order, "Not done due to error: {$error->getMessage()}.");
        }
        $item->status = 'executed';
        $this->di['db']->store($item);
    }
}
