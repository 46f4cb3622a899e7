<?php

namespace WHMCS\Module\Server\Enombridge;

/**
 * What the bridge said to a hook or a query. `kind` is one of:
 *
 * ended     200: the job has ended; `receipt` says how
 * accepted  202: recorded durably, not ended yet
 * answered  200 to a query: `receipt` is its data
 * unsigned  401: secret or clock; nothing was accepted, and the same may work once it is mended
 * refused   another 4xx: nothing was accepted, and the same never will be
 * away      everything else: time-out, no connection, 5xx, something that is no bridge. Nothing is known
 */
final class Answer
{
    /** @param array<string, mixed> $receipt */
    private function __construct(
        public readonly string $kind,
        public readonly array $receipt = [],
        public readonly string $problem = '',
    ) {
    }

    public static function away(string $problem): self
    {
        return new self('away', [], $problem);
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
        if ($status >= 400 && $status < 500 && isset($found['title'])) {
            $kind = match ($status) {
                401 => 'unsigned',
                408, 425, 429 => 'away',
                default => 'refused',
            };
            return new self($kind, [], $kind === 'unsigned' ? Text::of('unsigned') : self::problem($found));
        }
        return self::away(isset($found['title']) ? self::problem($found) : Text::of('no_bridge', ['status' => $status]));
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
        return new self($this->kind, $receipt, $masker->mask($this->problem));
    }

    /** @param array<string, mixed> $found an RFC 9457 problem; our fields' faults are sentences without values */
    private static function problem(array $found): string
    {
        $said = array_slice(array_filter([$found['detail'] ?? null, $found['title'], Text::of('no_reason')], 'is_string'), 0, 1);
        foreach ((array) ($found['errors'] ?? []) as $field => $faults) {
            $said[] = "$field: " . implode(' ', array_filter((array) $faults, 'is_string'));
        }
        return Text::plain(implode(' ', $said));
    }
}
