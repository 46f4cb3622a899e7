<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Answer;

/** One hook about a mailbox that WHMCS itself does not repeat: sent again it is the same, and the bridge tells how it stands. */
final class Hook
{
    /** @param array<string, mixed> $data */
    private function __construct(
        public readonly string $id,
        private readonly Service $call,
        private readonly string $type,
        public readonly string $time,
        public readonly array $data,
    ) {
    }

    /** @param string $type like `mailbox.create` @param array<string, mixed> $data */
    public static function fresh(Service $call, string $type, array $data): self
    {
        $id = "whmcs_{$call->id}_" . str_replace('mailbox.', '', $type) . '_' . bin2hex(random_bytes(8));
        return new self($id, $call, $type, gmdate('Y-m-d\TH:i:s\Z', time()), $data);
    }

    /** That of a move, as it was sent or was to be sent. */
    public static function kept(Service $call, Move $move): self
    {
        return new self($move->hook, $call, Moving::TYPE, $move->sent, $move->data);
    }

    /** @param int $wait seconds that the bridge may hold its answer */
    public function send(int $wait): Answer
    {
        $secret = is_string($this->data['password'] ?? null) ? $this->data['password'] : '';
        return $this->call->client($secret)->hook($this->id, $this->type, $this->time, $this->data, $wait);
    }
}
