<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Bridge;
use WHMCS\Database\Capsule;

/** WHMCS, as the kit asks for it. */
final class Whmcs implements Kit\Platform
{
    private readonly Store $store;

    public function __construct()
    {
        $this->store = new Store();
    }

    public function name(): string
    {
        return 'WHMCS';
    }

    public function sender(): string
    {
        return 'whmcs';
    }

    public function texts(): string
    {
        return dirname(__DIR__) . '/lang';
    }

    public function language(): string
    {
        return Language::staffs();
    }

    public function store(): Kit\Store
    {
        return $this->store;
    }

    public function seal(string $plain): string
    {
        return Seal::close($plain);
    }

    public function open(string $sealed): string
    {
        return Seal::open($sealed);
    }

    /** Utilities > Logs > Module Log. */
    public function logCall(string $action, string $sent, string $answer, string $outcome): void
    {
        // The secrets themselves are not given to WHMCS as "replace" values: they would only travel further.
        logModuleCall('enombridge', $action, $sent, $answer, $outcome, []);
    }

    public function tellStaff(string $text, int $service, int $client): void
    {
        logActivity("enom-bridge: $text" . ($service > 0 ? " - Service ID: $service" : ''), $client);
    }

    public function bridges(): array
    {
        return Server::ids();
    }

    public function bridge(int $id): ?Bridge
    {
        return Server::stored($id);
    }

    public function service(int $id): ?Hosting
    {
        return Hosting::find($id);
    }

    /** Only a session of a person is proof of a person: cron, payments and API calls come without one. */
    public function asked(): Asked
    {
        if (Automatic::isRunning() || php_sapi_name() === 'cli') {
            return Asked::Cron;
        }
        return match (true) {
            !empty($_SESSION['adminid']) => Asked::Admin,
            !empty($_SESSION['uid']) => Asked::Client,
            default => Asked::Cron,
        };
    }

    public function statusAfter(Action $action): ?string
    {
        return match ($action) {
            Action::Create, Action::Unsuspend => 'Active',
            Action::Suspend => 'Suspended',
            Action::Terminate => 'Terminated',
            default => null,
        };
    }

    public function hasEnded(string $status): bool
    {
        return in_array($status, ['Terminated', 'Cancelled', 'Fraud'], true);
    }

    public function isOverdue(string $reason): bool
    {
        return Reason::isOverdue($reason);
    }

    public function isAnothers(int $service, string $address): bool
    {
        return Capsule::table('tblhosting')->join('tblproducts', 'tblproducts.id', '=', 'tblhosting.packageid')
            ->leftJoin(Store::TABLE, Store::TABLE . '.service', '=', 'tblhosting.id')
            ->where('tblproducts.servertype', 'enombridge')->where('tblhosting.id', '!=', $service)
            ->where(fn ($query) => $query->where(Store::TABLE . '.address', $address)
                ->orWhere(fn ($named) => $named->where('tblhosting.username', $address)->whereIn('tblhosting.domainstatus', ['Active', 'Suspended'])))
            ->exists();
    }
}
