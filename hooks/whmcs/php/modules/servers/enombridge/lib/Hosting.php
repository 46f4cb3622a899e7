<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** A service as WHMCS has it now, with its product's settings. */
final class Hosting
{
    /** @param array<string, mixed> $row of tblhosting, and configoption1, configoption2, … of its product */
    private function __construct(
        public readonly int $id,
        public readonly int $client,
        public readonly int $server,
        public readonly string $status,
        public readonly string $username,
        public readonly string $due,
        public readonly string $reason,
        private readonly string $invoiced,
        private readonly array $row,
    ) {
    }

    /** Null: there is no such service any more, or it is not ours. */
    public static function find(int $id): ?self
    {
        $row = Capsule::table('tblhosting')->join('tblproducts', 'tblproducts.id', '=', 'tblhosting.packageid')
            ->where('tblhosting.id', $id)->where('tblproducts.servertype', 'enombridge')
            ->first(['tblproducts.*', 'tblhosting.*']);
        if ($row === null) {
            return null;
        }
        return new self($id, (int) $row->userid, (int) $row->server, (string) $row->domainstatus, (string) $row->username,
            (string) $row->nextduedate, (string) ($row->suspendreason ?? ''), (string) $row->nextinvoicedate, (array) $row);
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
        $date = $this->due > date('Y-m-d', time()) ? $this->due : max($this->due, $this->invoiced);
        return Grounds::day($date) ?: throw new Fault(Text::of('never_due'));
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
}
