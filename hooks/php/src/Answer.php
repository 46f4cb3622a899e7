<?php

namespace EnomBridge\Kit;

/**
 * What the bridge said to a hook or a query. `kind` is one of:
 *
 * ended     200: the job has ended; `receipt` says how
 * accepted  202: recorded durably, not ended yet
 * answered  200 to a query: `receipt` is its data
 * dismissed 200 to a withdrawal: the hook never came, and is not taken any more if it does
 * unsigned  401: secret or clock; nothing was accepted, and the same may work once it is mended
 * refused   another 4xx: nothing was accepted, and the same never will be; `status` and `fields` say why
 * away      everything else: time-out, no connection, 5xx, something that is no bridge. Nothing is known
 *
 * `problem` is a sentence of ours: the bridge's words are for those who program, and in no language of ours.
 */
final class Answer
{
    private const SUSPENSIONS_STOPPED = 'suspensions_stopped'; // the bridge's word: too many came, all else is taken

    /**
     * @param array<string, mixed> $receipt
     * @param list<string> $fields of the hook that the bridge found fault with, like `plan`
     * @param bool $others whether the bridge would take other hooks all the same
     */
    private function __construct(
        public readonly string $kind,
        public readonly array $receipt = [],
        public readonly string $problem = '',
        public readonly int $status = 0,
        public readonly array $fields = [],
        private readonly bool $others = true,
    ) {
    }

    public static function away(string $problem): self
    {
        return new self('away', [], $problem, others: false);
    }

    /** Whether it is no use to ask this bridge anything more now. */
    public function isTheLast(): bool
    {
        return $this->isOneOf('away', 'unsigned') && !$this->others;
    }

    /** @param array<string, mixed> $receipt as Receipt reads it */
    public static function of(array $receipt): self
    {
        return new self(in_array($receipt['status'], Receipt::ENDS, true) ? 'ended' : 'accepted', $receipt);
    }

    /**
     * @param string $asked `hooks` or `query`
     * @param array<string, string> $about what a receipt must be about: that of another hook is no answer
     */
    public static function read(string $asked, int $status, string $body, array $about = []): self
    {
        $found = json_decode($body, true, 32);
        if (!is_array($found)) {
            return self::away(Text::of('no_bridge', ['status' => $status]));
        }
        if ($status === 200 && $asked === 'query' && is_array($found['data'] ?? null)) {
            return new self('answered', $found['data']);
        }
        $receipt = $asked === 'hooks' ? Receipt::read($found) : null;
        if ($receipt !== null && array_intersect_key($receipt, $about) == $about) {
            if ($status === 200 && in_array($receipt['status'], Receipt::ENDS, true)) {
                return new self('ended', $receipt);
            }
            if ($status === 202 && in_array($receipt['status'], Receipt::OPEN, true)) {
                return new self('accepted', $receipt);
            }
        }
        return isset($found['title']) ? self::refusal($status, $found) : self::away(Text::of('no_bridge', ['status' => $status]));
    }

    /** To a withdrawal of this hook: its receipt as it is now, or `dismissed`. */
    public static function ofWithdrawal(int $status, string $body, string $hook): self
    {
        $found = json_decode($body, true, 32);
        if ($status !== 200 || !is_array($found) || ($found['hook'] ?? null) !== $hook) {
            return self::read('hooks', $status, $body, ['hook' => $hook]);
        }
        $receipt = Receipt::read($found);
        if ($receipt === null) {
            return isset($found['job']) ? self::away(Text::of('no_bridge', ['status' => $status])) : new self('dismissed');
        }
        return self::of($receipt);
    }

    public function isOneOf(string ...$kinds): bool
    {
        return in_array($this->kind, $kinds, true);
    }

    /**
     * The same without the secrets that the bridge may have repeated.
     *
     * @param Masker $values for the data of a query, where a short password would hit what must stay as it is
     */
    public function masked(Masker $masker, Masker $values): self
    {
        $receipt = $this->receipt;
        if ($this->kind === 'answered') {
            array_walk_recursive($receipt, function (mixed &$value) use ($values): void {
                $value = is_string($value) ? $values->mask($value) : $value;
            });
        } elseif ($receipt !== []) {
            $receipt = Receipt::masked($receipt, $masker);
        }
        return new self($this->kind, $receipt, $masker->mask($this->problem), $this->status, $this->fields, $this->others);
    }

    /** @param array<string, mixed> $found an RFC 9457 problem */
    private static function refusal(int $status, array $found): self
    {
        $kind = match (true) {
            $status === 401 => 'unsigned',
            in_array($status, [408, 425, 429], true) || $status < 400 || $status > 499 => 'away',
            default => 'refused',
        };
        $fields = array_map(fn ($name) => (string) preg_replace('/\Adata\./', '', (string) $name), array_keys((array) ($found['errors'] ?? [])));
        $code = is_string($found['code'] ?? null) ? $found['code'] : '';
        $named = array_map(fn (string $field) => Text::among('field', $field, ['name' => Text::plain($field)]), $fields ?: ['']);
        $values = ['status' => $status, 'fields' => implode(', ', array_unique($named))];
        $problem = $code === '' ? Text::among('problem', (string) $status, $values) : Text::among('code', $code);
        $others = !in_array($kind, ['away', 'unsigned'], true) || $code === self::SUSPENSIONS_STOPPED;
        return new self($kind, [], $problem, $status, $fields, $others);
    }
}
