<?php

namespace EnomBridge\Kit;

/**
 * What the plug-in itself keeps of a service: its mailbox, the hooks that are pending, and what the
 * bridge said last.
 */
final class Record
{
    public string $address = ''; // of the mailbox that this service has; empty: none that the bridge confirmed
    public string $asked = ''; // how that was written when it was asked for
    public string $confirmed = ''; // the domain of which staff said that this client may have mail in it
    public int $sequence = 0; // of the newest receipt, of the mailbox `sequence_of`
    public string $sequence_of = '';
    /** @var array<string, Pending> by what they are about */
    public array $pending = [];
    public string $job = '';
    public string $job_status = '';
    public string $state = 'unknown';
    public string $verified = ''; // fact: how it is known, …
    public string $code = ''; // of the error of the last job
    public int $checked_at = 0;
    public string $noted = ''; // the job that staff was told of

    private function __construct(public readonly int $service)
    {
    }

    public static function of(int $service): self
    {
        $record = new self($service);
        $row = Kit::platform()->store()->load($service);
        foreach (array_intersect_key($row, get_object_vars($record)) as $name => $value) {
            if ($name === 'pending') {
                $record->pending = self::pendingIn((string) $value);
            } elseif ($name !== 'service' && $value !== null) {
                settype($value, is_int($record->$name) ? 'int' : 'string');
                $record->$name = $value;
            }
        }
        return $record;
    }

    /** @return array<string, Pending> without what is damaged */
    private static function pendingIn(string $written): array
    {
        $kept = json_decode($written, true, 8);
        return array_filter(array_map(fn (mixed $one) => is_array($one) ? Pending::read($one) : null, is_array($kept) ? $kept : []));
    }

    public function save(): void
    {
        $values = get_object_vars($this);
        $values['pending'] = $this->pending ? json_encode($this->pending, JSON_INVALID_UTF8_SUBSTITUTE) : null;
        $values['pending_since'] = $this->pending ? min(array_map(fn (Pending $one) => $one->since, $this->pending)) : null;
        Kit::platform()->store()->save($this->service, array_diff_key($values, ['service' => 0]));
    }

    /** From now on the end of this hook is waited for, and no longer that of what it decides anew. */
    public function expect(Pending $pending): void
    {
        $decided = array_flip($pending->action->decides());
        foreach (array_intersect_key($this->pending, $decided) as $other) {
            if ($other->id !== $pending->id) {
                $pending->takesThePlaceOf($other);
            }
        }
        $this->pending = array_diff_key($this->pending, $decided);
        $this->pending[$pending->action->about()] = $pending;
    }

    public function expected(string $hook): ?Pending
    {
        foreach ($this->pending as $pending) {
            if (hash_equals($pending->id, $hook)) {
                return $pending;
            }
        }
        return null;
    }

    /** A hook of this action that a job of the platform is to send. */
    public function queued(Action $action): ?Pending
    {
        $pending = $this->pending[$action->about()] ?? null;
        return $pending?->queued && $pending->action === $action ? $pending : null;
    }

    /** Its end is known. */
    public function settled(Pending $pending): void
    {
        unset($this->pending[$pending->action->about()]);
    }

    /** It is as if it had never been asked for: what it took the place of is waited for again. */
    public function dropped(Pending $pending): void
    {
        $this->settled($pending);
        foreach ($pending->replaced as $older) {
            $this->expect($older);
        }
    }

    /** What a receipt tells of the mailbox, unless a newer one has told it. @param array<string, mixed> $receipt */
    public function learn(array $receipt, Pending $pending): void
    {
        $newer = $this->sequence_of !== $receipt['address'] || $receipt['sequence'] >= $this->sequence;
        if ($receipt['status'] === 'succeeded' && !$receipt['observed_only'] && ($newer || $this->address === '')) {
            $this->has($receipt['action'] === Action::Terminate->value ? '' : $receipt['address'], (string) ($pending->data['address'] ?? ''));
        }
        if (!$newer) {
            return;
        }
        $this->sequence = $receipt['sequence'];
        $this->sequence_of = $receipt['address'];
        $this->job = $receipt['job'];
        $this->job_status = $receipt['status'];
        $this->code = Receipt::code($receipt);
        $this->checked_at = time();
        $verified = array_filter($receipt['verified'], fn ($how, $fact) => preg_match('/\A[a-z_]+\z/', $how) && preg_match('/\A[a-z_]+\z/', (string) $fact), ARRAY_FILTER_USE_BOTH);
        $this->verified = implode(', ', array_map(fn ($fact, $how) => "$fact: $how", array_keys($verified), $verified));
        if ($receipt['state'] !== 'unknown') {
            $this->state = $receipt['state'];
        }
    }

    /** Whether this names another mailbox than the one that the service has. What was sent when that was made is not another. */
    public function isRenamed(string $now): bool
    {
        return $this->address !== '' && $now !== $this->asked && Address::differ($now, $this->address);
    }

    /** The service has this mailbox, which was asked for in this spelling; empty: none. */
    public function has(string $address, string $asked): void
    {
        if ($this->address === '' || $address === '') {
            $this->asked = $address === '' ? '' : $asked;
        }
        $this->address = $address;
    }

    /**
     * Whether the mailbox that the service's address names is surely not there, or another service's, and this service
     * never had one: what is not there and was never ours needs no ending.
     *
     * @param array<string, mixed> $receipt
     */
    public function hasNothingOf(Action $action, array $receipt): bool
    {
        if ($this->address !== '' || $receipt['status'] !== 'failed' || !in_array($action, [Action::Suspend, Action::Terminate], true)) {
            return false;
        }
        return match (Receipt::code($receipt)) {
            'not_found' => true,
            'not_ours' => Kit::platform()->isAnothers($this->service, $receipt['address']),
            default => false,
        };
    }
}
