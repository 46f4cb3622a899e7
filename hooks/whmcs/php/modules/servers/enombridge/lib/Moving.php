<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Lock;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/**
 * Staff turns the single mailboxes of a domain into those of one service with seats, and back.
 *
 * Rule 1: what a button does is what the field beside it shows.
 */
final class Moving
{
    public const TYPE = 'mailbox.change_service';
    public const ENDED = 'Cancelled'; // what a single service becomes whose mailbox went into one with seats
    private const PATIENCE = 20; // seconds that staff is kept waiting
    private const LONGEST = 60; // seconds of a cron run

    private readonly Hosting $hosting;

    public function __construct(private readonly SeatsService $call)
    {
        $this->hosting = Hosting::required($call->id);
    }

    /** @return array<string, list<string>> key of the label => plain lines; asks the bridge only where there is something to show */
    public function fields(): array
    {
        $singles = new Singles($this->call, $this->hosting);
        $lines = fn (array $offers): array => array_map(fn (Offer $one) => $one->line(), $offers);
        $fields = [];
        foreach (['move_single' => $singles->coming(...), 'move_back' => $singles->going(...)] as $key => $ask) {
            try {
                $fields[$key] = $lines($ask());
            } catch (Fault $fault) {
                $fields[$key] = [Text::of('staff_seats_away', ['why' => $fault->getMessage()])];
            }
        }
        return array_filter($fields);
    }

    /** `success`, or a sentence. Throws Fault. */
    public function bring(): string
    {
        return $this->carry(back: false);
    }

    /** As above. */
    public function giveBack(): string
    {
        return $this->carry(back: true);
    }

    /** Whatever is on its way; what cannot be told now is told later. */
    public function follow(): void
    {
        foreach (Move::openOf($this->call->id) as $move) {
            MoveEnd::proceed($move, $this->call, 0);
        }
    }

    /** After each cron run: what was interrupted goes on. Never throws. */
    public static function catchUp(): void
    {
        try {
            $end = microtime(true) + self::LONGEST;
            $away = [];
            foreach (Move::left() as $move) {
                if (microtime(true) > $end) {
                    return;
                }
                $seats = Hosting::find($move->seats);
                if ($seats !== null && !isset($away[$seats->bridge]) && self::resumed($move, $seats)) {
                    $away[$seats->bridge] = true;
                }
            }
        } catch (\Throwable $error) {
            Lifecycle::unexpected('cron', [], $error);
        }
    }

    /** True: it is no use to ask this bridge any more now. */
    private static function resumed(Move $move, Hosting $seats): bool
    {
        $answer = null;
        try {
            MoveEnd::proceed($move, SeatsService::of(Params::of($seats)), 0, $answer);
        } catch (Busy) {
            return false; // whoever is at it ends it
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), $seats->id, $seats->client);
        }
        return $answer?->isTheLast() ?? false;
    }

    /** The address that a service's fields name, as the bridge writes it; empty: none. */
    public static function ordered(Hosting $single): string
    {
        try {
            return OrderedAddress::of(Params::of($single));
        } catch (Fault) {
            return '';
        }
    }

    /** An address in the spelling of the bridge, as far as this PHP knows it. */
    public static function spelled(string $address): string
    {
        return Address::lower((string) strstr($address, '@', true)) . '@' . Address::domain($address);
    }

    private function carry(bool $back): string
    {
        $end = microtime(true) + self::PATIENCE;
        $left = fn (): int => max(0, (int) ($end - microtime(true)));
        $said = [];
        foreach (Move::openOf($this->call->id) as $move) {
            [$said[$move->address], $isAway] = $this->proceeded(fn (): Move => $move, $left());
            if ($isAway) {
                return $this->told($said);
            }
        }
        $singles = new Singles($this->call, $this->hosting);
        foreach ($back ? $singles->going() : $singles->coming() as $offer) {
            if (isset($said[$offer->address])) {
                continue;
            }
            $do = fn (): array => $this->proceeded(fn (): Move => $this->begun($offer, $back), $left());
            [$said[$offer->address], $isAway] = $offer->why === '' ? $do() : [$offer->why, false];
            if ($isAway) {
                break;
            }
        }
        return $said === [] ? Text::of($back ? 'move_back_none' : 'move_none', ['domain' => $this->call->seats()->domain]) : $this->told($said);
    }

    /** @param callable(): Move $begin @return array{string, bool} empty: done, else how it stands; whether it is no use to go on */
    private function proceeded(callable $begin, int $wait): array
    {
        $answer = null;
        try {
            $why = MoveEnd::proceed($begin(), $this->call, $wait, $answer);
        } catch (Fault $fault) {
            $why = $fault->getMessage();
        }
        return [$why, $answer?->isTheLast() ?? false];
    }

    /** It is kept before it is sent, while nobody else is at either service. Throws Fault when something came between. */
    private function begun(Offer $offer, bool $back): Move
    {
        $single = $offer->single ?? throw new \LogicException('There is nowhere to go.');
        $begin = function () use ($offer, $back, $single): Move {
            $now = Hosting::required($single->id);
            if (isset(Record::of($this->call->id)->pending['status']) || Record::of($single->id)->pending !== [] || $now->status !== $single->status || Move::of($single->id)?->isOpen()) {
                throw new Busy(Text::of('busy'));
            }
            return Move::begin($now, $this->call->id, $offer->address, $back, Hook::fresh($this->call, self::TYPE, $this->data($offer, $back)));
        };
        return Lock::around($this->call->id, fn () => Lock::around($single->id, $begin));
    }

    /** @return array<string, string|int> */
    private function data(Offer $offer, bool $back): array
    {
        $ways = [(string) $offer->single?->id, (string) $this->call->id];
        [$from, $to] = $back ? array_reverse($ways) : $ways;
        $data = ['service_id' => $to, 'address' => $offer->address, 'from_service_id' => $from] + ($back ? [] : ['seats' => $this->call->seats()->number]);
        return $data + array_filter(['customer_id' => $this->call->customer()], 'strlen');
    }

    /** @param array<string, string> $said by address: why not; empty: it is done */
    private function told(array $said): string
    {
        $open = array_filter($said, 'strlen');
        if ($open === []) {
            return 'success';
        }
        $done = implode(', ', array_keys(array_diff_key($said, $open))) ?: '-';
        $list = implode(' ', array_map(fn (string $address, string $why) => "$address: $why", array_keys($open), $open));
        return Text::of('move_told', ['done' => $done, 'list' => $list]);
    }
}
