<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** Clients and what they order. */
final class Orders
{
    public static function client(
        string $firstname = 'Ada',
        string $lastname = 'Sample',
        string $email = 'ada@customer.example',
        string $companyname = '',
        string $country = 'DE',
        string $language = '',
    ): array {
        $row = compact('firstname', 'lastname', 'email', 'companyname', 'country', 'language') + [
            'address1' => 'Long Street 1', 'city' => 'Sampletown', 'state' => 'BE', 'postcode' => '10115',
            'phonenumber' => '+49.301234567', 'status' => 'Active', 'datecreated' => Settings::today(),
        ];
        return ['client' => Capsule::table('tblclients')->insertGetId($row)];
    }

    /** A domain that a client has registered here. */
    public static function domain(int $client, string $domain, string $status = 'Active'): array
    {
        $row = ['userid' => $client, 'domain' => $domain, 'status' => $status, 'registrationdate' => Settings::today()];
        return ['domain' => Capsule::table('tbldomains')->insertGetId($row)];
    }

    /** An order with its first invoice. With the product's autosetup `order` it is created here and now. */
    public static function place(
        int $client,
        int $product,
        string $domain = '',
        string $username = '',
        string $password = '',
        array $custom_fields = [],
        array $options = [],
        int $server = 0,
    ): array {
        $item = Database::row('tblproducts', $product);
        $order = Capsule::table('tblorders')->insertGetId([
            'ordernum' => (string) random_int(1000000000, 9999999999), 'userid' => $client, 'date' => Database::now(),
            'status' => 'Pending',
        ]);
        $service = Capsule::table('tblhosting')->insertGetId([
            'userid' => $client, 'orderid' => $order, 'packageid' => $product, 'regdate' => Settings::today(),
            'server' => $server ?: self::server($item['servertype']), 'domain' => $domain, 'billingcycle' => 'Monthly', 'amount' => '3.00',
            'nextduedate' => Settings::today(), 'nextinvoicedate' => Settings::today(), 'domainstatus' => 'Pending',
            'username' => $username, 'password' => Sealing::seal($password), 'created_at' => Database::now(),
        ]);
        Services::fill($service, $custom_fields, $options);
        $invoice = Invoices::create($service, Settings::today());
        Capsule::table('tblorders')->where('id', $order)->update(['invoiceid' => $invoice]);
        $answer = $item['autosetup'] === 'order' ? Lifecycle::run($service, 'CreateAccount', 'automated') : '';
        return compact('order', 'service', 'invoice', 'answer');
    }

    /** Services that are active since long and overdue by `days`, one for each address in the field `field`: a month-end. */
    public static function existing(int $client, int $product, int $server, string $field, array $addresses, int $days = 10): array
    {
        $due = (new \DateTimeImmutable(Settings::today()))->modify("-$days days")->format('Y-m-d');
        return Capsule::connection()->transaction(static function () use ($client, $product, $server, $field, $addresses, $due): array {
            $services = [];
            foreach ($addresses as $address) {
                $services[$address] = $service = Capsule::table('tblhosting')->insertGetId([
                    'userid' => $client, 'orderid' => 0, 'packageid' => $product, 'regdate' => $due, 'server' => $server, 'domain' => '',
                    'billingcycle' => 'Monthly', 'amount' => '3.00', 'nextduedate' => $due, 'nextinvoicedate' => $due, 'domainstatus' => 'Active',
                    'username' => $address, 'password' => Sealing::seal('Existing-Box.1'), 'created_at' => Database::now(),
                ]);
                Services::fill($service, [$field => $address], []);
                Invoices::create($service, $due);
            }
            return ['services' => $services];
        });
    }

    /** A person accepts the order; the module's answer, or empty where the product is set up otherwise. */
    public static function accept(int $order): array
    {
        Database::row('tblorders', $order);
        $answers = [];
        foreach (Capsule::table('tblhosting')->where('orderid', $order)->where('domainstatus', 'Pending')->get() as $row) {
            if (Database::row('tblproducts', $row->packageid)['autosetup'] === 'on') {
                $answers[(string) $row->id] = Lifecycle::run($row->id, 'CreateAccount', 'manual');
            }
        }
        Capsule::table('tblorders')->where('id', $order)->update(['status' => 'Active']);
        return ['answers' => $answers];
    }

    private static function server(string $module): int
    {
        return (int) Capsule::table('tblservers')->where('type', $module)->where('disabled', 0)->orderBy('id')->value('id');
    }
}
