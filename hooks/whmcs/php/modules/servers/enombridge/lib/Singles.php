<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;

/** The single services of the client of a service with seats, on the same server: which mailboxes can come, and which go back. */
final class Singles
{
    private readonly Mailboxes $mailboxes;

    public function __construct(private readonly SeatsService $call, private readonly Hosting $seats)
    {
        $this->mailboxes = Mailboxes::of($call);
    }

    /** What can come here, and what cannot yet. Throws Fault when the bridge has to be asked and cannot be. @return list<Offer> */
    public function coming(): array
    {
        $all = $this->all();
        $domain = $all === [] ? '' : $this->call->seats()->domain;
        $found = array_filter($all, fn (Hosting $one) => Address::domain(self::mailbox($one)) === $domain);
        if ($found === []) {
            return [];
        }
        $there = array_column($this->mailboxes->all(), 'address');
        $free = $this->call->seats()->number - count($there);
        $offers = [];
        foreach ($found as $single) {
            $address = Moving::spelled(self::mailbox($single));
            $isHere = in_array($address, $there, true);
            if ($isHere && Record::of($single->id)->address === '' && !Move::of($single->id)?->isOpen()) {
                continue; // one that was ordered for it to go back to
            }
            $why = $this->obstacle() ?: self::stops($single, $address, $isHere);
            if ($why === '' && !$isHere && $free-- < 1) {
                $why = Text::of('code_seats_full');
            }
            $offers[] = new Offer($single, $address, $why);
        }
        return $offers;
    }

    /** Each mailbox with the service that it can go back to; nothing, where none can. Throws Fault as above. @return list<Offer> */
    public function going(): array
    {
        $old = array_filter(Move::there($this->call->id), $this->isOld(...));
        $ordered = $this->ordered();
        if ($old === [] && $ordered === []) {
            return [];
        }
        $offers = [];
        foreach ($this->mailboxes->all() as $box) {
            $address = $box['address'];
            $single = isset($old[$address]) ? Hosting::find($old[$address]->single) : $ordered[$address] ?? null;
            $why = match (true) {
                $single === null => Text::of('move_back_order'),
                Move::of($single->id)?->isOpen() ?? false => Text::of('move_going'),
                $box['deleted'] !== '' => Text::of('move_deleted'),
                default => $this->obstacle(),
            };
            $offers[] = new Offer($single, $address, $why, isBack: true);
        }
        $isPossible = fn (Offer $one): bool => $one->single !== null;
        return array_filter($offers, $isPossible) === [] ? [] : $offers;
    }

    /** What stands in the way of all of them. */
    private function obstacle(): string
    {
        return match (true) {
            $this->seats->status !== 'Active' => Text::of('move_here_status', ['status' => Text::plain($this->seats->status)]),
            isset(Record::of($this->seats->id)->pending['status']) => Text::of('move_here_pending'),
            default => '',
        };
    }

    /** Why this one cannot come; empty: it can. @param bool $isHere whether the bridge has it here already, and only WHMCS does not know */
    private static function stops(Hosting $single, string $address, bool $isHere): string
    {
        $record = Record::of($single->id);
        return match (true) {
            Move::of($single->id)?->isOpen() ?? false => Text::of('move_going'),
            $single->status !== 'Active' => Text::of('move_status', ['status' => Text::plain($single->status)]),
            $record->pending !== [] => Text::of('move_pending'),
            $single->grounds()['cancel'] !== '' => Text::of('move_cancelled'),
            $record->isRenamed(Moving::ordered($single) ?: $record->asked) => Text::of('move_renamed'),
            $isHere => '',
            default => self::atBridge($single, $address),
        };
    }

    private static function atBridge(Hosting $single, string $address): string
    {
        $boxes = Mailboxes::of(Service::of(Params::of($single)))->all();
        $box = array_values(array_filter($boxes, fn (array $one) => $one['address'] === $address))[0] ?? null;
        return match (true) {
            $box === null => Text::of('move_unknown'),
            $box['deleted'] !== '' => Text::of('move_deleted'),
            default => '',
        };
    }

    /** A service that has lost its mailbox to this one, and may have it back. */
    private function isOld(Move $move): bool
    {
        $single = Hosting::find($move->single);
        return $move->hasTaken() && $single?->status === Moving::ENDED && [$single->client, $single->bridge] === [$this->seats->client, $this->seats->bridge];
    }

    /** @return array<string, Hosting> by address: services that have no mailbox yet */
    private function ordered(): array
    {
        $found = [];
        $all = $this->all();
        $domain = $all === [] ? '' : $this->call->seats()->domain;
        foreach ($all as $single) {
            $record = Record::of($single->id);
            $isElsewhere = str_contains($single->mailbox, '@') && Address::domain($single->mailbox) !== $domain;
            if (in_array($single->status, ['Active', 'Pending'], true) && $record->address === '' && $record->pending === [] && !$isElsewhere) {
                $found[Moving::spelled(Moving::ordered($single))] ??= $single;
            }
        }
        unset($found['@']);
        return $found;
    }

    /** @return list<Hosting> the client's others on this server that are no services with seats */
    private function all(): array
    {
        $ids = Capsule::table('tblhosting')->join('tblproducts', 'tblproducts.id', '=', 'tblhosting.packageid')
            ->where('tblproducts.servertype', 'enombridge')->where('tblhosting.userid', $this->seats->client)->where('tblhosting.server', $this->seats->bridge)
            ->where('tblhosting.id', '!=', $this->seats->id)->orderBy('tblhosting.id')->pluck('tblhosting.id')->all();
        return array_values(array_filter(array_map(fn ($id) => Hosting::find((int) $id), $ids), fn (?Hosting $one) => $one !== null && !$one->hasSeats()));
    }

    /** The mailbox that it has; empty: none. One that has ended has one only while that waits for its deletion. */
    private static function mailbox(Hosting $single): string
    {
        $record = Record::of($single->id);
        $named = str_contains($single->mailbox, '@') ? $single->mailbox : '';
        return match (true) {
            $record->address !== '' => $record->address,
            in_array($single->status, ['Active', 'Suspended'], true) => $named,
            $single->status === 'Terminated' && $record->state === 'suspended' => $record->sequence_of,
            default => '',
        };
    }
}
