<?php

namespace EnomBridge\Kit;

/**
 * A hook whose end is not known yet. It is kept before it is sent, so that whatever is lost, the same id goes out again;
 * and with what led to it, so that it does not when the platform wants it no longer.
 */
final class Pending
{
    private const MOST = 12; // that it remembers to have taken the place of: of a bridge that is away for days, the oldest are let go

    /**
     * @param array<string, string|bool> $data without the password, which is `sealed` by the
     *   platform's own encryption
     * @param string $was the service's status before
     * @param array<string, mixed> $grounds as Grounds has them; older versions of the plug-in kept
     *   `due` alone
     */
    public function __construct(
        public readonly string $id,
        public readonly Action $action,
        public readonly string $digest,
        public readonly string $timestamp,
        public readonly array $data,
        public readonly string $sealed,
        public string $was,
        public array $grounds,
        public readonly int $since,
        public Asked $asked_by = Asked::Cron,
        public bool $told = false, // the platform was told success already
        public bool $accepted = false, // the bridge has it
        public bool $held = false, // a person at the bridge must decide
        public int $asked = 0, // epoch seconds of the last try
        public int $sequence = 0, // of the newest of its jobs that was heard of
        public int $kept = 0, // epoch seconds of the last time that the bridge did not give it back
        public bool $queued = false, // a job of the platform is to send it; nothing was sent yet
        /** @var list<self> whose place it took before their end was known, oldest first */
        public array $replaced = [],
    ) {
    }

    /**
     * @param array<string, string|bool> $data the password included
     * @param ?self $before the one that it takes the place of
     */
    public static function fresh(Action $action, array $data, Service $service, string $secret, ?self $before): self
    {
        $now = time();
        $password = (string) ($data['password'] ?? '');
        // Where the platform was told early, the status that it has now is not the one from before.
        $was = $before?->told && $before->action === $action ? $before->was : $service->status;
        return new self(self::newId($service->id, $action), $action, self::digest($action, $data, $secret),
            gmdate('Y-m-d\TH:i:s\Z', $now), array_diff_key($data, ['password' => 0]), $password === '' ? '' : Kit::platform()->seal($password),
            $was, $service->grounds(), $now, Kit::platform()->asked());
    }

    /** The platform asks for the same again now: what led to it is what there is now. */
    public function askedAgain(Service $service): void
    {
        $this->was = $this->told ? $this->was : $service->status;
        $this->grounds = $service->grounds();
        $this->asked_by = Kit::platform()->asked();
    }

    /** The same as a new event. */
    public function renewed(): self
    {
        $now = time();
        $new = ['id' => self::newId((int) $this->data['service_id'], $this->action), 'timestamp' => gmdate('Y-m-d\TH:i:s\Z', $now), 'since' => $now];
        $renewed = new self(...$new + ['accepted' => false, 'held' => false, 'asked' => 0, 'sequence' => 0, 'kept' => 0, 'queued' => false] + get_object_vars($this));
        $renewed->takesThePlaceOf($this);
        return $renewed;
    }

    /** What that one asked for is not waited for any more; it comes back if this one is dropped. */
    public function takesThePlaceOf(self $other): void
    {
        $all = [...$this->replaced, ...$other->replaced, new self(...['replaced' => []] + get_object_vars($other))];
        usort($all, fn (self $one, self $next) => $one->since <=> $next->since);
        $this->replaced = array_slice(array_values(array_combine(array_map(fn (self $one) => $one->id, $all), $all)), -self::MOST);
    }

    /**
     * Those of them that are not wanted whatever becomes of this one: the platform has asked for
     * the same anew; or it had asked for the end by itself, and then for something else.
     *
     * @return list<self>
     */
    public function superseded(): array
    {
        $newest = [];
        foreach ([...$this->replaced, $this] as $one) {
            $newest[$one->action->value] = $one->id;
        }
        $isOver = fn (self $one) => $one->action === Action::Terminate && $one->asked_by !== Asked::Admin || $newest[$one->action->value] !== $one->id;
        return array_values(array_filter($this->replaced, $isOver));
    }

    private static function newId(int $service, Action $action): string
    {
        return Kit::platform()->sender() . "_{$service}_{$action->name}_" . bin2hex(random_bytes(8));
    }

    /** @param array<string, string|bool> $data */
    public function isFor(Action $action, array $data, string $secret): bool
    {
        // Older versions of the plug-in sent no customer; the id may only be used for what was sent
        // under it.
        $data = isset($this->data['customer_id']) ? $data : array_diff_key($data, ['customer_id' => 0]);
        return hash_equals($this->digest, self::digest($action, $data, $secret));
    }

    /** What the bridge calls it: one without an address is about all mailboxes of the service. */
    public function type(): string
    {
        $kind = isset($this->data['address']) ? 'mailbox' : 'service';
        return (string) preg_replace('/\Amailbox/', $kind, $this->action->value);
    }

    /** What people read of what it is about. */
    public function subject(Service $service): string
    {
        return Text::plain((string) ($this->data['address'] ?? $service->mailbox));
    }

    /** @return array<string, string|bool> what is sent, the password included */
    public function body(): array
    {
        return $this->sealed === '' ? $this->data : $this->data + ['password' => $this->password()];
    }

    /** Empty, if the hook has none. */
    public function password(): string
    {
        return $this->sealed === '' ? '' : Kit::platform()->open($this->sealed);
    }

    /** The day on which it was asked for, like 2027-11-30. */
    public function day(): string
    {
        return is_string($this->grounds['day'] ?? null) ? $this->grounds['day'] : date('Y-m-d', $this->since);
    }

    /** @param array<string, string|bool> $data */
    private static function digest(Action $action, array $data, string $secret): string
    {
        ksort($data);
        return hash_hmac('sha256', $action->value . "\n" . json_encode($data, JSON_INVALID_UTF8_SUBSTITUTE), "pending $secret");
    }

    /** Null: damaged, so that nobody can say what it was. @param array<string, mixed> $kept as json_encode wrote it */
    public static function read(array $kept): ?self
    {
        try {
            $read = ['action' => Action::from($kept['action'] ?? ''), 'asked_by' => Asked::tryFrom($kept['asked_by'] ?? '') ?? Asked::Cron];
            $kept += ['grounds' => ['due' => Grounds::day($kept['due'] ?? '')]];
            $read['replaced'] = array_values(array_filter(array_map(self::read(...), $kept['replaced'] ?? [])));
            return new self(...$read + array_intersect_key($kept, get_class_vars(self::class)));
        } catch (\Throwable) {
            return null;
        }
    }
}
