<?php

namespace WHMCS\Module\Server\Enombridge;

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
    /** What a single service becomes whose mailbox went into one with seats. */
    public const ENDED = 'Cancelled';
    private const PATIENCE = 20; // seconds that staff is kept waiting
    private const LONGEST = 60; // seconds of a cron run

    private readonly Hosting $hosting;

    public function __construct(private readonly SeatsService $call)
    {
        $this->hosting = Hosting::required($call->id);
    }

    /**
     * For staff. Asks the bridge only where there is something to show.
     *
     * @return array<string, list<string>> key of the label => plain lines
     */
    public function fields(): array
    {
        $fields = [];
        try {
            $singles = new Singles($this->call, $this->hosting);
            $fields['move_single'] = self::lines($singles->coming());
            $fields['move_back'] = self::lines($singles->going());
        } catch (Fault $fault) {
            $why = ['why' => $fault->getMessage()];
            $fields['move_single'] = [Text::of('staff_seats_away', $why)];
        }
        return array_filter($fields);
    }

    /** @param list<Offer> $offers @return list<string> */
    private static function lines(array $offers): array
    {
        return array_map(fn (Offer $one) => $one->line(), $offers);
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
            MoveEnd::said($move, MoveEnd::ask($move, $this->call, 0));
        }
    }

    /** After each cron run: what was interrupted goes on. Never throws. */
    public static function catchUp(): void
    {
        try {
            $end = microtime(true) + self::LONGEST;
            $away = [];
            foreach (Move::left() as $move) {
                $seats = Hosting::find($move->seats);
                if ($seats === null || isset($away[$seats->bridge]) || microtime(true) > $end) {
                    continue;
                }
                if (self::resumed($move, $seats)) {
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
        try {
            $answer = MoveEnd::ask($move, SeatsService::of(Params::of($seats)), 0);
            MoveEnd::said($move, $answer);
            return $answer->isTheLast();
        } catch (Busy) {
            return false; // whoever is at it ends it
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), $seats->id, $seats->client);
            return false;
        }
    }

    private function carry(bool $back): string
    {
        $end = microtime(true) + self::PATIENCE;
        $left = fn (): int => max(0, (int) ($end - microtime(true)));
        $said = [];
        $isAway = false;
        foreach (Move::openOf($this->call->id) as $move) {
            $said[$move->address] = Text::of('move_going');
            if (!$isAway) {
                $said[$move->address] = $this->proceeded($move, $left(), $isAway);
            }
        }
        foreach ($isAway ? [] : $this->offers($back) as $offer) {
            if (!$isAway && !isset($said[$offer->address])) {
                $said[$offer->address] = $offer->why ?: $this->proceeded($offer, $left(), $isAway);
            }
        }
        return $this->told($said, $back ? 'move_back_none' : 'move_none');
    }

    /** @return list<Offer> */
    private function offers(bool $back): array
    {
        $singles = new Singles($this->call, $this->hosting);
        return $back ? $singles->going() : $singles->coming();
    }

    /** Empty: done; else how it stands. @param bool $isAway whether it is no use to go on */
    private function proceeded(Move|Offer $what, int $wait, bool &$isAway): string
    {
        try {
            $move = $what instanceof Offer ? $this->begun($what) : $what;
            $answer = MoveEnd::ask($move, $this->call, $wait);
            $isAway = $answer->isTheLast();
            return MoveEnd::said($move, $answer);
        } catch (Fault $fault) {
            return $fault->getMessage();
        }
    }

    /**
     * It is kept before it is sent, while nobody else is at either service. Throws Busy when
     * something came between.
     */
    private function begun(Offer $offer): Move
    {
        $single = $offer->single ?? throw new \LogicException('There is nowhere to go.');
        $begin = function () use ($offer, $single): Move {
            $now = Hosting::required($single->id);
            $isOpen = Move::of($now->id)?->isOpen() || Record::of($now->id)->pending !== [];
            $isBusy = isset(Record::of($this->call->id)->pending['status']);
            if ($isOpen || $isBusy || $now->status !== $single->status) {
                throw new Busy(Text::of('busy'));
            }
            $hook = Hook::fresh($this->call, self::TYPE, $this->data($offer, (string) $now->id));
            return Move::begin($offer, $now, $this->call->id, $hook);
        };
        return Lock::around($this->call->id, fn () => Lock::around($single->id, $begin));
    }

    /** @return array<string, string|int> */
    private function data(Offer $offer, string $single): array
    {
        $seats = (string) $this->call->id;
        $customer = array_filter(['customer_id' => $this->call->customer()], 'strlen');
        $data = ['address' => $offer->address] + $customer;
        if ($offer->isBack) {
            return ['service_id' => $single, 'from_service_id' => $seats] + $data;
        }
        $number = $this->call->seats()->number;
        return ['service_id' => $seats, 'from_service_id' => $single, 'seats' => $number] + $data;
    }

    /** @param array<string, string> $said by address: why not; empty: it is done */
    private function told(array $said, string $nothing): string
    {
        $open = array_filter($said, 'strlen');
        $done = implode(', ', array_keys(array_diff_key($said, $open))) ?: '-';
        $line = fn (string $address, string $why): string => "$address: $why";
        $list = implode(' ', array_map($line, array_keys($open), $open));
        return match (true) {
            $said === [] => Text::of($nothing, ['domain' => $this->call->seats()->domain]),
            $open === [] => 'success',
            default => Text::of('move_told', ['done' => $done, 'list' => $list]),
        };
    }
}
