<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Models\Service;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Conclusion;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Kit;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/**
 * One request of Paymenter, from its job or from a person of the staff.
 *
 * Rule 1: Paymenter writes the status as soon as it has queued a job. Here it goes back to what it
 * was, until the bridge has confirmed what the job is about: a service is what its mailbox is.
 * Rule 2: a job that waited in a queue, or that somebody retries, does nothing that is no longer
 * due. A job that is lost is done all the same (Queued).
 */
final class Lifecycle
{
    private const PATIENCE = 30; // seconds for another process at this service; a job has 120
    private const RECENT = 3600; // seconds in which an immediate cancellation explains a job

    /** Throws NotDone: then Paymenter sends no mail, and staff reads why. */
    public static function run(Action $action, Service $service): bool
    {
        $why = self::outcome($action, $service);
        return $why === null ? true : throw new NotDone($why);
    }

    /** Null: done; else a sentence for staff. Never throws. */
    public static function outcome(Action $action, Service $service): ?string
    {
        try {
            $now = Service::find($service->id) ?? throw new Fault(Text::of('no_service'));
            self::mustBeDue($action, $now);
            $before = self::before($action, $now);
            self::set($now, $before);
            $why = self::dispatched($action, $now);
            self::settle($action, $now, $before, done: $why === null);
            return $why;
        } catch (Fault $fault) {
            return $fault->getMessage();
        } catch (\Throwable $error) {
            return (new Log([]))->unexpected($action->value, $error);
        }
    }

    private static function dispatched(Action $action, Service $service): ?string
    {
        $end = time() + self::PATIENCE;
        while (true) {
            try {
                return Dispatch::run($action, new MailCall($service));
            } catch (Busy $busy) {
                if (time() >= $end) {
                    return $busy->getMessage();
                }
            } catch (Fault $fault) {
                return $fault->getMessage();
            } catch (\Throwable $error) {
                return (new Log([]))->unexpected($action->value, $error);
            }
        }
    }

    /** What staff triggers is not asked for its reason. Throws Fault. */
    private static function mustBeDue(Action $action, Service $service): void
    {
        $isStaffs = Kit::platform()->asked() === Asked::Admin;
        if ($action === Action::Create && (int) $service->quantity > 1) {
            $isStaffs || self::set($service, Service::STATUS_PENDING);
            throw new Fault(Text::of('quantity', ['quantity' => (int) $service->quantity]));
        }
        if (!$isStaffs && self::isTooEarly($action, $service)) {
            self::set($service, Service::STATUS_PENDING);
            throw new Fault(Text::of("early_$action->name"));
        }
        if (!$isStaffs && !self::isStillDue($action, $service)) {
            Dispatch::forget($action, (int) $service->id);
            $date = MailService::day($service->expires_at) ?: Text::of('not_due');
            $values = ['status' => $service->status, 'due' => $date];
            throw new Fault(Text::of("stale_$action->name", $values));
        }
    }

    /** Whether a job for this would be carried out now. */
    public static function isDue(Action $action, Service $service): bool
    {
        $isOne = $action !== Action::Create || (int) $service->quantity <= 1;
        return $isOne && !self::isTooEarly($action, $service)
            && self::isStillDue($action, $service);
    }

    /** It would take the place of a creation that is not done yet. */
    private static function isTooEarly(Action $action, Service $service): bool
    {
        $pending = Record::of((int) $service->id)->pending['status'] ?? null;
        return in_array($action, [Action::Suspend, Action::Unsuspend], true)
            && $pending?->action === Action::Create;
    }

    private static function isStillDue(Action $action, Service $service): bool
    {
        $is = static fn (string ...$one): bool => in_array($service->status, $one, true);
        return match ($action) {
            Action::Unsuspend => !$is(Service::STATUS_CANCELLED),
            // A mailbox that is suspended would be given back.
            Action::Create => !$is(Service::STATUS_CANCELLED) && !($is(Service::STATUS_SUSPENDED)
                && Record::of((int) $service->id)->address !== ''),
            Action::Suspend => self::isOverdue($service)
                && $is(Service::STATUS_ACTIVE, Service::STATUS_SUSPENDED),
            Action::Terminate => self::isCancelled($service) || self::isOverdue($service)
                && $is(Service::STATUS_SUSPENDED, Service::STATUS_CANCELLED),
            Action::Renew, Action::ChangePlan => !self::isEnding($service),
            default => true,
        };
    }

    /** Staff has triggered its termination: a later request would take the place of that. */
    private static function isEnding(Service $service): bool
    {
        $pending = Record::of((int) $service->id)->pending['status'] ?? null;
        return $pending?->action === Action::Terminate && $pending->asked_by === Asked::Admin;
    }

    private static function isOverdue(Service $service): bool
    {
        $due = MailService::day($service->expires_at);
        return $due !== '' && $due <= date('Y-m-d');
    }

    /** The customer has asked for an immediate end, and nobody has taken it back since. */
    private static function isCancelled(Service $service): bool
    {
        $found = $service->cancellation()->where('type', 'immediate')->orderByDesc('id')->first();
        $recent = $found !== null && $found->created_at?->getTimestamp() > time() - self::RECENT;
        return $recent || $found !== null && $service->status === Service::STATUS_CANCELLED;
    }

    /**
     * The status that the service had before Paymenter wrote the one that the action leads to. What
     * its customer has cancelled is suspended until it is gone: cron leaves it alone then, and a
     * payment gives it back.
     */
    private static function before(Action $action, Service $service): string
    {
        if (Kit::platform()->asked() === Asked::Admin) {
            return (string) $service->status; // what staff triggers goes before the status
        }
        if ($action === Action::Terminate && self::isCancelled($service)) {
            return Service::STATUS_SUSPENDED;
        }
        if ($action === Action::Create) {
            return Service::STATUS_PENDING;
        }
        if ($service->status !== $action->leadsTo()) {
            return (string) $service->status;
        }
        return match ($action) {
            Action::Suspend => Service::STATUS_ACTIVE,
            Action::Unsuspend => Service::STATUS_SUSPENDED,
            Action::Terminate => self::asAtEnom($service),
            default => (string) $service->status,
        };
    }

    /** As the bridge said last. */
    private static function asAtEnom(Service $service): string
    {
        $isSuspended = Record::of((int) $service->id)->state === 'suspended';
        return $isSuspended ? Service::STATUS_SUSPENDED : Service::STATUS_ACTIVE;
    }

    /** What anybody else has made of the status meanwhile stays. */
    private static function settle(
        Action $action,
        Service $service,
        string $before,
        bool $done,
    ): void {
        $after = $action->leadsTo();
        $now = Service::find($service->id);
        $own = [$before, $after, ...$action === Action::Create ? [Service::STATUS_SUSPENDED] : []];
        if ($after === null || $now === null || !in_array($now->status, $own, true)) {
            return;
        }
        $isOpen = $action !== Action::Terminate || Record::of((int) $now->id)->pending !== [];
        self::set($now, $done ? $after : ($isOpen ? $before : self::asAtEnom($now)));
        // Paid in these seconds: Paymenter saw no suspended service, and so unsuspends none.
        $isPaid = $action === Action::Suspend && !self::isOverdue($now);
        if ($done && $isPaid && Kit::platform()->asked() !== Asked::Admin) {
            Conclusion::lift((int) $now->id);
        }
    }

    /** Without an event: Paymenter has sent its own when it wrote the status first. */
    private static function set(Service $service, string $status): void
    {
        if ($service->status !== $status) {
            (new MailService($service))->setStatus($status);
        }
    }
}
