<?php

namespace EnomBridge\Kit;

/**
 * Sends what the platform asks for, and says what it is to be told.
 *
 * Rule 1: success is said of what the bridge has confirmed. The one exception is an action that the
 * admin chose to have told early; what becomes of it corrects the platform later.
 */
final class Dispatch
{
    /** @var array<int, true> services that are being unsuspended with their password */
    private static array $unlocking = [];

    private function __construct(private readonly Call $call, private readonly Action $action)
    {
    }

    /**
     * Null: success. Else a sentence: for the customer where a password is changed, for staff in
     * all other cases. Throws Busy when another process is at this service, Fault when something
     * stands in the way; then nothing was sent.
     */
    public static function run(Action $action, Call $call): ?string
    {
        $unlocks = $action === Action::Unsuspend && isset(self::$unlocking[$call->id]);
        $more = $unlocks ? ['password' => $call->knownPassword()] : [];
        return Lock::around($call->id, fn () => (new self($call, $action))->send($more));
    }

    /**
     * The platform has queued a job that will ask for this. It is kept now: if the job is lost,
     * cron sends it. Throws as `run` does; Busy too if the job is at it already, which then keeps
     * it by itself.
     */
    public static function keep(Action $action, Call $call): void
    {
        Lock::around($call->id, fn () => (new self($call, $action))->queue(), patience: 0);
    }

    /** The job has found that it is no longer due. */
    public static function forget(Action $action, int $service): void
    {
        $isIts = static fn (Record $record): bool => $record->queued($action) !== null;
        if ($isIts(Record::of($service))) {
            Lock::around($service, static function () use ($action, $service, $isIts): void {
                $record = Record::of($service);
                if ($isIts($record)) {
                    $record->dropped($record->pending[$action->about()]);
                    $record->save();
                }
            });
        }
    }

    /**
     * A mailbox that is locked out needs its password: the platform unsuspends it once more, and
     * that sends it.
     */
    public static function unlock(Service $service): void
    {
        self::$unlocking[$service->id] = true;
        try {
            $why = $service->unsuspend();
        } finally {
            unset(self::$unlocking[$service->id]);
        }
        if ($why !== null) {
            Log::activity(Text::plain($why), $service->id, $service->client);
        }
    }

    /** @param array<string, string> $more data beyond that of the action */
    private function send(array $more = []): ?string
    {
        $record = Record::of($this->call->id);
        $service = Service::required($this->call->id);
        $data = $this->call->data($this->action, $record) + $more;
        $pending = $record->pending[$this->action->about()] ?? null;
        $isOrder = $this->action === Action::Create && !$pending?->accepted;
        if ($isOrder && ($why = $this->call->stops($record)) !== null) {
            Notice::give($service, $record, 'domain ' . md5($why), $why, alert: true);
            $record->save();
            return $why;
        }
        $pending = $this->expected($record, $pending, $data, $service);
        $answer = $this->sent($pending);
        return $answer->kind === 'ended'
            ? $this->ended($record, $pending, $answer->receipt)
            : $this->open($record, $pending, $answer);
    }

    private function queue(): void
    {
        $record = Record::of($this->call->id);
        $service = Service::required($this->call->id);
        $data = $this->call->data($this->action, $record);
        $pending = $record->pending[$this->action->about()] ?? null;
        $secret = $this->call->bridge->secret;
        if ($pending?->isFor($this->action, $data, $secret)) {
            return;
        }
        $pending = Pending::fresh($this->action, $data, $service, $secret, $pending);
        $pending->asked_by = Asked::Cron; // as it is in the job, whoever is signed in now
        $pending->queued = true;
        $record->expect($pending);
        $pending->asked = time();
        $record->save();
    }

    /** It is kept before it is sent. @param array<string, string|bool> $data */
    private function expected(Record $record, ?Pending $pending, array $data, Service $service): Pending
    {
        $secret = $this->call->bridge->secret;
        if ($pending?->isFor($this->action, $data, $secret)) {
            $pending->askedAgain($service);
        } else {
            $pending = Pending::fresh($this->action, $data, $service, $secret, $pending);
        }
        $record->expect($pending);
        $pending->asked = time();
        $pending->queued = false;
        $record->save();
        return $pending;
    }

    private function sent(Pending $pending): Answer
    {
        $client = $this->call->client($pending->password());
        $wait = $this->call->waits($this->action);
        return $client->hook($pending->id, $pending->type(), $pending->timestamp, $pending->body(), $wait);
    }

    private function open(Record $record, Pending $pending, Answer $answer): ?string
    {
        if ($answer->kind === 'accepted') {
            $pending->accepted = true;
            $pending->told = $pending->told || $this->call->isToldEarly($this->action);
        } elseif ($answer->kind === 'refused') {
            $record->settled($pending); // the same would be refused again
        }
        $record->save();
        if ($pending->told && $answer->kind !== 'refused') {
            return null;
        }
        $values = ['why' => $answer->problem, 'job' => $answer->receipt['job'] ?? ''];
        return $this->say($answer->kind, $values, in_array('password', $answer->fields, true)) . $this->takeBack($pending);
    }

    /** @param array<string, mixed> $receipt */
    private function ended(Record $record, Pending $pending, array $receipt): ?string
    {
        $record->learn($receipt, $pending);
        $status = $receipt['status'];
        if ($status === 'held') {
            return $this->held($record, $pending, $receipt);
        }
        $record->settled($pending);
        $record->save();
        $code = Receipt::code($receipt);
        $locked = $status === 'failed' && $code === 'password_needed' && $this->action === Action::Unsuspend;
        if ($locked && $pending->sealed === '' && $this->call->password() !== '') {
            return $this->send(['password' => $this->call->password()]); // it was a lock-out
        }
        if ($record->hasNothingOf($this->action, $receipt)) {
            $values = ['action' => $this->action->told(), 'address' => $receipt['address']];
            Log::activity(Text::of('nothing_ours', $values), $this->call->id);
            return null;
        }
        if ($status !== 'succeeded' || $receipt['observed_only']) {
            $kind = $status === 'succeeded' ? 'observed' : $status;
            $said = $this->say($kind, Receipt::told($receipt), $code === 'password_rejected', $code);
            return $said . $this->takeBack($pending);
        }
        $this->nameAfter($record->address);
        return null;
    }

    /** @param array<string, mixed> $receipt */
    private function held(Record $record, Pending $pending, array $receipt): string
    {
        $pending->accepted = $pending->held = true;
        $pending->sequence = $receipt['sequence'];
        $told = Receipt::told($receipt);
        $service = Service::required($this->call->id);
        Notice::give($service, $record, "{$receipt['job']} held", Text::of('held_notice', $told), alert: true);
        $record->save();
        return $this->say('held', $told);
    }

    private function takeBack(Pending $pending): string
    {
        if (!$pending->told) {
            return '';
        }
        return Conclusion::takeBack(Service::required($this->call->id), $pending);
    }

    /** The platform matches accounts and usage by the address. */
    private function nameAfter(string $address): void
    {
        $service = $address === '' ? null : Service::required($this->call->id);
        if ($service !== null && $service->mailbox !== $address) {
            $service->setMailbox($address);
        }
    }

    /**
     * @param array<string, string> $values
     * @param bool $password whether it is the password that is at fault
     * @param string $code why it failed, for a customer who can do something about it
     */
    private function say(
        string $key,
        array $values,
        bool $password = false,
        string $code = '',
    ): string {
        if ($this->action !== Action::ChangePassword) {
            return Text::of("{$key}_staff", $values);
        }
        $key = ($password ? 'password_refused' : $key) . '_client';
        return Text::among($key, $code, $values, $this->call->language());
    }
}
