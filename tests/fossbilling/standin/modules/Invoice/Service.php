<?php

declare(strict_types=1);

namespace Box\Mod\Invoice;

class Service
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    /** An unpaid invoice with one line for this order. */
    public function open(int $order, string $task): int
    {
        $invoice = $this->di['db']->dispense('Invoice');
        $invoice->status = 'unpaid';
        $id = $this->di['db']->store($invoice);
        $item = $this->di['db']->dispense('InvoiceItem');
        [$item->invoice_id, $item->type, $item->task] = [$id, 'order', $task];
        [$item->rel_id, $item->status] = [$order, 'pending_payment'];
        $this->di['db']->store($item);
        $sql = 'UPDATE client_order SET unpaid_invoice_id = ? WHERE id = ?';
        $this->di['db']->exec($sql, [$id, $order]);
        return $id;
    }

    public function markAsPaid(int $id): void
    {
        $items = $this->di['db']->find('InvoiceItem', 'invoice_id = ?', [$id]);
        foreach ($items as $item) {
            $item->status = 'pending_setup';
            $this->di['db']->store($item);
            $sql = 'UPDATE client_order SET unpaid_invoice_id = NULL WHERE id = ?';
            $this->di['db']->exec($sql, [$item->rel_id]);
        }
        $this->di['db']->exec("UPDATE invoice SET status = 'paid' WHERE id = ?", [$id]);
        $event = ['event' => 'onAfterAdminInvoicePaymentReceived', 'params' => ['id' => $id]];
        $this->di['events_manager']->fire($event);
        foreach ($items as $item) {
            $this->di['mod_service']('Invoice', 'InvoiceItem')->executeTask($item);
        }
    }
}
