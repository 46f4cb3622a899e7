<?php

namespace Box\Mod\Serviceenombridge\Bridge;

/** The settings of a product, by their names in its configuration; an order has a copy of them. */
enum Option: string
{
    case Server = 'server';
    case Plan = 'plan';
    case Domain = 'domain'; // of all its mailboxes; the customer chooses the name before the @
    case Progress = 'progress';
    case Webmail = 'webmail';
    case Incoming = 'incoming';
    case IncomingPort = 'incoming_port';
    case Outgoing = 'outgoing';
    case OutgoingPort = 'outgoing_port';

    /** @param array<string, mixed> $config */
    public function value(array $config): string
    {
        $given = $config[$this->value] ?? '';
        $given = is_scalar($given) ? trim((string) $given) : '';
        return $given === '' ? $this->default() : $given;
    }

    private function default(): string
    {
        return match ($this) {
            self::Server => '1',
            self::Progress => 'wait',
            self::Incoming, self::Outgoing => 'mail.hostedemail.com',
            self::IncomingPort => '993',
            self::OutgoingPort => '465',
            default => '',
        };
    }
}
