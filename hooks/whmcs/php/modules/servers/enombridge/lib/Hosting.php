<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\NearlyFull;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;

/** A service as WHMCS has it now, with its product's settings. */
final class Hosting extends Kit\Service
{
    /** @param array<string, mixed> $row of tblhosting, and configoption1, configoption2, … of its product */
    private function __construct(int $id, private readonly array $row)
    {
        parent::__construct(
            $id,
            client: (int) $row['userid'],
            bridge: (int) $row['server'],
            status: (string) $row['domainstatus'],
            mailbox: (string) $row['username'],
            reason: (string) ($row['suspendreason'] ?? ''),
        );
    }

    /** Null: there is no such service any more, or it is not ours. */
    public static function find(int $id): ?self
    {
        $row = Capsule::table('tblhosting')->join('tblproducts', 'tblproducts.id', '=', 'tblhosting.packageid')
            ->where('tblhosting.id', $id)->where('tblproducts.servertype', 'enombridge')
            ->first(['tblproducts.*', 'tblhosting.*']);
        return $row === null ? null : new self($id, (array) $row);
    }

    public static function required(int $id): self
    {
        return self::find($id) ?? throw new Fault(Text::of('no_service'));
    }

    /**
     * The date that a paid renewal covers, like 2027-11-30; throws Fault where the service is never due.
     *
     * WHMCS moves the next due date before it calls Renew [inferred]. Where it has not, the date until which invoices were
     * made is the same day, so that the mailbox is not a term behind what the customer paid.
     */
    public function covered(): string
    {
        $due = $this->column('nextduedate');
        $date = $due > date('Y-m-d', time()) ? $due : max($due, $this->column('nextinvoicedate'));
        return Kit\Grounds::day($date) ?: throw new Fault(Text::of('never_due'));
    }

    public function option(Option $option): string
    {
        return $option->value($this->row);
    }

    /** A column of tblhosting; empty, where this WHMCS has none of that name. */
    public function column(string $name): string
    {
        return is_scalar($this->row[$name] ?? null) ? (string) $this->row[$name] : '';
    }

    public function grounds(): array
    {
        return Grounds::of($this);
    }

    public function setStatus(string $status): void
    {
        localAPI('UpdateClientProduct', ['serviceid' => $this->id, 'status' => $status]);
    }

    /** The user name of the service is its mailbox: WHMCS matches accounts and usage by it. */
    public function setMailbox(string $address): void
    {
        localAPI('UpdateClientProduct', ['serviceid' => $this->id, 'serviceusername' => $address]);
    }

    /** WHMCS runs its own function, which finds the mark: status, mail and hooks stay native. */
    public function complete(Pending $pending): ?string
    {
        $isThere = Command::of($pending->action) !== null;
        return $isThere ? Command::failure(Confirmed::tell($this->id, $pending)) : null;
    }

    public function unsuspend(): ?string
    {
        return Command::failure(Automatic::call('ModuleUnsuspend', ['serviceid' => $this->id]));
    }

    public function nearlyFull(NearlyFull $event): void
    {
        Warning::give($this, $event);
    }

    /** Of a move: the kit sends none. */
    public function ended(array $receipt): void
    {
        MoveEnd::reached($receipt);
    }

    /**
     * Whether it has a domain's mailboxes. What was sold as a single mailbox stays one, whatever becomes of its product.
     */
    public function hasSeats(): bool
    {
        $isSold = $this->option(Option::Sells) === 'seats';
        return $isSold && !str_contains(Record::of($this->id)->address ?: $this->mailbox, '@');
    }

    /** Whether this is a mailbox of the service; throws Fault where the bridge has to be asked and cannot be. */
    public function has(string $address): bool
    {
        if ($this->hasSeats()) {
            return Mailboxes::of(SeatsService::of(Params::of($this)))->has($address);
        }
        return $address === (Record::of($this->id)->address ?: $this->mailbox);
    }

    /** What upgrade.php has to offer for it: `package`, `configoptions`, or nothing. */
    public function upgrades(): string
    {
        $options = in_array($this->column('configoptionsupgrade'), ['', '0'], true) ? '' : 'configoptions';
        $table = 'tblproduct_upgrade_products';
        $isThere = Capsule::schema()->hasTable($table);
        $packages = $isThere && Capsule::table($table)->where('product_id', (int) $this->column('packageid'))->exists() ? 'package' : '';
        return $this->hasSeats() ? ($options ?: $packages) : ($packages ?: $options);
    }

    public function alert(string $address, string $text): void
    {
        Ticket::open($this, $address, $text);
    }
}
