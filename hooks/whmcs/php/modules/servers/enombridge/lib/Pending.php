<?php

namespace WHMCS\Module\Server\Enombridge;

/**
 * A hook whose end is not known yet. It is kept before it is sent, so that whatever is lost, the same id goes out again.
 */
final class Pending
{
    /**
     * @param array<string, string> $data without the password, which is `sealed` by WHMCS's own encryption
     * @param string $was the service's status before, and `due` its next due date
     */
    public function __construct(
        public readonly string $id,
        public readonly Action $action,
        public readonly string $digest,
        public readonly string $timestamp,
        public readonly array $data,
        public readonly string $sealed,
        public readonly string $was,
        public readonly string $due,
        public readonly int $since,
        public bool $told = false, // WHMCS was told success already
        public bool $accepted = false, // the bridge has it
        public bool $held = false, // a person at the bridge must decide
        public int $asked = 0, // epoch seconds of the last try
        public int $sequence = 0, // of the newest of its jobs that was heard of
    ) {
    }

    /**
     * @param array<string, string> $data the password included
     * @param ?self $before the one that it takes the place of
     */
    public static function fresh(Action $action, array $data, Hosting $hosting, string $secret, ?self $before): self
    {
        $now = time();
        $password = $data['password'] ?? '';
        // Where WHMCS was told early, the status that it has now is not the one from before.
        $was = $before?->told && $before->action === $action ? $before->was : $hosting->status;
        return new self(self::newId($hosting->id, $action), $action, self::digest($action, $data, $secret),
            gmdate('Y-m-d\TH:i:s\Z', $now), array_diff_key($data, ['password' => 0]), $password === '' ? '' : Seal::close($password),
            $was, $hosting->due, $now);
    }

    /** The same as a new event. */
    public function renewed(): self
    {
        $now = time();
        $new = ['id' => self::newId((int) $this->data['service_id'], $this->action), 'timestamp' => gmdate('Y-m-d\TH:i:s\Z', $now), 'since' => $now];
        return new self(...$new + ['accepted' => false, 'held' => false, 'asked' => 0, 'sequence' => 0] + get_object_vars($this));
    }

    private static function newId(int $service, Action $action): string
    {
        return "whmcs_{$service}_{$action->name}_" . bin2hex(random_bytes(8));
    }

    /** @param array<string, string> $data */
    public function isFor(Action $action, array $data, string $secret): bool
    {
        return hash_equals($this->digest, self::digest($action, $data, $secret));
    }

    /** @return array<string, string> what is sent, the password included */
    public function body(): array
    {
        return $this->sealed === '' ? $this->data : $this->data + ['password' => $this->password()];
    }

    /** Empty, if the hook has none. */
    public function password(): string
    {
        return $this->sealed === '' ? '' : Seal::open($this->sealed);
    }

    /** @param array<string, string> $data */
    private static function digest(Action $action, array $data, string $secret): string
    {
        ksort($data);
        return hash_hmac('sha256', $action->value . "\n" . json_encode($data, JSON_INVALID_UTF8_SUBSTITUTE), "pending $secret");
    }

    /** Null: damaged, so that nobody can say what it was. @param array<string, mixed> $kept as json_encode wrote it */
    public static function read(array $kept): ?self
    {
        try {
            return new self(...['action' => Action::from($kept['action'] ?? '')] + array_intersect_key($kept, get_class_vars(self::class)));
        } catch (\Throwable) {
            return null;
        }
    }
}
