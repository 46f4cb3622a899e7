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

    /** @param string $asked `hooks` or `query` */
    public static function read(string $asked, int $status, string $body): self
    {
        $found = json_decode($body, true, 32);
        if (!is_array($found)) {
            return self::away(Text::of('no_bridge', ['status' => $status]));
        }
        if ($status === 200 && $asked === 'query' && is_array($found['data'] ?? null)) {
            return new self('answered', $found['data']);
        }
        if (($status === 200 || $status === 202) && $asked === 'hooks' && self::isReceipt($found)) {
            return new self($status === 200 ? 'ended' : 'accepted', $found);
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

    /** @param array<string, mixed> $found */
    private static function isReceipt(array $found): bool
    {
        foreach (['job', 'hook', 'action', 'service_id', 'status', 'state', 'message'] as $name) {
            if (!is_string($found[$name] ?? null)) {
                return false;
            }
        }
        return is_int($found['sequence'] ?? null);
    }

    /** @param array<string, mixed> $found an RFC 9457 problem; our fields' faults are sentences without values */
    private static function problem(array $found): string
    {
        $said = [(string) ($found['detail'] ?? $found['title'])];
        foreach ((array) ($found['errors'] ?? []) as $field => $faults) {
            $said[] = "$field: " . implode(' ', array_filter((array) $faults, 'is_string'));
        }
        return Text::plain(implode(' ', $said));
    }
}
