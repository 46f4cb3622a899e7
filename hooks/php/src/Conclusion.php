<?php

namespace WHMCS\Module\Server\Enombridge;

/**
 * A job has ended, and its end came by callback or was fetched: what WHMCS makes of it.
 *
 * Rule 1: it acts only on the hook that is pending, and only where billing is not already as it should be. What billing
 * decided meanwhile (Wanted) goes before what an older hook brought about.
 */
final class Conclusion
{
    private function __construct(
        private readonly Hosting $hosting,
        private readonly Record $record,
        private readonly Pending $pending,
        private readonly Masker $masker = new Masker([]),
    ) {
    }

    /**
     * Throws Busy when another process is at this service, Fault when WHMCS refused: then the same may come again.
     *
     * @param array<string, mixed> $receipt as Receipt reads it
     */
    public static function reached(int $service, array $receipt): void
    {
        // What nobody waits for needs no lock: a hook is pending before it is sent.
        if (!in_array($receipt['status'], Receipt::ENDS, true) || Record::of($service)->expected($receipt['hook']) === null) {
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
        $hosting = Hosting::find($service);
        $pending = $record->expected($receipt['hook']);
        if ($pending === null || $hosting === null) {
            $record->pending = $hosting === null ? [] : $record->pending;
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
        $next = (new self($hosting, $record, $pending, $masker))->act($receipt);
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
            Notice::give($this->hosting, $this->record, $about, Text::of('held_notice', $told), ticket: true);
            return null;
        }
        if ($receipt['status'] === 'succeeded' && !$receipt['observed_only'] || $this->record->hasNothingOf($this->pending->action, $receipt)) {
            return $this->succeeded($receipt);
        }
        $this->record->settled($this->pending);
        if ($this->wasLockedOut($receipt)) {
            return fn () => Lifecycle::unlock($this->hosting);
        }
        $this->correct($about, Text::of(($receipt['status'] === 'succeeded' ? 'observed' : $receipt['status']) . '_notice', $told));
        return null;
    }

    /** @param array<string, mixed> $receipt */
    private function succeeded(array $receipt): ?callable
    {
        $wanted = Wanted::of($this->pending, $this->hosting, done: true);
        if ($wanted->verdict !== Verdict::Keep && $this->pending->action !== Action::Suspend || $wanted->verdict === Verdict::Drop) {
            return $this->contradicted($receipt, $wanted);
        }
        $address = $receipt['address'];
        if ($this->hosting->status !== $this->pending->action->leadsTo()) {
            $this->complete();
        }
        if ($receipt['status'] === 'succeeded' && $address !== '' && $this->hosting->username !== $address && $this->pending->action !== Action::Terminate) {
            localAPI('UpdateClientProduct', ['serviceid' => $this->hosting->id, 'serviceusername' => $address]);
        }
        $this->record->settled($this->pending);
        return $wanted->verdict === Verdict::Lift ? fn () => self::lift($this->hosting->id) : null;
    }

    /**
     * It was done, and WHMCS does not want it any more: a person decides; a deletion that only waits is lifted.
     *
     * @param array<string, mixed> $receipt
     */
    private function contradicted(array $receipt, Wanted $wanted): ?callable
    {
        $this->record->settled($this->pending);
        $status = $this->pending->told ? $this->pending->was : $this->hosting->status;
        if ($wanted->verdict === Verdict::Lift && $receipt['state'] === 'suspended' && Wanted::mayBeLifted($this->hosting, $status)) {
            self::takeBack($this->hosting, $this->pending);
            return fn () => self::lift($this->hosting->id);
        }
        $values = ['action' => $this->pending->action->told(), 'address' => $receipt['address'], 'change' => (string) $wanted->why?->told($this->hosting)];
        Notice::give($this->hosting, $this->record, "{$receipt['job']} done", Text::of('contradiction', $values), ticket: true);
        return null;
    }

    /** Lets WHMCS run its own function, which finds the mark: status, mail and hooks stay native. */
    private function complete(): void
    {
        if ($this->pending->action->command() === null) {
            return;
        }
        $answer = Confirmed::tell($this->hosting->id, $this->pending->action, $this->pending->again());
        if (($answer['result'] ?? '') !== 'success') {
            throw new Fault(Text::of('not_completed', ['why' => Text::plain($this->masker->mask((string) ($answer['message'] ?? '')))]));
        }
    }

    private function correct(string $about, string $text): void
    {
        $text .= self::takeBack($this->hosting, $this->pending);
        $ticket = $this->pending->told || $this->pending->action === Action::Terminate;
        Notice::give($this->hosting, $this->record, $about, $text, $ticket);
    }

    /** Where WHMCS was told success early, and it is not so, its record gets back the status from before. What to say of it. */
    public static function takeBack(Hosting $hosting, Pending $pending): string
    {
        $target = $pending->action->leadsTo();
        if (!$pending->told || $target === null || $hosting->status !== $target || $pending->was === $target) {
            return '';
        }
        localAPI('UpdateClientProduct', ['serviceid' => $hosting->id, 'status' => $pending->was]);
        return ' ' . Text::of('corrected', ['status' => $pending->was]);
    }

    /** An unsuspension that only the password can bring about, and it was sent without. @param array<string, mixed> $receipt */
    private function wasLockedOut(array $receipt): bool
    {
        return $receipt['status'] === 'failed' && Receipt::code($receipt) === 'password_needed'
            && $this->pending->action === Action::Unsuspend && $this->pending->sealed === '' && $this->hosting->status === $this->pending->was;
    }

    /** A suspension, or a deletion that waits, that came through after the payment: WHMCS itself would not lift it. */
    public static function lift(int $service): void
    {
        $hosting = Hosting::find($service);
        if ($hosting !== null && Wanted::mayBeLifted($hosting)) {
            Log::activity(Text::of('lifted'), $hosting->id, $hosting->client);
            Automatic::call('ModuleUnsuspend', ['serviceid' => $hosting->id]);
        }
    }

    /** A pending hook that is no longer wanted, or that the bridge refuses: dropped, and what was told early corrected. */
    public static function drop(Hosting $hosting, Record $record, Pending $pending, string $text): void
    {
        (new self($hosting, $record, $pending))->correct("$pending->id dropped", $text);
        $record->dropped($pending);
        $record->save();
    }
}
