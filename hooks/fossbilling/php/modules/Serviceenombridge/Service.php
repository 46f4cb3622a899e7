<?php

namespace Box\Mod\Serviceenombridge;

require_once __DIR__ . '/Bridge/autoload.php';

use Box\Mod\Serviceenombridge\Bridge\Activation;
use Box\Mod\Serviceenombridge\Bridge\Fossbilling;
use Box\Mod\Serviceenombridge\Bridge\Lifecycle;
use Box\Mod\Serviceenombridge\Bridge\Mailbox;
use Box\Mod\Serviceenombridge\Bridge\Option;
use Box\Mod\Serviceenombridge\Bridge\Order;
use Box\Mod\Serviceenombridge\Bridge\OrderedAddress;
use Box\Mod\Serviceenombridge\Bridge\Rows;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Kit;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Text;
use FOSSBilling\InformationException;
use FOSSBilling\InjectionAwareInterface;

/**
 * A product type of FOSSBilling: one order is one mailbox. FOSSBilling calls a function for each
 * action, and takes an exception as "not done".
 */
class Service implements InjectionAwareInterface
{
    protected ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
        Fossbilling::use($di);
    }

    public function getDi(): ?\Pimple\Container
    {
        return $this->di;
    }

    public function getModulePermissions(): array
    {
        return [
            'manage' => [
                'type' => 'bool',
                'display_name' => 'Manage mailboxes',
                'description' => 'Check mailboxes, send again what is pending, change plans.',
            ],
            'manage_settings' => [],
        ];
    }

    public function install(): bool
    {
        Rows::install();
        return true;
    }

    /** The tables stay: they say which order has which mailbox, and what is still pending. */
    public function uninstall(): bool
    {
        return true;
    }

    // The order form

    /** The product's settings are the product's: a customer can send none of them. */
    public function attachOrderConfig(object $product, array $data): array
    {
        $config = json_decode($product->getConfig() ?? '', true);
        $settings = array_column(Option::cases(), 'value', 'value');
        $own = array_intersect_key(is_array($config) ? $config : [], $settings);
        return array_merge(array_diff_key($data, $settings), $own);
    }

    public function validateOrderData(array &$data): void
    {
        try {
            $data['mailbox'] = OrderedAddress::ordered($data);
            $isTaken = Kit::platform()->isAnothers(0, $data['mailbox']);
        } catch (Fault $fault) {
            throw new InformationException($fault->getMessage());
        }
        if ($isTaken) {
            throw new InformationException(Text::of('address_taken'));
        }
    }

    // What FOSSBilling does with an order: $order is its row, $model that of service_enombridge

    public function create($order): object
    {
        Rows::set((int) $order->id, []);
        return $this->di['db']->findOne(Rows::TABLE, 'order_id = ?', [(int) $order->id]);
    }

    public function activate($order, $model): bool
    {
        Activation::finish((int) $order->id);
        return true;
    }

    /** FOSSBilling renews also what is suspended or canceled, and calls it active afterwards. */
    public function renew($order, $model): bool
    {
        $id = (int) $order->id;
        $now = Order::required($id);
        match ($now->exactly) {
            Order::SUSPENDED => Lifecycle::giveBack($id, Action::Unsuspend),
            Order::CANCELED => Lifecycle::giveBack($id, Action::Create),
            default => null,
        };
        if ($now->covered() !== '' && $now->exactly !== Order::CANCELED) {
            Lifecycle::run(Action::Renew, $id, goesOn: true);
        }
        return true;
    }

    public function suspend($order, $model): bool
    {
        Lifecycle::run(Action::Suspend, (int) $order->id);
        return true;
    }

    public function unsuspend($order, $model): bool
    {
        $id = (int) $order->id;
        if (Order::required($id)->isBeingRenewed()) {
            Lifecycle::giveBack($id, Action::Unsuspend);
        } else {
            Lifecycle::run(Action::Unsuspend, $id);
        }
        return true;
    }

    public function cancel($order, $model): bool
    {
        Lifecycle::run(Action::Terminate, (int) $order->id);
        return true;
    }

    /** The mailbox comes back as it was while it waits for its deletion; else it is a new one. */
    public function uncancel($order, $model): bool
    {
        Lifecycle::run(Action::Create, (int) $order->id);
        return true;
    }

    public function delete($order, $model): void
    {
        Lifecycle::delete((int) $order->id);
    }

    /** What pages and mails show. */
    public function toApiArray($model, $deep = true, $identity = null): array
    {
        $id = (int) $model->order_id;
        $isStaff = $identity instanceof \Model_Admin;
        $shown = ['id' => (int) $model->id, 'order_id' => $id];
        try {
            $mailbox = Mailbox::of($id);
            return $shown + $mailbox->shown() + ($isStaff ? $mailbox->shownToStaff() : []);
        } catch (Fault $fault) {
            $shown += ['address' => '', 'state' => 'none', 'said' => ''];
            return $shown + ($isStaff ? ['warning' => $fault->getMessage()] : []);
        }
    }

    // Events

    public static function onBeforeAdminOrderActivate(\Box_Event $event): void
    {
        self::start($event);
        Activation::begin((int) ($event->getParameters()['id'] ?? 0));
    }

    public static function onAfterAdminOrderRenew(\Box_Event $event): void
    {
        self::reconsider($event);
    }

    public static function onAfterAdminOrderUpdate(\Box_Event $event): void
    {
        self::reconsider($event);
    }

    /** What is on its way for an order because it was not paid is taken back at once. */
    public static function onAfterAdminInvoicePaymentReceived(\Box_Event $event): void
    {
        self::safely($event, function (array $parameters): void {
            $sql = "SELECT rel_id FROM invoice_item WHERE type = 'order' AND invoice_id = ?";
            $items = Fossbilling::di()['db']->getAll($sql, [(int) ($parameters['id'] ?? 0)]);
            foreach (array_column($items, 'rel_id') as $order) {
                Order::find((int) $order) === null ?: Catchup::reconsider((int) $order);
            }
        });
    }

    public static function onAfterAdminCronRun(\Box_Event $event): void
    {
        self::safely($event, function (): void {
            Catchup::run();
            Activation::catchUp();
        });
    }

    private static function reconsider(\Box_Event $event): void
    {
        self::safely($event, function (array $parameters): void {
            $order = (int) ($parameters['id'] ?? 0);
            Order::find($order) === null ?: Catchup::reconsider($order);
        });
    }

    /** These run in the middle of FOSSBilling's own work, so they never throw. */
    private static function safely(\Box_Event $event, callable $do): void
    {
        try {
            self::start($event);
            $do((array) $event->getParameters());
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('event', $error);
        }
    }

    private static function start(\Box_Event $event): void
    {
        Fossbilling::use($event->getDi());
    }
}
