<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** Invoices of services, one item each, and what their payment sets going. */
final class Invoices
{
    public static function create(int $service, string $due): int
    {
        $row = Database::row('tblhosting', $service);
        $invoice = Capsule::table('tblinvoices')->insertGetId([
            'userid' => $row['userid'], 'date' => Settings::today(), 'duedate' => $due, 'status' => 'Unpaid', 'total' => '3.00',
        ]);
        Capsule::table('tblinvoiceitems')->insert([
            'invoiceid' => $invoice, 'userid' => $row['userid'], 'type' => 'Hosting', 'relid' => $service, 'amount' => '3.00',
            'description' => $row['domain'], 'duedate' => $due,
        ]);
        Hooks::run('InvoiceCreation', ['invoiceid' => $invoice, 'status' => 'Unpaid']);
        return $invoice;
    }

    /** The next invoice of a service, due when the service is. */
    public static function renewal(int $service): array
    {
        return ['invoice' => self::create($service, Database::row('tblhosting', $service)['nextduedate'])];
    }

    /** The service's next due date passes `$days` ago, with an unpaid invoice for it. */
    public static function overdue(int $service, int $days = 10): array
    {
        $due = self::moved(Settings::today(), "-$days days");
        Capsule::table('tblhosting')->where('id', $service)->update(['nextduedate' => $due, 'nextinvoicedate' => $due]);
        return self::renewal($service);
    }

    /** What the module answered, by function; nothing where it was not called. A second payment changes nothing. */
    public static function pay(int $invoice): array
    {
        if (Database::row('tblinvoices', $invoice)['status'] === 'Paid') {
            return ['answers' => []];
        }
        Capsule::table('tblinvoices')->where('id', $invoice)->update(['status' => 'Paid', 'datepaid' => Database::now()]);
        $order = Capsule::table('tblorders')->where('invoiceid', $invoice)->first();
        if ($order !== null) {
            Hooks::run('OrderPaid', ['orderId' => $order->id, 'userId' => $order->userid, 'invoiceId' => $invoice]);
        }
        $answers = [];
        foreach (Capsule::table('tblinvoiceitems')->where('invoiceid', $invoice)->where('type', 'Hosting')->get() as $item) {
            $answers += $order === null ? self::renewed($item->relid, $item->duedate) : self::first($item->relid);
        }
        Hooks::run('InvoicePaid', ['invoiceid' => $invoice]);
        return ['answers' => $answers];
    }

    private static function first(int $service): array
    {
        $row = Database::row('tblhosting', $service);
        self::advance($service, $row['nextduedate']);
        $wanted = Database::row('tblproducts', $row['packageid'])['autosetup'] === 'payment';
        if (!$wanted || $row['domainstatus'] !== 'Pending') {
            return [];
        }
        return ['CreateAccount' => Lifecycle::run($service, 'CreateAccount', 'automated')];
    }

    private static function renewed(int $service, string $due): array
    {
        self::advance($service, $due);
        $functions = ['Renew'];
        $row = Database::row('tblhosting', $service);
        // A reason of staff's own keeps a service suspended whoever pays: WHMCS's staff, in answer to a request for features.
        if ($row['domainstatus'] === 'Suspended' && in_array($row['suspendreason'], ['', 'Overdue on Payment'], true)) {
            $functions = Settings::on('renew_before_unsuspend') ? ['Renew', 'UnsuspendAccount'] : ['UnsuspendAccount', 'Renew'];
        }
        $answers = [];
        foreach ($functions as $function) {
            $module = Database::row('tblproducts', Database::row('tblhosting', $service)['packageid'])['servertype'];
            if ($function !== 'Renew' || Module::supports($module, 'Renew')) {
                $answers[$function] = Lifecycle::run($service, $function, 'automated');
            }
        }
        return $answers;
    }

    private static function advance(int $service, string $from): void
    {
        $next = self::moved($from, '+1 month');
        Capsule::table('tblhosting')->where('id', $service)->update(['nextduedate' => $next, 'nextinvoicedate' => $next]);
    }

    private static function moved(string $day, string $by): string
    {
        return (new \DateTimeImmutable($day))->modify($by)->format('Y-m-d');
    }
}
