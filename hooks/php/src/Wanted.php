<?php

namespace EnomBridge\Kit;

/**
 * Whether the platform still wants what a pending hook asks for.
 *
 * Rule 1: this is asked before every repetition, before anything is lifted, and before a late end is concluded; nothing
 * else decides it.
 * Rule 2: what staff did by hand goes through as asked, until the service's status contradicts it.
 * Rule 3: what takes a mailbox away is not repeated on a doubt.
 * Rule 4: payment lifts what non-payment caused, nothing else.
 */
final class Wanted
{
    /** By what changed since. What is not named is kept. */
    private const BY_HAND = ['status' => Verdict::Drop];
    private const BY_ITSELF = [
        'mailbox.create' => [],
        'mailbox.suspend' => [],
        self::OVERDUE => ['paid' => Verdict::Lift, 'protected' => Verdict::Lift],
        'mailbox.unsuspend' => ['reason' => Verdict::Drop],
        'mailbox.terminate' => [
            'reason' => Verdict::Drop, 'paid' => Verdict::Lift, 'protected' => Verdict::Lift, 'unpaid' => Verdict::Drop,
            'product' => Verdict::Drop, 'terms' => Verdict::Drop, 'doubt' => Verdict::Drop,
        ],
        'mailbox.change_password' => [],
        'mailbox.change_plan' => ['product' => Verdict::Drop],
        'mailbox.renew' => ['unpaid' => Verdict::Drop],
    ];
    private const OVERDUE = 'mailbox.suspend for an unpaid invoice';

    private function __construct(public readonly Verdict $verdict, public readonly ?Change $why)
    {
    }

    /** @param bool $done whether it is an end that is concluded from: that repeats nothing, so a doubt does not stand in its way */
    public static function of(Pending $pending, Service $service, bool $done = false): self
    {
        $overdue = self::isForMoney($pending) && self::isForMoneyNow($service);
        foreach (self::changes($pending, $service, $done || $pending->accepted) as $change) {
            $verdict = self::rule($pending->action, $pending->asked_by, $overdue, $change);
            if ($verdict !== Verdict::Keep) {
                return new self($verdict, $change);
            }
        }
        return new self(Verdict::Keep, null);
    }

    /** The table. @param bool $overdue of a suspension: whether it is for an unpaid invoice */
    public static function rule(Action $action, Asked $asked, bool $overdue, Change $change): Verdict
    {
        $name = $action === Action::Suspend && $overdue ? self::OVERDUE : $action->value;
        $rows = $asked === Asked::Admin ? [] : self::BY_ITSELF[$name];
        return ($rows + self::BY_HAND)[$change->value] ?? Verdict::Keep;
    }

    /** Whether a payment may give this service back: staff has no reason of its own to keep it, and it has not ended. */
    public static function mayBeLifted(Service $service, ?string $status = null): bool
    {
        return self::isForMoneyNow($service) && !Kit::platform()->hasEnded($status ?? $service->status);
    }

    /** Suspended by the platform itself, for its own reason, when it was due. */
    private static function isForMoney(Pending $pending): bool
    {
        $due = $pending->grounds['due'] ?? '';
        return $pending->action === Action::Suspend && $pending->asked_by !== Asked::Admin
            && Kit::platform()->isOverdue($pending->data['reason'] ?? '') && $due !== '' && $due <= $pending->day();
    }

    private static function isForMoneyNow(Service $service): bool
    {
        return Kit::platform()->isOverdue($service->reason);
    }

    /** @return list<Change> in the order of their weight */
    private static function changes(Pending $pending, Service $service, bool $taken): array
    {
        $then = $pending->grounds;
        $now = $service->grounds();
        $differ = fn (string ...$names): bool => array_filter($names, fn ($name) => isset($then[$name]) && $then[$name] !== $now[$name]) !== [];
        $due = $then['due'] ?? '';
        $protected = Grounds::protected($now, date('Y-m-d', time())) && !Grounds::protected($then, $pending->day());
        $found = [
            [Change::Status, self::contradicts($pending, $service)],
            [Change::Reason, $differ('reason') && !Kit::platform()->isOverdue($service->reason)],
            [Change::Paid, $due !== '' && ($now['due'] === '' || $now['due'] > $due) || array_diff($then['owed'] ?? [], $now['owed']) !== []],
            [Change::Protected, isset($then['exempt']) && $protected],
            [Change::Unpaid, $now['due'] !== '' && $now['due'] < $due],
            [Change::Product, $differ('product')],
            [Change::Terms, $differ('client', 'cycle', 'amount', 'override', 'until', 'exempt', 'cancel')],
            [Change::Doubt, !$taken && array_diff(Grounds::NAMES, array_keys($then)) !== []],
        ];
        return array_column(array_filter($found, fn (array $one) => $one[1]), 0);
    }

    private static function contradicts(Pending $pending, Service $service): bool
    {
        $status = $service->status;
        $target = $pending->action->leadsTo();
        if ($target !== null) {
            return $status !== $pending->was && $status !== $target;
        }
        return Kit::platform()->hasEnded($status) && $status !== $pending->was;
    }
}
