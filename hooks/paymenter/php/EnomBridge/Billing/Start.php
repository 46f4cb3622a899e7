<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Events\Service as Event;
use App\Models\Service;
use EnomBridge\Kit\Catchup;
use Illuminate\Console\Scheduling\Schedule;
use Illuminate\Queue\Events\JobQueued;
use Illuminate\Support\Facades\App;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\Bus;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Event as Events;
use Illuminate\Support\Facades\Route;
use Paymenter\Extensions\Servers\EnomBridge\EnomBridge;

/** What Paymenter learns when it starts: URLs, what to listen for, what to run every 5 minutes. */
final class Start
{
    public const COMMAND = 'enom-bridge:catch-up';

    private const HAS_ONE = [Service::STATUS_ACTIVE, Service::STATUS_SUSPENDED];
    private const DECIDES = ['status', 'expires_at', 'product_id', 'plan_id', 'price', 'user_id'];

    public static function routes(): void
    {
        // Signed by the bridge, so it needs neither a session nor a token.
        Route::post(EnomBridge::PATH . '/callback', [EnomBridge::class, 'callback'])
            ->name('extensions.servers.enom-bridge.callback');
        Route::post(EnomBridge::PATH . '/password/{service}', [EnomBridge::class, 'password'])
            ->middleware(['web', 'auth', 'throttle:10,1'])
            ->whereNumber('service')
            ->name('extensions.servers.enom-bridge.password');
    }

    public static function listeners(): void
    {
        $changed = static fn (Event\Updated $event) => self::changed($event->service);
        $deleted = static fn (Event\Deleted $event) => self::deleted($event->service);
        Events::listen(Event\Updated::class, $changed);
        Events::listen(Event\Deleted::class, $deleted);
        Events::listen(JobQueued::class, static fn (JobQueued $event) => Queued::keep($event->job));
    }

    public static function schedule(): void
    {
        if (!App::runningInConsole()) {
            return;
        }
        Artisan::command(self::COMMAND, static fn () => Catchup::run())
            ->purpose('Fetches results from the bridge, and sends again what it does not have');
        $add = static fn (Schedule $schedule) => $schedule->command(self::COMMAND)
            ->everyFiveMinutes()->withoutOverlapping(10)->runInBackground()
            ->description('Mailboxes: results from enom-bridge, and what it does not have yet');
        $app = App::getFacadeRoot();
        $app->resolved(Schedule::class)
            ? $add($app->make(Schedule::class))
            : $app->afterResolving(Schedule::class, $add);
    }

    /** After the transaction, which may still be rolled back. */
    private static function changed(Service $service): void
    {
        if (!$service->wasChanged(self::DECIDES) || !Paymenter::isOurs($service)) {
            return;
        }
        $renewed = self::isRenewed($service);
        DB::afterCommit(static function () use ($service, $renewed): void {
            Catchup::reconsider((int) $service->id);
            Queued::saved((int) $service->id);
            if ($renewed) { // Paymenter has no job of its own for it
                Bus::dispatch(new Renew((int) $service->id));
            }
        });
    }

    /** A service that had a date got a later one: an invoice was paid, or staff entered it. */
    private static function isRenewed(Service $service): bool
    {
        $before = MailService::day($service->getOriginal('expires_at'));
        return $before !== '' && MailService::day($service->expires_at) > $before
            && $service->status === Service::STATUS_ACTIVE
            && in_array($service->getOriginal('status'), self::HAS_ONE, true);
    }

    private static function deleted(Service $service): void
    {
        if (Paymenter::isOurs($service)) {
            (new MailService($service))->gone();
        }
    }
}
