<?php

namespace EnomBridge\Kit;

/**
 * Takes back a hook that the platform wants no longer, from a bridge that has it or may have it.
 * Within the service's lock.
 *
 * Rule 1: it stays pending, and is never sent again, until the bridge has said what became of it.
 */
final class Withdrawal
{
    private const PATIENCE = 1800; // seconds until a bridge that did not give it back is asked once more
    private const IN_DOUBT = 409; // a purchase of it is in doubt

    private function __construct(
        private readonly Service $service,
        private readonly Record $record,
        private readonly Pending $pending,
        private readonly Wanted $wanted,
    ) {
    }

    /** @return array{?Answer, ?callable} an answer that is still to be dealt with; what to do once the service is free */
    public static function ask(Service $service, Record $record, Pending $pending, Wanted $wanted, Client $client): array
    {
        if (time() - $pending->kept < self::PATIENCE) {
            return [null, null];
        }
        $answer = $client->withdraw($pending);
        $self = new self($service, $record, $pending, $wanted);
        return match (true) {
            $answer->isOneOf('away', 'unsigned') => [$answer, null],
            $answer->kind === 'dismissed' => $self->drop(),
            $answer->kind === 'ended' && $answer->receipt['status'] === 'cancelled' => $self->drop($answer->receipt, surely: !$answer->receipt['changed']),
            $answer->kind === 'ended' && $answer->receipt['status'] !== 'held' => [$answer, null],
            $answer->kind === 'refused' && $answer->status !== self::IN_DOUBT && !$pending->accepted => $self->drop(surely: false),
            default => $self->leave($answer),
        };
    }

    /**
     * @param array<string, mixed> $receipt
     * @param bool $surely false: it may have been done all the same; this bridge knows no withdrawal, or staff cancelled it there after it had begun
     * @return array{null, ?callable}
     */
    private function drop(array $receipt = [], bool $surely = true): array
    {
        if ($receipt !== []) {
            $this->record->learn($receipt, $this->pending);
        }
        Conclusion::drop($this->service, $this->record, $this->pending, Text::of('dropped', $this->told()));
        $lifts = !$surely && $this->wanted->verdict === Verdict::Lift && $this->pending->action === Action::Suspend;
        return [null, $lifts ? fn () => Conclusion::lift($this->service->id) : null];
    }

    /** The bridge keeps it: commands were sent, or a person must look first, or it is too old to know withdrawals. @return array{null, null} */
    private function leave(Answer $answer): array
    {
        $this->pending->accepted = true;
        $this->pending->held = $answer->kind === 'ended' || $this->pending->held;
        $this->pending->kept = time();
        $why = $answer->kind === 'refused' && $answer->status !== self::IN_DOUBT ? 'kept_unknown' : 'kept_begun';
        Notice::give($this->service, $this->record, "{$this->pending->id} kept", Text::of($why, $this->told()), alert: false);
        $this->record->save();
        return [null, null];
    }

    /** @return array<string, string> */
    private function told(): array
    {
        return [
            'action' => $this->pending->action->told(),
            'address' => $this->pending->subject($this->service),
            'change' => (string) $this->wanted->why?->told($this->service),
        ];
    }
}
