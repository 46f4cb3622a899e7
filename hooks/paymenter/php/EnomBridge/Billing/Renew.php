<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Models\Service;
use EnomBridge\Kit\Action;
use Illuminate\Contracts\Queue\ShouldQueue;

/** A paid period more. Tried once, as Paymenter's own jobs are: cron repeats what is pending. */
final class Renew implements ShouldQueue
{
    public int $tries = 1;
    public int $timeout = 120;

    public function __construct(public readonly int $service)
    {
    }

    public function handle(): void
    {
        $service = Service::find($this->service);
        if ($service !== null && $service->status !== Service::STATUS_CANCELLED) {
            Lifecycle::run(Action::Renew, $service);
        }
    }
}
