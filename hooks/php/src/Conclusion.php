<?php

namespace EnomBridge\Kit;

/**
 * A job has ended, and its end came by callback or was fetched: what the platform is told.
 *
 * Rule 1: it acts only on the hook that is pending, and only where billing is not already as it should be. What billing
 * decided meanwhile (Wanted) goes before what an older hook brought about.
 */
final class Conclusion
{
    private function __construct(
        private readonly Service $service,
        private readonly Record $record,
        private readonly Pending $pending,
        private readonly Masker $masker = new Masker([]),
    ) {
    }

    /**
     * Throws Busy when another process is at this service, Fault when the platform refused: then
     * the same may come again.
     *
     * @param array<string, mixed> $receipt as Receipt reads it
     */
    public static function reached(int $service, array $receipt): void
    {
        if (!in_array($receipt['status'], Receipt::ENDS, true)) {
            return;
        }
        // What nobody waits for needs no lock: a hook is pending before it is sent.
        if (Record::of($service)->expected($receipt['hook']) === null) {
            $isOthers = Action::tryFrom($receipt['action']) === null;
            $isOthers && Kit::platform()->service($service)?->ended($receipt);
            return;
        }
        $next = Lock::around($service, fn () => self::conclude($service, $receipt), patience: 0);
        if ($next !== null) {
            $next();
        }
    }

    /** @return ?callable what is left to do once the service is free again */
    private static function conclude(int $service, array $receipt): ?callable
    {
        $record = Record::of($service);
        $now = Kit::platform()->service($service);
        $pending = $record->expected($receipt['hook']);
        if ($pending === null || $now === null) {
            $record->pending = $now === null ? [] : $record->pending;
            $record->save();
            return null;
        }
        // A hook that a person tried again has a newer job: what is told of the former one is over. One that was held and is
        // then rejected is told again with the same number.
        if ($receipt['sequence'] < $pending->sequence) {
            return null;
        }
        $pending->sequence = $receipt['sequence'];
        $masker = new Masker([$pending->password()]);
        $receipt = Receipt::masked($receipt, $masker);
        $record->learn($receipt, $pending);
        $next = (new self($now, $record, $pending, $masker))->act($receipt);
        $record->save();
        return $next;
    }

    /** @param array<string, mixed> $receipt */
    private function act(array $receipt): ?callable
    {
        $told = Receipt::told($receipt);
        $about = "{$receipt['job']} {$receipt['status']}";
        if ($receipt['status'] === 'held') {
            $this->pending->accepted = $this->pending->held = true;
            Notice::give($this->service, $this->record, $about, Text::of('held_notice', $told), alert: true);
            return null;
        }
        if ($receipt['status'] === 'succeeded' && !$receipt['observed_only'] || $this->record->hasNothingOf($this->pending->action, $receipt)) {
            return $this->succeeded($receipt);
        }
        $this->record->settled($this->pending);
        if ($this->wasLockedOut($receipt)) {
            return fn () => Dispatch::unlock($this->service);
        }
        $this->correct($about, Text::of(($receipt['status'] === 'succeeded' ? 'observed' : $receipt['status']) . '_notice', $told));
        return null;
    }

    /** @param array<string, mixed> $receipt */
    private function succeeded(array $receipt): ?callable
    {
        $wanted = Wanted::of($this->pending, $this->service, done: true);
        if ($wanted->verdict !== Verdict::Keep && $this->pending->action !== Action::Suspend || $wanted->verdict === Verdict::Drop) {
            return $this->contradicted($receipt, $wanted);
        }
        $address = $receipt['address'];
        if ($this->service->status !== $this->pending->action->leadsTo()) {
            $this->complete();
        }
        if ($receipt['status'] === 'succeeded' && $address !== '' && $this->service->mailbox !== $address && $this->pending->action !== Action::Terminate) {
            $this->service->setMailbox($address);
        }
        $this->record->settled($this->pending);
        return $wanted->verdict === Verdict::Lift ? fn () => self::lift($this->service->id) : null;
    }

    /**
     * It was done, and the platform does not want it any more: a person decides; a deletion that
     * only waits is lifted.
     *
     * @param array<string, mixed> $receipt
     */
    private function contradicted(array $receipt, Wanted $wanted): ?callable
    {
        $this->record->settled($this->pending);
        $status = $this->pending->told ? $this->pending->was : $this->service->status;
        if ($wanted->verdict === Verdict::Lift && $receipt['state'] === 'suspended' && Wanted::mayBeLifted($this->service, $status)) {
            self::takeBack($this->service, $this->pending);
            return fn () => self::lift($this->service->id);
        }
        $values = ['action' => $this->pending->action->told(), 'address' => $this->pending->subject($this->service), 'change' => (string) $wanted->why?->told($this->service)];
        Notice::give($this->service, $this->record, "{$receipt['job']} done", Text::of('contradiction', $values), alert: true);
        return null;
    }

    private function complete(): void
    {
        $why = $this->service->complete($this->pending);
        if ($why !== null) {
            throw new Fault(Text::of('not_completed', ['why' => Text::plain($this->masker->mask($why))]));
        }
    }

    private function correct(string $about, string $text): void
    {
        $text .= self::takeBack($this->service, $this->pending);
        $alert = $this->pending->told || $this->pending->action === Action::Terminate;
        Notice::give($this->service, $this->record, $about, $text, $alert);
    }

    /**
     * Where the platform was told success early, and it is not so, its record gets back the status
     * from before. What to say of it.
     */
    public static function takeBack(Service $service, Pending $pending): string
    {
        $target = $pending->action->leadsTo();
        if (!$pending->told || $target === null || $service->status !== $target || $pending->was === $target) {
            return '';
        }
        $service->setStatus($pending->was);
        return ' ' . Text::of('corrected', ['status' => $pending->was]);
    }

    /** An unsuspension that only the password can bring about, and it was sent without. @param array<string, mixed> $receipt */
    private function wasLockedOut(array $receipt): bool
    {
        return $receipt['status'] === 'failed' && Receipt::code($receipt) === 'password_needed'
            && $this->pending->type() === Action::Unsuspend->value && $this->pending->sealed === '' && $this->service->status === $this->pending->was;
    }

    /**
     * A suspension, or a deletion that waits, that came through after the payment: the platform
     * itself would not lift it.
     */
    public static function lift(int $service): void
    {
        $now = Kit::platform()->service($service);
        if ($now !== null && Wanted::mayBeLifted($now)) {
            Log::activity(Text::of('lifted'), $now->id, $now->client);
            $now->unsuspend();
        }
    }

    /** A pending hook that is no longer wanted, or that the bridge refuses: dropped, and what was told early corrected. */
    public static function drop(Service $service, Record $record, Pending $pending, string $text): void
    {
        (new self($service, $record, $pending))->correct("$pending->id dropped", $text);
        $record->dropped($pending);
        $record->save();
    }
}
