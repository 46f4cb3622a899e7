<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Grounds;
use EnomBridge\Kit\Text;

/** One mailbox that could change from a single service to one with seats, or back. */
final class Offer
{
    /** @param ?Hosting $single null: there is none that it could go to @param string $why it cannot; empty: it can */
    public function __construct(public readonly ?Hosting $single, public readonly string $address, public readonly string $why, private readonly bool $isBack = false)
    {
    }

    /** For staff, plain. */
    public function line(): string
    {
        $what = $this->why ?: Text::of($this->isBack ? 'move_can_back' : 'move_can');
        if ($this->single === null) {
            return Text::of('move_line_none', ['address' => $this->address, 'what' => $what]);
        }
        $owed = $this->single->grounds()['owed'];
        $values = [
            'service' => $this->single->id, 'address' => $this->address, 'status' => Text::plain($this->single->status), 'due' => Grounds::day($this->single->column('nextduedate')) ?: '-',
            'amount' => Text::plain(trim($this->single->column('amount') . ' ' . $this->single->column('billingcycle'))), 'what' => $what,
        ];
        $line = Text::of('move_line', $values);
        return is_array($owed) && $owed !== [] ? "$line " . Text::of('move_owed', ['invoices' => implode(', ', $owed)]) : $line;
    }
}
