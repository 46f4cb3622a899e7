<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;

/**
 * The single services of the client of a service with seats, on the same server: which mailboxes
 * can come from them, and which can go back to them.
 */
final class Singles
{
    private readonly Mailboxes $mailboxes;
    private readonly string $domain;

    /** @var list<Hosting> */
    private readonly array $all;

    public function __construct(
        private readonly SeatsService $call,
        private readonly Hosting $seats,
    ) {
        $this->mailboxes = Mailboxes::of($call);
        $this->all = $this->found();
        $this->domain = $this->all === [] ? '' : $call->seats()->domain;
    }

    /**
     * What can come here, and what cannot yet. Throws Fault when the bridge has to be asked and
     * cannot be.
     *
     * @return list<Offer>
     */
    public function coming(): array
    {
        $domain = fn (Hosting $one): string => Address::domain(self::mailbox($one));
        $found = array_filter($this->all, fn (Hosting $one) => $domain($one) === $this->domain);
        $there = $found === [] ? [] : array_column($this->mailboxes->all(), 'address');
        $free = $found === [] ? 0 : $this->call->seats()->number - count($there);
        $offers = [];
        foreach ($found as $single) {
            $address = self::spelled(self::mailbox($single));
            $isHere = in_array($address, $there, true);
            $isOpen = Move::of($single->id)?->isOpen() ?? false;
            if ($isHere && !$isOpen && Record::of($single->id)->address === '') {
                continue; // one that was ordered for it to go back to
            }
            $why = match (true) {
                $isOpen => Text::of('move_going'),
                default => $this->obstacle() ?: self::stops($single, $address, $isHere),
            };
            $takes = !$isHere && ($isOpen || $why === ''); // a seat
            if ($takes && $free-- < 1 && !$isOpen) {
                $why = Text::of('move_full');
            }
            $offers[] = new Offer($single, $address, $why);
        }
        return $offers;
    }

    /**
     * Each mailbox with the service that it can go back to; nothing, where none can. Throws Fault
     * as above.
     *
     * @return list<Offer>
     */
    public function going(): array
    {
        $moves = array_filter(Move::openOf($this->seats->id), fn (Move $one) => $one->isBack());
        $old = array_filter(Move::there($this->seats->id), $this->isOld(...));
        $back = fn (Move $move): ?Hosting => Hosting::find($move->single);
        $open = array_map($back, array_column($moves, null, 'address'));
        $to = array_filter($open + array_map($back, $old) + $this->ordered());
        $offers = [];
        foreach ($to === [] ? [] : $this->mailboxes->all() as $box) {
            $address = $box['address'];
            $why = match (true) {
                isset($open[$address]) => Text::of('move_going'),
                !isset($to[$address]) => Text::of('move_back_order'),
                $box['deleted'] !== '' => Text::of('move_deleted'),
                default => $this->obstacle(),
            };
            $offers[] = new Offer($to[$address] ?? null, $address, $why, isBack: true);
        }
        $isPossible = fn (Offer $one): bool => $one->single !== null;
        return array_filter($offers, $isPossible) === [] ? [] : $offers;
    }

    /** The address that a service's fields name; empty: none. */
    public static function named(Hosting $single): string
    {
        try {
            return OrderedAddress::of(Params::of($single));
        } catch (Fault) {
            return '';
        }
    }

    /** An address as the bridge writes it, as far as this PHP can. */
    private static function spelled(string $address): string
    {
        $local = Address::lower((string) strstr($address, '@', true));
        return "$local@" . Address::domain($address);
    }

    /** What stands in the way of all of them. */
    private function obstacle(): string
    {
        $status = Text::plain($this->seats->status);
        return match (true) {
            $status !== 'Active' => Text::of('move_here_status', ['status' => $status]),
            isset(Record::of($this->seats->id)->pending['status']) => Text::of('move_here_pending'),
            default => '',
        };
    }

    /**
     * Why this one cannot come; empty: it can.
     *
     * @param bool $isHere whether the bridge has it here already, and only WHMCS does not know
     */
    private static function stops(Hosting $single, string $address, bool $isHere): string
    {
        $record = Record::of($single->id);
        $status = Text::plain($single->status);
        $now = fn (): string => self::named($single) ?: $record->asked;
        return match (true) {
            $status !== 'Active' => Text::of('move_status', ['status' => $status]),
            $record->pending !== [] => Text::of('move_pending'),
            $single->grounds()['cancel'] !== '' => Text::of('move_cancelled'),
            $record->isRenamed($now()) => Text::of('move_renamed'),
            $isHere => '',
            default => self::atBridge($single, $address),
        };
    }

    private static function atBridge(Hosting $single, string $address): string
    {
        $boxes = Mailboxes::of(Service::of(Params::of($single)))->all();
        $box = array_column($boxes, null, 'address')[$address] ?? null;
        return match (true) {
            $box === null => Text::of('move_unknown'),
            $box['deleted'] !== '' => Text::of('move_deleted'),
            default => '',
        };
    }

    /** Whether its mailbox came from there to this service, and may go back there. */
    private function isOld(Move $move): bool
    {
        $single = Hosting::find($move->single);
        return $move->hasTaken() && $single?->status === Moving::ENDED
            && $single->client === $this->seats->client && $single->bridge === $this->seats->bridge;
    }

    /** @return array<string, Hosting> by address: services that have no mailbox yet */
    private function ordered(): array
    {
        $found = [];
        foreach ($this->all as $single) {
            $record = Record::of($single->id);
            $hasNone = $record->address === '' && $record->pending === [];
            $isLiving = in_array($single->status, ['Active', 'Pending'], true);
            $domain = Address::domain($single->mailbox); // of its user name, if that is an address
            $isOpen = Move::of($single->id)?->isOpen() ?? false;
            $fits = in_array($domain, ['', $this->domain], true);
            if ($hasNone && $isLiving && $fits && !$isOpen) {
                $found[self::spelled(self::named($single))] ??= $single;
            }
        }
        unset($found['@']);
        return $found;
    }

    /** @return list<Hosting> the client's others on this server that are no services with seats */
    private function found(): array
    {
        $ids = Capsule::table('tblhosting')->where('userid', $this->seats->client)
            ->where('server', $this->seats->bridge)->where('id', '!=', $this->seats->id)
            ->orderBy('id')->pluck('id')->all();
        $ours = array_filter(array_map(fn ($id) => Hosting::find((int) $id), $ids));
        return array_values(array_filter($ours, fn (Hosting $one) => !$one->hasSeats()));
    }

    /**
     * The mailbox that it has; empty: none. One that has ended has one only while that waits for
     * its deletion.
     */
    private static function mailbox(Hosting $single): string
    {
        $record = Record::of($single->id);
        $waits = $single->status === 'Terminated' && $record->state === 'suspended';
        return match (true) {
            $record->address !== '' => $record->address,
            $waits => $record->sequence_of,
            !in_array($single->status, ['Active', 'Suspended'], true) => '',
            default => str_contains($single->mailbox, '@') ? $single->mailbox : '',
        };
    }
}
