<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Grounds;
use EnomBridge\Kit\Text;

/** One mailbox that could change from a single service to one with seats, or back. */
final class Offer
{
    /** @param ?Hosting $single null: there is none that the mailbox could go back to */
    public function __construct(
        public readonly ?Hosting $single,
        public readonly string $address,
        public readonly string $why, // it cannot; empty: it can
        public readonly bool $isBack = false,
    ) {
    }

    /** For staff, plain. */
    public function line(): string
    {
        $what = $this->why ?: Text::of($this->isBack ? 'move_can_back' : 'move_can');
        $values = ['address' => $this->address, 'what' => $what];
        if ($this->single === null) {
            return Text::of('move_line_none', $values);
        }
        $column = $this->single->column(...);
        $line = Text::of('move_line', $values + [
            'service' => $this->single->id,
            'status' => Text::plain($this->single->status),
            'due' => Grounds::day($column('nextduedate')) ?: '-',
            'amount' => Text::plain(trim($column('amount') . ' ' . $column('billingcycle'))),
        ]);
        $owed = implode(', ', (array) $this->single->grounds()['owed']);
        return $line . ($owed === '' ? '' : ' ' . Text::of('move_owed', ['invoices' => $owed]));
    }
}
