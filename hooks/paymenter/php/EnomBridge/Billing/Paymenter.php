<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Models\DebugLog;
use App\Models\Property;
use App\Models\Server;
use App\Models\Service;
use EnomBridge\Kit;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Bridge;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\PdoStore;
use EnomBridge\Kit\Text;
use Illuminate\Database\Eloquent\Builder;
use Illuminate\Support\Facades\App;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Config;
use Illuminate\Support\Facades\Crypt;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Event;
use Illuminate\Support\Facades\Log;
use OwenIt\Auditing\Events\AuditCustom;

/** Paymenter, as the kit asks for it. */
final class Paymenter implements Kit\Platform
{
    public const EXTENSION = 'EnomBridge';

    private const TABLE = 'ext_enombridge';
    private const FRESH = 60; // seconds; a worker runs for days, and databases hang up on the idle

    private ?PdoStore $store = null;
    private int $opened = 0;

    public static function isOurs(Service $service): bool
    {
        return $service->product?->server?->extension === self::EXTENSION;
    }

    /** Throws Fault. */
    public static function bridgeOf(Service $service): Bridge
    {
        $server = self::isOurs($service) ? $service->product->server : null;
        return ($server === null ? null : Kit\Kit::platform()->bridge((int) $server->id))
            ?? throw new Fault(Text::of('no_bridge_of'));
    }

    /** @return array<string, mixed> */
    public static function settings(Server $server): array
    {
        return $server->settings->pluck('value', 'key')->all();
    }

    public function name(): string
    {
        return 'Paymenter';
    }

    public function sender(): string
    {
        return 'paymenter';
    }

    public function texts(): string
    {
        return dirname(__DIR__) . '/lang';
    }

    /** Paymenter's admin pages are English. */
    public function language(): string
    {
        return 'english';
    }

    /**
     * Over a connection of its own: cron runs in one large transaction, and what is kept must be
     * kept whatever becomes of that.
     */
    public function store(): Kit\Store
    {
        if ($this->store === null || time() - $this->opened > self::FRESH) {
            $used = DB::connection();
            $own = App::make('db.factory')->make($used->getConfig(), 'enombridge');
            $this->store = new PdoStore($own->getPdo(), $used->getTablePrefix() . self::TABLE);
            $this->opened = time();
        }
        return $this->store;
    }

    public function seal(string $plain): string
    {
        return $this->crypt(static fn (): string => Crypt::encryptString($plain));
    }

    public function open(string $sealed): string
    {
        return $this->crypt(static fn (): string => Crypt::decryptString($sealed));
    }

    /** Debug > HTTP log, where Paymenter writes the calls of its own extensions. */
    public function logCall(string $action, string $sent, string $answer, string $outcome): void
    {
        if ($outcome === 'unexpected') {
            Log::error("enom-bridge: $action: $answer");
        }
        if (Config::get('settings.debug', false)) {
            DebugLog::create(['type' => 'http', 'context' => [
                'method' => 'POST',
                'url' => "enom-bridge: $action",
                'headers' => [],
                'payload' => $sent,
                'response_status' => $outcome,
                'response_headers' => [],
                'response' => $answer,
            ]]);
        }
    }

    /** In the log, and in the service's audit log. */
    public function tellStaff(string $text, int $service, int $client): void
    {
        Log::warning("enom-bridge: $text", ['service' => $service, 'user' => $client]);
        $found = $service > 0 ? Service::find($service) : null;
        if ($found !== null) {
            $found->auditEvent = 'extension_action';
            $found->isCustomEvent = true;
            $found->auditCustomOld = [];
            $found->auditCustomNew = ['enom-bridge' => $text];
            Event::dispatch(new AuditCustom($found));
        }
    }

    public function bridges(): array
    {
        $ids = Server::where('extension', self::EXTENSION)->orderBy('id')->pluck('id');
        return array_map('intval', $ids->all());
    }

    public function bridge(int $id): ?Bridge
    {
        $server = Server::where('extension', self::EXTENSION)->find($id);
        return $server === null ? null : Settings::bridge($id, self::settings($server));
    }

    public function service(int $id): ?MailService
    {
        $found = Service::find($id);
        return $found !== null && self::isOurs($found) ? new MailService($found) : null;
    }

    /** Jobs run in a worker, where nobody knows who made Paymenter dispatch them. */
    public function asked(): Asked
    {
        $user = App::runningInConsole() ? null : Auth::user();
        return match (true) {
            $user === null => Asked::Cron,
            $user->role_id !== null => Asked::Admin,
            default => Asked::Client,
        };
    }

    public function statusAfter(Action $action): ?string
    {
        return match ($action) {
            Action::Create, Action::Unsuspend => Service::STATUS_ACTIVE,
            Action::Suspend => Service::STATUS_SUSPENDED,
            Action::Terminate => Service::STATUS_CANCELLED,
            default => null,
        };
    }

    public function hasEnded(string $status): bool
    {
        return $status === Service::STATUS_CANCELLED;
    }

    /** Paymenter keeps no reason of a suspension: each is its own, for an unpaid invoice. */
    public function isOverdue(string $reason): bool
    {
        return $reason === MailService::OVERDUE;
    }

    public function isAnothers(int $service, string $address): bool
    {
        $mailbox = ['key' => Settings::MAILBOX, 'model_type' => (new Service())->getMorphClass()];
        $ids = Property::where($mailbox)->where('value', $address)
            ->where('model_id', '!=', $service)->pluck('model_id');
        $isIts = static fn (Builder $server) => $server->where('extension', self::EXTENSION);
        return Service::whereIn('id', $ids->all())->where('status', '!=', Service::STATUS_CANCELLED)
            ->whereHas('product.server', $isIts)->exists();
    }

    /** @param callable(): string $do */
    private function crypt(callable $do): string
    {
        try {
            return $do();
        } catch (\Throwable) { // its message and trace could hold what it was given
            throw new Fault(Text::of('seal_failed'));
        }
    }
}
