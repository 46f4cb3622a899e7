<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Jobs\Server\CreateJob;
use App\Jobs\Server\SuspendJob;
use App\Jobs\Server\TerminateJob;
use App\Jobs\Server\UnsuspendJob;
use App\Jobs\Server\UpgradeJob;
use App\Models\Service;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Lock;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Record;

/**
 * What Paymenter has a job queued for.
 *
 * Rule 1: it is kept from then on. A worker that is killed, or a database that fails, can lose the
 * job; what it was to do is then done from the scheduler.
 * Rule 2: Paymenter writes "active" after it has queued the job, which can have ended by then. The
 * status goes back, unless the mailbox is there.
 */
final class Queued
{
    private const ACTIONS = [
        CreateJob::class => Action::Create,
        SuspendJob::class => Action::Suspend,
        UnsuspendJob::class => Action::Unsuspend,
        TerminateJob::class => Action::Terminate,
        UpgradeJob::class => Action::ChangePlan,
        Renew::class => Action::Renew,
    ];

    /** @var array<int, Action> by service: queued by this process, which still writes the status */
    private static array $own = [];

    /** Never throws: it must not stand in the way of a payment. */
    public static function keep(mixed $job): void
    {
        $action = is_object($job) ? self::ACTIONS[$job::class] ?? null : null;
        if ($action === null) {
            return;
        }
        $id = (int) ($job->service instanceof Service ? $job->service->id : $job->service);
        try {
            $service = Service::find($id);
            if ($service === null || !Paymenter::isOurs($service)) {
                return;
            }
            self::$own[$id] = $action;
            if (Lifecycle::isDue($action, $service)) {
                Dispatch::keep($action, new MailCall($service));
            }
        } catch (Busy) { // the job runs already, and has kept it
        } catch (Fault) { // the job says the same
        } catch (\Throwable $error) {
            (new Log([]))->unexpected("queued $action->value", $error);
        }
    }

    /** The status was saved, with an event. Never throws. */
    public static function saved(int $id): void
    {
        $action = self::$own[$id] ?? null;
        $before = match ($action) {
            Action::Create => Service::STATUS_PENDING,
            Action::Unsuspend => Service::STATUS_SUSPENDED,
            default => null, // written before the job is queued, or no status
        };
        unset(self::$own[$id]);
        if ($before === null) {
            return;
        }
        try {
            Lock::around($id, static fn () => self::takeBack($id, $action, $before), patience: 0);
        } catch (Busy) { // the job runs, and settles the status
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('queued', $error);
        }
    }

    private static function takeBack(int $id, Action $action, string $before): void
    {
        $record = Record::of($id);
        $isOpen = ($record->pending['status'] ?? null)?->action === $action
            || $action === Action::Create && $record->address === ''
            || $action === Action::Unsuspend && $record->state === 'suspended';
        $service = Service::find($id);
        if ($isOpen && $service?->status === $action->leadsTo()) {
            (new MailService($service))->setStatus($before);
        }
    }
}
