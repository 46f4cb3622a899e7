<?php

declare(strict_types=1);

namespace Standin;

use Pimple\Container as Di;

/** What a hoster's day brings, one function each. */
final class Verbs
{
    private const TABLES = [
        'client' => 'first_name, last_name, lang',
        'admin' => 'name, system_name',
        'product' => 'config',
        'client_order' => 'client_id INT, product_id INT, title, service_type, service_id INT, status,'
            . ' period, price, quantity INT, currency, config, reason, unpaid_invoice_id INT,'
            . ' expires_at, activated_at, suspended_at, unsuspended_at, canceled_at, created_at,'
            . ' updated_at, group_id, group_master INT, form_id INT, notes, invoice_option,'
            . ' discount, promo_id INT',
        'client_order_status' => 'client_order_id INT, status, notes, created_at, updated_at',
        'client_order_meta' => 'client_order_id INT, name, value',
        'invoice' => 'status',
        'invoice_item' => 'invoice_id INT, type, task, rel_id, status, charged INT, updated_at',
        'extension_meta' => 'extension, rel_type, rel_id, meta_key, meta_value',
        'standin_mail' => 'code, recipient, order_id INT, vars',
    ];

    public function __construct(private readonly Di $di)
    {
    }

    public function install(): array
    {
        foreach (self::TABLES as $table => $columns) {
            // AUTOINCREMENT: a number that was rolled back or deleted is not given again.
            $all = "id INTEGER PRIMARY KEY AUTOINCREMENT, $columns";
            $this->di['db']->exec("CREATE TABLE $table ($all)");
        }
        $staff = "('Ann', NULL), ('System Cron Job', 'cron')";
        $this->di['db']->exec("INSERT INTO admin (name, system_name) VALUES $staff");
        $clients = "('Jane', 'O''Example', 'de_DE'), ('Bob', 'Example', NULL)";
        $this->di['db']->exec("INSERT INTO client (first_name, last_name, lang) VALUES $clients");
        $this->di['mod_service']('serviceenombridge')->install();
        foreach (['order', 'serviceenombridge'] as $module) {
            $this->connect($module);
        }
        return [];
    }

    /** As FOSSBilling finds listeners: public functions whose first parameter is an event. */
    private function connect(string $module): void
    {
        $service = new \ReflectionClass($this->di['mod_service']($module));
        foreach ($service->getMethods(\ReflectionMethod::IS_PUBLIC) as $method) {
            $type = ($method->getParameters()[0] ?? null)?->getType();
            if ($type instanceof \ReflectionNamedType && $type->getName() === 'Box_Event') {
                $names = 'extension, rel_type, rel_id, meta_key, meta_value';
                $values = "'mod_hook', 'mod', ?, 'listener', ?";
                $sql = "INSERT INTO extension_meta ($names) VALUES ($values)";
                $this->di['db']->exec($sql, [$module, $method->getName()]);
            }
        }
    }

    public function config(string $module, array $values): array
    {
        $this->di['installing'] = true;
        $this->di['mod_service']('extension')->setConfig(['ext' => "mod_$module"] + $values);
        return [];
    }

    public function product(array $config): array
    {
        $row = $this->di['db']->dispense('product');
        $row->config = json_encode($config);
        return ['id' => $this->di['db']->store($row)];
    }

    public function checkout(int $client, int $product, array $data, string $paid = ''): array
    {
        $cart = $this->di['mod_service']('cart');
        return $this->said(fn () => $cart->checkout($client, $product, $data, $paid));
    }

    /** By the gateway, with nobody signed in. */
    public function pay(int $invoice): array
    {
        $this->di['mod_service']('invoice')->markAsPaid($invoice);
        return [];
    }

    public function invoice(int $order): array
    {
        return ['id' => $this->di['mod_service']('invoice')->open($order, 'renew')];
    }

    /** A function of the order's page: activate, renew, suspend, unsuspend, cancel, uncancel, delete. */
    public function order(string $action, int $id, ?string $reason = null, array $data = []): array
    {
        $order = $this->di['db']->getExistingModelById('ClientOrder', $id, 'Order not found');
        $orders = $this->di['mod_service']('order');
        return $this->said(fn () => match ($action) {
            'activate' => $orders->activateOrder($order, $data),
            'renew' => $orders->renewOrder($order),
            'suspend', 'cancel' => $orders->{"{$action}FromOrder"}($order, $reason),
            'delete' => $orders->deleteFromOrder($order, !empty($data['force'])),
            'update' => $orders->updateOrder($order, $data),
            default => $orders->{"{$action}FromOrder"}($order),
        });
    }

    /** Columns of an order, as if time had gone by or a page had saved them. */
    public function set(int $id, array $values): array
    {
        foreach ($values as $name => $value) {
            $this->di['db']->exec("UPDATE client_order SET $name = ? WHERE id = ?", [$value, $id]);
        }
        return [];
    }

    public function cron(): array
    {
        return ['done' => $this->di['mod_service']('cron')->runCrons()];
    }

    /** A function of the module's API. */
    public function api(string $role, string $method, array $data): array
    {
        $class = 'Box\\Mod\\Serviceenombridge\\Api\\' . ucfirst($role);
        $api = new $class();
        $api->setDi($this->di);
        $api->setService($this->di['mod_service']('serviceenombridge'));
        $api->setIdentity($this->di['auth']->{$role}());
        return $this->said(fn () => $api->$method($data));
    }

    /** What the page of an order shows of its service. */
    public function page(int $id, string $role): array
    {
        $order = $this->di['db']->getExistingModelById('ClientOrder', $id, 'Order not found');
        $identity = $this->di['auth']->{$role}();
        $orders = $this->di['mod_service']('order');
        return ['service' => $orders->getOrderServiceData($order, $identity)];
    }

    public function state(): array
    {
        $all = fn (string $table): array
            => $this->di['db']->getAll("SELECT * FROM $table ORDER BY id");
        return [
            'orders' => $all('client_order'),
            'history' => $all('client_order_status'),
            'mails' => $all('standin_mail'),
            'items' => $all('invoice_item'),
            'services' => $all('service_enombridge'),
            'faults' => Faults::all(),
        ];
    }

    /** The answer, or what FOSSBilling shows of an exception. */
    private function said(callable $do): array
    {
        try {
            $done = $do();
            return ['done' => $done, 'said' => ''];
        } catch (\Exception $error) {
            $shown = $error instanceof \FOSSBilling\Exception ? '' : $error::class . ': ';
            return ['done' => null, 'said' => $shown . $error->getMessage()];
        }
    }
}
