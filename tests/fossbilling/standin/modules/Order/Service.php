<?php

declare(strict_types=1);

namespace Box\Mod\Order;

use FOSSBilling\Exception;
use FOSSBilling\InformationException;

/**
 * The life of an order: which status follows from which function of its service, and what happens
 * when that throws.
 *
 * Objects that callers hold are not kept up to date, as in FOSSBilling.
 */
class Service
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function activateOrder(\Model_ClientOrder $order, array $data = []): bool
    {
        $order = $this->di['db']->getExistingModelById('ClientOrder', $order->id);
        if ($order->status === 'active' && empty($data['force'])) {
            return true;
        }
        if (!in_array($order->status, ['pending_setup', 'failed_setup'], true) && empty($data['force'])) {
            throw new Exception('Only pending setup or failed orders can be activated');
        }
        $this->fire('onBeforeAdminOrderActivate', $order);
        $this->createFromOrder($order);
        $this->fire('onAfterAdminOrderActivate', $order);
        return true;
    }

    public function createFromOrder(\Model_ClientOrder $order): void
    {
        if (!is_object($this->getOrderService($order))) {
            $service = $this->call($order, 'create');
            if (!is_object($service)) {
                throw new Exception('Error creating the service');
            }
            $order->service_id = $service->id;
            $this->di['db']->store($order);
        }
        try {
            $this->call($order, 'activate');
        } catch (\Exception $error) {
            $order->status = 'failed_setup';
            $this->changed($order, $error->getMessage());
            throw $error;
        }
        if (!empty($order->period)) {
            $from = $order->expires_at === null ? time() : strtotime($order->expires_at);
            $order->expires_at = $this->after($order, $from);
        }
        [$order->status, $order->activated_at] = ['active', date('Y-m-d H:i:s')];
        [$order->suspended_at, $order->canceled_at] = [null, null];
        $this->changed($order, 'Order activated');
        $this->di['mod_service']('product')->reduceStock((int) $order->product_id, $order->quantity);
    }

    public function renewOrder(\Model_ClientOrder $order): bool
    {
        $this->fire('onBeforeAdminOrderRenew', $order);
        try {
            $this->call($order, 'renew');
        } catch (\Exception $error) {
            $order->status = 'failed_renew';
            $this->changed($order, $error->getMessage());
            throw $error;
        }
        if (!empty($order->period)) {
            $from = $order->expires_at === null ? time() : strtotime($order->expires_at);
            $logic = $this->di['mod_config']('order')['order_renewal_logic'] ?? '';
            $from = match ($logic) {
                'from_today' => time(),
                'from_greater' => max($from, time()),
                default => $from,
            };
            $order->expires_at = $this->after($order, $from);
        }
        $order->status = 'active';
        $order->suspended_at = $order->canceled_at = null;
        $this->changed($order, 'Order renewed');
        $this->fire('onAfterAdminOrderRenew', $order);
        return true;
    }

    public function suspendFromOrder(\Model_ClientOrder $order, $reason = null): bool
    {
        $this->fire('onBeforeAdminOrderSuspend', $order);
        if ($order->status !== 'active') {
            throw new InformationException('Only active orders can be suspended');
        }
        $this->call($order, 'suspend');
        [$order->status, $order->reason] = ['suspended', $reason];
        $order->suspended_at = date('Y-m-d H:i:s');
        $this->changed($order, 'Order suspended' . ($reason === null ? '' : " for $reason"));
        $this->fire('onAfterAdminOrderSuspend', $order);
        return true;
    }

    public function unsuspendFromOrder(\Model_ClientOrder $order): bool
    {
        $this->fire('onBeforeAdminOrderUnsuspend', $order);
        $this->call($order, 'unsuspend');
        [$order->status, $order->reason, $order->suspended_at] = ['active', null, null];
        $this->changed($order, 'Order unsuspended');
        $this->fire('onAfterAdminOrderUnsuspend', $order);
        return true;
    }

    public function cancelFromOrder(\Model_ClientOrder $order, $reason = null): bool
    {
        if (in_array($order->status, ['canceled', 'pending_setup', 'failed_setup'], true)) {
            throw new Exception("Cannot cancel $order->status order");
        }
        $this->fire('onBeforeAdminOrderCancel', $order);
        $this->call($order, 'cancel');
        [$order->status, $order->reason] = ['canceled', $reason];
        $order->canceled_at = date('Y-m-d H:i:s');
        $order->expires_at = $order->suspended_at = null;
        $this->changed($order, $reason === null ? 'Order canceled' : "Canceled order for $reason");
        $this->fire('onAfterAdminOrderCancel', $order);
        return true;
    }

    public function uncancelFromOrder(\Model_ClientOrder $order): bool
    {
        $this->fire('onBeforeAdminOrderUncancel', $order);
        $this->call($order, 'uncancel');
        [$order->status, $order->reason, $order->canceled_at] = ['active', null, null];
        $order->expires_at = $order->period ? $this->after($order, time()) : null;
        $this->changed($order, 'Activated canceled order');
        $this->fire('onAfterAdminOrderUncancel', $order);
        return true;
    }

    public function deleteFromOrder(\Model_ClientOrder $order, bool $forceDelete = false): bool
    {
        $this->fire('onBeforeAdminOrderDelete', $order);
        try {
            $this->call($order, 'delete');
        } catch (\Exception $error) {
            if (!$forceDelete) {
                throw $error;
            }
        }
        $sql = 'DELETE FROM client_order_status WHERE client_order_id = ?';
        $this->di['db']->exec($sql, [$order->id]);
        $this->di['db']->trash($order);
        $this->fire('onAfterAdminOrderDelete', $order);
        return true;
    }

    public function updateOrder(\Model_ClientOrder $order, array $data): bool
    {
        $known = ['expires_at' => 0, 'price' => 0, 'status' => 0, 'reason' => 0];
        foreach (array_intersect_key($data, $known) as $name => $value) {
            $order->$name = $value === '' ? null : $value;
        }
        $this->di['db']->store($order);
        $this->fire('onAfterAdminOrderUpdate', $order);
        return true;
    }

    public function batchSuspendExpired(): bool
    {
        $reason = $this->di['mod_config']('order')['batch_suspend_reason'] ?? null;
        $expired = "status = 'active' AND expires_at IS NOT NULL AND expires_at <= NOW() ORDER BY id";
        foreach ($this->di['db']->find('ClientOrder', $expired) as $order) {
            $this->tried(fn () => $this->suspendFromOrder($order, $reason));
        }
        return true;
    }

    public function batchCancelSuspended(): bool
    {
        $config = $this->di['mod_config']('order');
        if (empty($config['batch_cancel_suspended'])) {
            return false;
        }
        $days = (int) ($config['batch_cancel_suspended_after_days'] ?? 7);
        $reason = $config['batch_cancel_suspended_reason'] ?? null;
        $long = "status = 'suspended' AND DATEDIFF(NOW(), suspended_at) > ? ORDER BY id DESC";
        foreach ($this->di['db']->find('ClientOrder', $long, [$days]) as $order) {
            $this->tried(fn () => $this->cancelFromOrder($order, $reason));
        }
        return true;
    }

    public function saveStatusChange(\Model_ClientOrder $order, $notes = null): void
    {
        $row = $this->di['db']->dispense('ClientOrderStatus');
        [$row->client_order_id, $row->status, $row->notes] = [$order->id, $order->status, $notes];
        $row->created_at = date('Y-m-d H:i:s');
        $this->di['db']->store($row);
    }

    public function orderStatusAdd(\Model_ClientOrder $order, $status, $notes = null): bool
    {
        if (!in_array($status, \Model_ClientOrder::getValidStatuses(), true)) {
            throw new InformationException("Invalid order status: $status");
        }
        $this->saveStatusChange($order, $notes);
        return true;
    }

    public function getOrderService(\Model_ClientOrder $order): ?object
    {
        $table = "service_$order->service_type";
        return $order->service_id === null
            ? null
            : $this->di['db']->findOne($table, 'id = :id', [':id' => $order->service_id]);
    }

    public function getOrderServiceData(\Model_ClientOrder $order, $identity = null): ?array
    {
        $service = $this->getOrderService($order);
        $module = $this->di['mod_service']("service$order->service_type");
        return $service === null ? null : $module->toApiArray($service, true, $identity);
    }

    // Mails: only the first needs nobody to be signed in.

    public static function onAfterAdminOrderActivate(\Box_Event $event): void
    {
        self::mail($event, 'activated', false);
    }

    public static function onAfterAdminOrderRenew(\Box_Event $event): void
    {
        self::mail($event, 'renewed', true);
    }

    public static function onAfterAdminOrderSuspend(\Box_Event $event): void
    {
        self::mail($event, 'suspended', true);
    }

    public static function onAfterAdminOrderUnsuspend(\Box_Event $event): void
    {
        self::mail($event, 'unsuspended', true);
    }

    public static function onAfterAdminOrderCancel(\Box_Event $event): void
    {
        self::mail($event, 'canceled', true);
    }

    public static function onAfterAdminOrderUncancel(\Box_Event $event): void
    {
        self::mail($event, 'renewed', true);
    }

    private static function mail(\Box_Event $event, string $what, bool $needsAdmin): void
    {
        $di = $event->getDi();
        try {
            $order = $di['db']->getExistingModelById('ClientOrder', $event->getParameters()['id']);
            $identity = $needsAdmin ? $di['loggedin_admin'] : null;
            $service = $di['mod_service']('order')->getOrderServiceData($order, $identity);
            $di['mod_service']('email')->sendTemplate([
                'to_client' => $order->client_id, 'code' => "mod_service{$order->service_type}_$what",
                'service' => $service, 'order' => $order->values(),
            ]);
        } catch (\Exception $error) {
            $di['logger']->setChannel('email')->error('Failed to send: %s', $error->getMessage());
        }
    }

    private function call(\Model_ClientOrder $order, string $action): mixed
    {
        $service = $this->di['mod_service']("service$order->service_type");
        $row = $this->di['db']->findOne('client_order', 'id = :id', [':id' => $order->id]);
        $model = $this->getOrderService($order);
        return method_exists($service, $action) ? $service->$action($row, $model) : null;
    }

    private function changed(\Model_ClientOrder $order, string $note): void
    {
        $order->updated_at = date('Y-m-d H:i:s');
        $this->di['db']->store($order);
        $this->saveStatusChange($order, $note);
    }

    private function after(\Model_ClientOrder $order, int $from): string
    {
        return date('Y-m-d H:i:s', $this->di['period']($order->period)->getExpirationTime($from));
    }

    private function fire(string $event, \Model_ClientOrder $order): void
    {
        $this->di['events_manager']->fire(['event' => $event, 'params' => ['id' => $order->id]]);
    }

    private function tried(callable $do): void
    {
        try {
            $do();
        } catch (\Exception $error) {
            $this->di['logger']->info($error->getMessage());
        }
    }
}
