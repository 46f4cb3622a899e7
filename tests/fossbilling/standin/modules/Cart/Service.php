<?php

declare(strict_types=1);

namespace Box\Mod\Cart;

/** The order form, and the checkout: one transaction, which an activation that throws brings down. */
class Service
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    /** @param string $paid `credits`: paid from the balance, within the checkout; else by an invoice */
    public function checkout(int $client, int $product, array $data, string $paid): array
    {
        $product = $this->di['mod_service']('product')->findProductById($product);
        $service = $this->di['mod_service']('serviceenombridge');
        $config = $service->attachOrderConfig($product, $data);
        $service->validateOrderData($config);
        return $this->di['db']->transaction(function () use ($client, $product, $config, $paid): array {
            $order = $this->di['db']->dispense('ClientOrder');
            [$order->client_id, $order->product_id, $order->title] = [$client, $product->getId(), 'Mailbox'];
            [$order->service_type, $order->status, $order->period] = ['enombridge', 'pending_setup', '1M'];
            [$order->price, $order->quantity, $order->currency] = [3, 1, 'USD'];
            [$order->config, $order->created_at, $order->group_master] = [json_encode($config), date('Y-m-d H:i:s'), 1];
            $id = $this->di['db']->store($order);
            $invoices = $this->di['mod_service']('Invoice');
            $invoice = $invoices->open($id, 'activate');
            if ($paid === 'credits') {
                $invoices->markAsPaid($invoice);
                $this->activate($order);
            }
            return ['order' => $id, 'invoice' => $invoice];
        });
    }

    private function activate(\Model_ClientOrder $order): void
    {
        $orders = $this->di['mod_service']('Order');
        try {
            $orders->activateOrder($order);
        } catch (\Exception $error) {
            $orders->orderStatusAdd($order, 'error', "Order could not be activated: {$error->getMessage()}");
        }
    }
}
