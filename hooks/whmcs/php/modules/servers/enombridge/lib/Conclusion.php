<?php

namespace WHMCS\Module\Server\Enombridge;

/**
 * A job has ended, and its end came by callback or was fetched: what WHMCS makes of it.
 *
 * Rule 1: it acts only on the hook that is pending, and only where billing is not already as it should be. What billing
 * decided meanwhile goes before what an older hook brought about.
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
        // A hook that a person tried again has a newer job: what is told of the former one is over.
        if ($receipt['sequence'] < $pending->sequence) {
            return null;
        }
        $pending->sequence = $receipt['sequence'];
        $masker = new Masker([$pending->password()]);
        $receipt = Receipt::masked($receipt, $masker);
        $record->learn($receipt);
        $next = (new self($hosting, $record, $pending, $masker))->act($receipt);
        $record->save();
        return $next;
    }

    /** @param array<string, mixed> $receipt */
    private function act(array $receipt): ?callable
    {
        $told = Receipt::told($receipt);
        if ($receipt['status'] === 'held') {
            $this->pending->accepted = $this->pending->held = true;
            Notice::give($this->hosting, $this->record, $receipt['job'], Text::of('held_notice', $told), ticket: true);
            return null;
        }
        if ($receipt['status'] === 'succeeded' && !$receipt['observed_only']) {
            return $this->succeeded($receipt);
        }
        $this->record->settled($this->pending);
        if ($this->wasLockedOut($receipt)) {
            return fn () => Lifecycle::unlock($this->hosting);
        }
        $text = Text::of(($receipt['status'] === 'succeeded' ? 'observed' : $receipt['status']) . '_notice', $told);
        $this->correct($receipt['job'], $text);
        return null;
    }

    /** @param array<string, mixed> $receipt */
    private function succeeded(array $receipt): ?callable
    {
        $address = $receipt['address'];
        $status = $this->hosting->status;
        $target = $this->pending->action->leadsTo();
        if ($target !== null && $status !== $target && $status !== $this->pending->was) {
            $this->record->settled($this->pending);
            $values = ['action' => $this->pending->action->value, 'status' => $status, 'address' => $address];
            Notice::give($this->hosting, $this->record, $receipt['job'], Text::of('contradiction', $values), ticket: true);
            return null;
        }
        if ($status !== $target) {
            $this->complete();
        }
        if ($address !== '' && $this->hosting->username !== $address && $this->pending->action !== Action::Terminate) {
            localAPI('UpdateClientProduct', ['serviceid' => $this->hosting->id, 'serviceusername' => $address]);
        }
        $this->record->settled($this->pending);
        return $this->wasPaidMeanwhile() ? fn () => self::lift($this->hosting) : null;
    }

    /** Lets WHMCS run its own function, which finds the mark: status, mail and hooks stay native. */
    private function complete(): void
    {
        if ($this->pending->action->command() === null) {
            return;
        }
        $values = $this->pending->action === Action::ChangePassword ? ['servicepassword' => $this->pending->password()] : [];
        $answer = Confirmed::tell($this->hosting->id, $this->pending->action, $values);
        if (($answer['result'] ?? '') !== 'success') {
            throw new Fault(Text::of('not_completed', ['why' => Text::plain($this->masker->mask((string) ($answer['message'] ?? '')))]));
        }
    }

    private function correct(string $about, string $text): void
    {
        $text .= self::takeBack($this->hosting, $this->pending);
        Notice::give($this->hosting, $this->record, $about, $text, ticket: $this->pending->told);
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

    /** A suspension that came through after the customer had paid: WHMCS itself would not lift it. */
    private function wasPaidMeanwhile(): bool
    {
        return $this->pending->action === Action::Suspend && $this->hosting->due > $this->pending->due;
    }

    /** An unsuspension that only the password can bring about, and it was sent without. @param array<string, mixed> $receipt */
    private function wasLockedOut(array $receipt): bool
    {
        return $receipt['status'] === 'failed' && ($receipt['error']['code'] ?? '') === 'password_needed'
            && $this->pending->action === Action::Unsuspend && $this->pending->sealed === '' && $this->hosting->status === $this->pending->was;
    }

    public static function lift(Hosting $hosting): void
    {
        Log::activity(Text::of('paid_meanwhile'), $hosting->id, $hosting->client);
        localAPI('ModuleUnsuspend', ['serviceid' => $hosting->id]);
    }

    /** A pending hook that is no longer wanted, or that the bridge refuses: dropped, and what was told early corrected. */
    public static function drop(Hosting $hosting, Record $record, Pending $pending, string $text): void
    {
        (new self($hosting, $record, $pending))->correct($pending->id, $text);
        $record->settled($pending);
        $record->save();
    }
}
