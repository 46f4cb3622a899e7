<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use Illuminate\Database\Query\Builder;
use WHMCS\Database\Capsule;

/**
 * The mailbox of a single service on its way into a service with seats, there, or on its way back.
 * One row for each single service: it is kept before the hook is sent, and while the mailbox is
 * there it remembers where that came from.
 *
 * Rule 1: while it is on its way, neither of the two services sends anything else.
 */
final class Move
{
    private const COMING = 'coming';
    private const THERE = 'there';
    private const GOING = 'going';
    private const ON_ITS_WAY = 60; // seconds that another process may be at it

    private function __construct(
        public readonly int $single,
        public readonly int $seats,
        public readonly string $address,
        public readonly string $status,
        public readonly string $was, // the status of the single service before
        public readonly string $hook,
        public readonly string $sent,
        /** @var array<string, mixed> */
        public readonly array $data,
        public readonly bool $held,
    ) {
    }

    public static function of(int $single): ?self
    {
        return self::found(self::rows()->where('single', $single))[0] ?? null;
    }

    public static function sentAs(string $hook): ?self
    {
        return self::found(self::rows()->where('hook', $hook))[0] ?? null;
    }

    /** @return list<self> those on their way, to or from this service with seats, oldest first */
    public static function openOf(int $seats): array
    {
        return self::found(
            self::rows()->where('seats', $seats)->whereIn(
                'status',
                [self::COMING, self::GOING],
            )->orderBy('since'),
        );
    }

    /** @return list<self> those on their way that nobody is at any more */
    public static function left(): array
    {
        $open = self::rows()->whereIn('status', [self::COMING, self::GOING])->orderBy('since');
        return self::found($open->where('since', '<', time() - self::ON_ITS_WAY));
    }

    /** @return array<string, self> by address: what came into this service with seats */
    public static function there(int $seats): array
    {
        $rows = self::rows()->where('seats', $seats)->where('status', self::THERE);
        return array_column(self::found($rows->orderBy('since')), null, 'address');
    }

    /** Whether this mailbox is just leaving the service, or coming. */
    public static function has(int $service, string $address): bool
    {
        $own = self::of($service);
        $open = [...self::openOf($service), ...($own?->isOpen() ? [$own] : [])];
        return in_array($address, array_column($open, 'address'), true);
    }

    /** Nothing is sent yet. */
    public static function begin(Offer $offer, Hosting $single, int $seats, Hook $hook): self
    {
        $status = $offer->isBack ? self::GOING : self::COMING;
        $of = [$single->id, $seats, $offer->address, $status, $single->status];
        $move = new self(...[...$of, $hook->id, $hook->time, $hook->data, false]);
        $row = ['data' => json_encode($hook->data), 'since' => time(), 'held' => 0];
        self::rows()->updateOrInsert(['single' => $single->id], $row + get_object_vars($move));
        return $move;
    }

    public function isOpen(): bool
    {
        return $this->status !== self::THERE;
    }

    public function isBack(): bool
    {
        return $this->status === self::GOING;
    }

    /** The bridge keeps it until a person there decides. False: that was known. */
    public function hold(): bool
    {
        self::rows()->where('single', $this->single)->update(['held' => 1]);
        return !$this->held;
    }

    /** The mailbox is where it was to go. */
    public function settle(): void
    {
        if ($this->isBack()) {
            self::rows()->where('seats', $this->seats)->where('address', $this->address)->delete();
        } else {
            $there = ['status' => self::THERE, 'since' => time()];
            self::rows()->where('single', $this->single)->update($there);
        }
    }

    /** The mailbox stays where it is. */
    public function undo(): void
    {
        $row = self::rows()->where('single', $this->single);
        $this->isBack() && $this->was === Moving::ENDED ? $row->update(
            ['status' => self::THERE],
        ) : $row->delete();
    }

    /** A service that is deleted in WHMCS. */
    public static function forget(int $service): void
    {
        self::rows()->where('single', $service)->orWhere('seats', $service)->delete();
    }

    /** Throws Busy, or Fault where the single service has no mailbox any more. */
    public static function stops(int $service, Action $action): void
    {
        $move = self::of($service);
        if ($move?->isOpen()) {
            throw new Busy(Text::of('move_open', $move->told()));
        }
        if ($action !== Action::Create && $move?->hasTaken()) {
            throw new Fault(Text::of('move_gone', $move->told()));
        }
    }

    /** Throws Busy while a mailbox comes or goes. */
    public static function stopsSeats(int $service): void
    {
        foreach (self::openOf($service) as $move) {
            throw new Busy(Text::of('move_open', $move->told()));
        }
    }

    /** Whether the single service has none because of this: it may have been given a new one. */
    public function hasTaken(): bool
    {
        return !$this->isOpen() && Record::of($this->single)->address === '';
    }

    /** @return array<string, string|int> for sentences */
    public function told(): array
    {
        return ['address' => $this->address, 'single' => $this->single, 'seats' => $this->seats];
    }

    private static function rows(): Builder
    {
        Store::prepare();
        return Capsule::table(Store::MOVES);
    }

    /** @return list<self> */
    private static function found(Builder $rows): array
    {
        $read = fn (object $row): self => new self(
            (int) $row->single,
            (int) $row->seats,
            $row->address,
            $row->status,
            $row->was,
            $row->hook,
            $row->sent,
            (array) json_decode((string) $row->data, true),
            (bool) $row->held,
        );
        return array_values(array_map($read, $rows->get()->all()));
    }
}
