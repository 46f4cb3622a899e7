<?php

namespace Standin;

use App\Helpers\ExtensionHelper;
use App\Jobs\Server\CreateJob;
use App\Jobs\Server\SuspendJob;
use App\Jobs\Server\TerminateJob;
use App\Jobs\Server\UnsuspendJob;
use App\Jobs\Server\UpgradeJob;
use App\Models\Invoice;
use App\Models\Product;
use App\Models\Server;
use App\Models\Service;
use App\Models\ServiceCancellation;
use App\Models\User;
use Illuminate\Support\Carbon;
use Illuminate\Support\Facades\App;
use Illuminate\Support\Facades\DB;

/** What people and time do to a Paymenter: each method is a verb of tests/support/paymenter.py. */
final class Verbs
{
    private const SUSPENDS = 2; // days after the due date, as Paymenter's defaults are
    private const TERMINATES = 14;

    private const TABLES = [
        'users' => 'first_name TEXT, last_name TEXT, email TEXT, role_id INTEGER',
        'extensions' => 'name TEXT, extension TEXT, type TEXT, enabled INTEGER, deleted_at TEXT',
        'settings' => 'key TEXT, value TEXT, encrypted INTEGER, settingable_id INTEGER, settingable_type TEXT',
        'products' => 'name TEXT, server_id INTEGER',
        'services' => 'status TEXT NOT NULL, user_id INTEGER, product_id INTEGER, plan_id INTEGER,
            quantity INTEGER DEFAULT 1, price TEXT, expires_at TEXT',
        'properties' => 'key TEXT NOT NULL, name TEXT, value TEXT NOT NULL, model_id INTEGER, model_type TEXT,
            UNIQUE (key, model_id, model_type)',
        'invoices' => 'user_id INTEGER, status TEXT',
        'invoice_items' => 'invoice_id INTEGER, reference_id INTEGER, reference_type TEXT',
        'service_cancellations' => 'service_id INTEGER, type TEXT, reason TEXT',
        'debug_logs' => 'type TEXT, context TEXT',
        'jobs' => 'class TEXT, payload TEXT',
        'failed_jobs' => 'class TEXT, payload TEXT, exception TEXT',
        'audits' => 'service INTEGER, event TEXT, new TEXT',
        'emails' => 'template TEXT, user INTEGER, service INTEGER, data TEXT',
        'notices' => 'text TEXT, kind TEXT',
        'log' => 'text TEXT',
    ];

    public static function tables(): void
    {
        foreach (self::TABLES as $name => $columns) {
            DB::connection()->getPdo()->exec("CREATE TABLE IF NOT EXISTS $name
                (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TEXT, updated_at TEXT, $columns)");
        }
    }

    // What the hoster sets up

    public function server(array $settings, int $id = 0): array
    {
        $new = ['name' => 'Bridge', 'extension' => 'EnomBridge', 'type' => 'server', 'enabled' => 0];
        $server = $id > 0 ? Server::findOrFail($id) : Server::create($new);
        foreach ((new \Paymenter\Extensions\Servers\EnomBridge\EnomBridge())->getConfig() as $field) {
            if (isset($settings[$field['name']])) {
                $values = ['encrypted' => $field['encrypted'] ?? false, 'value' => $settings[$field['name']]];
                $server->settings()->updateOrCreate(['key' => $field['name']], $values);
            }
        }
        return ['id' => $server->id];
    }

    public function product(string $name, int $server, array $settings): array
    {
        $product = Product::create(['name' => $name, 'server_id' => $server]);
        foreach ($settings as $key => $value) {
            $product->settings()->create(['key' => $key, 'value' => $value, 'encrypted' => false]);
        }
        return ['id' => $product->id];
    }

    public function user(string $first, string $last, bool $staff = false): array
    {
        $name = ['first_name' => $first, 'last_name' => $last, 'email' => "$first@example.net"];
        return ['id' => User::create($name + ['role_id' => $staff ? 1 : null])->id];
    }

    /** The answer to "Test Connection". */
    public function test(int $server): array
    {
        return ['answer' => ExtensionHelper::extension(Server::findOrFail($server))->testConfig()];
    }

    public function forms(int $server): array
    {
        $extension = ExtensionHelper::extension(Server::findOrFail($server));
        return ['product' => $extension->getProductConfig([]), 'checkout' => $extension->getCheckoutConfig()];
    }

    // What customers do

    public function order(int $user, int $product, string $mailbox, int $quantity = 1): array
    {
        return DB::transaction(function () use ($user, $product, $mailbox, $quantity): array {
            $this->takeTurn();
            $new = ['user_id' => $user, 'product_id' => $product, 'plan_id' => 1, 'price' => '5.00', 'quantity' => $quantity];
            $service = Service::create($new);
            $service->properties()->updateOrCreate(['key' => 'mailbox'], ['value' => $mailbox]);
            return ['service' => $service->id, 'invoice' => $this->invoice($service)];
        });
    }

    /**
     * Paid: a job is queued by the status that is there, and then the service is active and due later.
     * `overtaken`: a worker has done the job by then.
     */
    public function pay(int $invoice, bool $overtaken = false): array
    {
        $said = [];
        $paid = Invoice::findOrFail($invoice);
        $paid->update(['status' => 'paid']);
        foreach ($paid->items as $item) {
            $service = $item->reference;
            match ($service->status) {
                'suspended' => UnsuspendJob::dispatch($service),
                'pending' => CreateJob::dispatch($service),
                default => null,
            };
            $said = $overtaken ? $this->work()['said'] : [];
            $from = $service->expires_at !== null && $service->status === 'active' ? $service->expires_at : Carbon::now();
            $service->expires_at = $from->addDays(30);
            $service->status = 'active';
            $service->save();
        }
        return ['said' => $said];
    }

    public function upgrade(int $service, int $product): array
    {
        DB::transaction(function () use ($service, $product): void {
            $this->takeTurn();
            $found = Service::findOrFail($service);
            $found->update(['product_id' => $product, 'price' => '9.00']);
            UpgradeJob::dispatch($found);
        });
        return [];
    }

    public function cancel(int $service, string $type): array
    {
        $found = Service::findOrFail($service);
        ServiceCancellation::create(['service_id' => $service, 'type' => $type, 'reason' => 'Not needed']);
        if ($type === 'immediate') {
            in_array($found->status, ['active', 'suspended'], true) && TerminateJob::dispatch($found);
            $found->update(['status' => 'cancelled']);
            $found->invoices()->where('status', 'pending')->update(['status' => 'cancelled']);
        }
        return [];
    }

    /** The page of a service as its customer sees it; without a status that is active there is none. */
    public function page(int $service): array
    {
        $found = Service::findOrFail($service);
        if ($found->status !== 'active') {
            return ['actions' => [], 'html' => ''];
        }
        $actions = ExtensionHelper::callService($found, 'getActions');
        return ['actions' => $actions, 'html' => ExtensionHelper::callService($found, 'getView', ['mailbox'])];
    }

    public function press(int $service, string $function): array
    {
        return ['to' => ExtensionHelper::callService(Service::findOrFail($service), $function)];
    }

    // What staff does

    /** "Trigger Extension Action": nothing but the function, and its exception on the page. */
    public function trigger(int $service, string $function): array
    {
        try {
            ExtensionHelper::callService(Service::findOrFail($service), $function);
            return ['error' => ''];
        } catch (\Exception $error) {
            return ['error' => $error->getMessage()];
        }
    }

    public function edit(int $service, array $values): array
    {
        Service::findOrFail($service)->update($values);
        return [];
    }

    public function rename(int $service, string $mailbox): array
    {
        Service::findOrFail($service)->properties()->updateOrCreate(['key' => 'mailbox'], ['value' => $mailbox]);
        return [];
    }

    /** It goes, whatever became of its termination. */
    public function delete(int $service, bool $terminates): array
    {
        $said = $terminates ? $this->trigger($service, 'terminateServer') : ['error' => ''];
        Service::findOrFail($service)->delete();
        return $said;
    }

    public function retry(): array
    {
        foreach (DB::table('failed_jobs')->orderBy('id')->get() as $row) {
            DB::table('failed_jobs')->where('id', $row->id)->delete();
            DB::table('jobs')->insert(['class' => $row->class, 'payload' => $row->payload]);
        }
        return [];
    }

    // What time does

    /** Due so many days ago, with an unpaid invoice. */
    public function overdue(int $service, int $days): array
    {
        $found = Service::findOrFail($service);
        $found->expires_at = Carbon::now()->subDays($days);
        $found->saveQuietly();
        return ['invoice' => $this->invoice($found)];
    }

    public function renewal(int $service): array
    {
        return ['invoice' => $this->invoice(Service::findOrFail($service))];
    }

    /** The daily run: one transaction; jobs are queued when it is through. */
    public function cron(bool $fails = false): array
    {
        DB::beginTransaction();
        $this->takeTurn();
        $late = static fn (string $status, int $days) => Service::where('status', $status)
            ->where('expires_at', '<', Carbon::now()->subDays($days))->get();
        foreach ($late('active', self::SUSPENDS) as $service) {
            SuspendJob::dispatch($service);
            $service->update(['status' => 'suspended']);
        }
        foreach ($late('suspended', self::TERMINATES) as $service) {
            TerminateJob::dispatch($service);
            $service->update(['status' => 'cancelled']);
            $service->invoices()->where('status', 'pending')->update(['invoices.status' => 'cancelled']);
        }
        $fails ? DB::rollBack() : DB::commit();
        return [];
    }

    /** A worker, until the queue is empty: what went wrong. */
    public function work(): array
    {
        $said = [];
        while (($why = Queue::one()) !== null) {
            $said[] = $why;
        }
        return ['said' => array_values(array_filter($said, 'strlen'))];
    }

    /** What the scheduler runs every five minutes. */
    public function schedule(): array
    {
        $schedule = App::make(\Illuminate\Console\Scheduling\Schedule::class);
        foreach ($schedule->events as $event) {
            (App::make('Illuminate\Contracts\Console\Kernel')->commands[$event->command]->do)();
        }
        return ['ran' => array_map(static fn ($event) => $event->how + ['command' => $event->command], $schedule->events)];
    }

    public function state(): array
    {
        $all = [];
        foreach (array_keys(self::TABLES) as $name) {
            $all[$name] = DB::table($name)->get()->map(static fn ($row) => (array) $row)->all();
        }
        return $all;
    }

    /** SQLite lets only a transaction wait for others that writes before it reads. */
    private function takeTurn(): void
    {
        DB::table('users')->where('id', 0)->update(['email' => '']);
    }

    private function invoice(Service $service): int
    {
        $invoice = Invoice::create(['user_id' => $service->user_id, 'status' => 'pending']);
        $invoice->items()->create(['reference_id' => $service->id, 'reference_type' => Service::class]);
        return $invoice->id;
    }
}
