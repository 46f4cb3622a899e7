<?php

namespace EnomBridge\Tests;

use WHMCS\Database\Capsule;

/**
 * WHMCS as far as the module deals with it: its rows, its parameters, its local API, and what went into its logs.
 *
 * There is one service (1042) of one customer (7) on one server (3), if a test makes no other.
 */
final class Billing
{
    public const SERVICE = 1042;
    public const SERVER = 3;
    public const CLIENT = 7;
    public const SECRET = 'whsec_ZW5vbS1icmlkZ2UgdGVzdCBrZXkgb2YgMzIgYnl0ZXM=';

    /** @var list<list<mixed>> the arguments of logModuleCall */
    public static array $moduleLog = [];

    /** @var list<list<mixed>> the arguments of logActivity */
    public static array $activities = [];

    /** @var list<array{string, array<string, mixed>}> */
    public static array $api = [];

    /** @var list<array{string, int, callable}> */
    public static array $hooks = [];

    /** @var list<string> the welcome mails that WHMCS would send */
    public static array $welcomes = [];

    /** @var array<string, mixed> what WHMCS gives beside its rows */
    public static array $more = [];

    /** Whether WHMCS's logs throw, as they do without a database. */
    public static bool $logBroken = false;

    /** @var array<string, callable> */
    private static array $answers = [];

    public static function reset(): void
    {
        self::$moduleLog = self::$activities = self::$api = self::$hooks = self::$welcomes = self::$answers = self::$more = [];
        self::$logBroken = false;
        Machine::reset();
        Database::clear();
        self::addServer(self::SERVER);
        Capsule::table('tblproducts')->insert(['id' => 5, 'servertype' => 'enombridge', 'configoption1' => 'basic', 'configoption6' => '9']);
        Capsule::table('tblclients')->insert(['id' => self::CLIENT]);
        Capsule::table('tblticketdepartments')->insert(['id' => 9, 'email' => 'support@example.net']);
        self::addService(self::SERVICE);
    }

    /** @param array<string, mixed> $values */
    public static function addServer(int $id, array $values = []): void
    {
        Capsule::table('tblservers')->insert($values + [
            'id' => $id, 'hostname' => '127.0.0.1', 'port' => (string) Bridge::$port, 'secure' => '', 'type' => 'enombridge',
            'username' => "source-$id", 'password' => self::seal(self::SECRET),
        ]);
    }

    /** @param array<string, mixed> $values */
    public static function addService(int $id, array $values = []): void
    {
        $password = $values['password'] ?? 'Sample-Pass.01';
        Capsule::table('tblhosting')->insert(['password' => self::seal($password)] + $values + [
            'id' => $id, 'userid' => self::CLIENT, 'packageid' => 5, 'server' => self::SERVER, 'domain' => '', 'username' => '',
            'domainstatus' => 'Pending', 'nextduedate' => '2030-01-31', 'nextinvoicedate' => '2030-01-31', 'billingcycle' => 'Monthly', 'amount' => '3.00',
        ]);
    }

    /** @param array<string, mixed> $values columns of tblhosting */
    public static function change(array $values, int $service = self::SERVICE): void
    {
        Capsule::table('tblhosting')->where('id', $service)->update($values);
    }

    public static function row(int $service = self::SERVICE): ?object
    {
        return Capsule::table('tblhosting')->where('id', $service)->first();
    }

    public static function status(int $service = self::SERVICE): string
    {
        return (string) self::row($service)?->domainstatus;
    }

    /** An invoice of the service; its number. */
    public static function invoice(string $status = 'Unpaid', int $service = self::SERVICE): int
    {
        $invoice = Capsule::table('tblinvoices')->insertGetId(['status' => $status]);
        Capsule::table('tblinvoiceitems')->insert(['invoiceid' => $invoice, 'type' => 'Hosting', 'relid' => $service]);
        return $invoice;
    }

    /** The service is overdue by a month, with an unpaid invoice; its number. */
    public static function overdue(int $service = self::SERVICE): int
    {
        $due = date('Y-m-d', Clock::now() - 31 * 86400);
        self::change(['nextduedate' => $due, 'nextinvoicedate' => $due], $service);
        return self::invoice('Unpaid', $service);
    }

    /** @param array<int, string> $values by place */
    public static function configure(array $values): void
    {
        foreach ($values as $place => $value) {
            Capsule::table('tblproducts')->where('id', 5)->update(["configoption$place" => $value]);
        }
    }

    /**
     * What WHMCS hands to a function of the module.
     *
     * @param array<string, mixed> $changes
     * @return array<string, mixed>
     */
    public static function params(array $changes = [], int $service = self::SERVICE): array
    {
        $row = self::row($service);
        $product = (array) Capsule::table('tblproducts')->where('id', $row->packageid)->first();
        $server = Capsule::table('tblservers')->where('id', $row->server)->first();
        $address = $service === self::SERVICE ? 'john@example.com' : "box$service@example.com";
        return $changes + self::$more + array_diff_key($product, ['id' => 0, 'servertype' => 0]) + [
            'serviceid' => $service, 'userid' => $row->userid, 'pid' => $row->packageid, 'moduletype' => 'enombridge',
            'domain' => $row->domain, 'username' => $row->username, 'status' => $row->domainstatus,
            'password' => htmlspecialchars(self::unseal($row->password), ENT_QUOTES),
            'customfields' => ['Mailbox address' => $address], 'configoptions' => [],
            'clientsdetails' => ['firstname' => 'John', 'lastname' => 'Doe', 'email' => 'john@example.net', 'language' => 'english'],
        ] + self::serverParams($server);
    }

    /** @return array<string, mixed> what WHMCS hands to the functions of a server */
    public static function serverParams(?object $server = null): array
    {
        $server ??= Capsule::table('tblservers')->where('id', self::SERVER)->first();
        return [
            'serverid' => $server->id, 'serverhostname' => $server->hostname, 'serverip' => $server->ipaddress,
            'serverport' => $server->port, 'serversecure' => $server->secure === 'on', 'serverusername' => $server->username,
            'serverpassword' => self::unseal($server->password), 'serveraccesshash' => $server->accesshash,
        ];
    }

    /** As WHMCS runs a function of the module by itself: the status follows the answer. */
    public static function run(string $function, int $service = self::SERVICE): string
    {
        $said = ("enombridge_$function")(self::params([], $service));
        $status = ['CreateAccount' => 'Active', 'SuspendAccount' => 'Suspended', 'UnsuspendAccount' => 'Active', 'TerminateAccount' => 'Terminated'];
        if ($said === 'success' && isset($status[$function])) {
            self::change(['domainstatus' => $status[$function]], $service);
        }
        if ($said === 'success' && in_array($function, ['SuspendAccount', 'UnsuspendAccount'], true)) {
            self::change(['suspendreason' => $function === 'SuspendAccount' ? self::$more['suspendreason'] ?? '' : ''], $service);
        }
        if ($said === 'success' && $function === 'CreateAccount') {
            self::$welcomes[] = (string) $service;
        }
        return $said;
    }

    /**
     * @param list<list<mixed>> $log
     * @param list<mixed> $arguments
     */
    public static function logged(array &$log, array $arguments): void
    {
        if (self::$logBroken) {
            throw new \RuntimeException('There is no database for the log.');
        }
        $log[] = $arguments;
    }

    /** @param callable(array<string, mixed>): mixed $do answers this command from now on */
    public static function answer(string $command, callable $do): void
    {
        self::$answers[$command] = $do;
    }

    public static function fail(string $command, string $message = 'It does not work'): void
    {
        self::answer($command, fn () => ['result' => 'error', 'message' => $message]);
    }

    /** @return list<array<string, mixed>> the values of each call of this command */
    public static function calls(string $command): array
    {
        return array_column(array_filter(self::$api, fn (array $call) => $call[0] === $command), 1);
    }

    /** @return list<string> */
    public static function activityTexts(): array
    {
        return array_map('strval', array_column(self::$activities, 0));
    }

    /** @param array<string, mixed> $values */
    public static function api(string $command, array $values): mixed
    {
        self::$api[] = [$command, $values];
        if (isset(self::$answers[$command])) {
            return (self::$answers[$command])($values);
        }
        return match ($command) {
            'EncryptPassword' => ['result' => 'success', 'password' => self::seal($values['password2'])],
            'DecryptPassword' => ['result' => 'success', 'password' => self::unseal($values['password2'])],
            'UpdateClientProduct' => self::update($values),
            'OpenTicket' => ['result' => 'success', 'id' => 1, 'tid' => 'ABC-1'],
            'GetClientsProducts' => ['result' => 'success', 'products' => ['product' => [self::product((int) $values['serviceid'])]]],
            'ModuleCreate' => self::module('CreateAccount', $values),
            'ModuleSuspend' => self::module('SuspendAccount', $values),
            'ModuleUnsuspend' => self::module('UnsuspendAccount', $values),
            'ModuleTerminate' => self::module('TerminateAccount', $values),
            'ModuleChangePackage' => self::module('ChangePackage', $values),
            'ModuleChangePw' => self::module('ChangePassword', $values),
            default => ['result' => 'error', 'message' => 'Command Not Found'],
        };
    }

    /** Reversible, and no spelling of the text. */
    public static function seal(string $plain): string
    {
        return 'sealed:' . base64_encode($plain ^ str_pad('', strlen($plain), "\x5a\xc3\x91\x07\xe8"));
    }

    public static function unseal(string $sealed): string
    {
        $hidden = (string) base64_decode(substr($sealed, 7), true);
        return $hidden ^ str_pad('', strlen($hidden), "\x5a\xc3\x91\x07\xe8");
    }

    /** @param array<string, mixed> $values */
    private static function module(string $function, array $values): array
    {
        $service = (int) $values['serviceid'];
        if (isset($values['servicepassword'])) {
            // WHMCS keeps the new password once the module said success, and hands it over before that.
            self::$more['password'] = htmlspecialchars($values['servicepassword'], ENT_QUOTES);
        }
        $more = self::$more;
        if ($function === 'SuspendAccount') {
            self::$more['suspendreason'] = (string) ($values['suspendreason'] ?? '');
        }
        try {
            $said = self::run($function, $service);
        } finally {
            self::$more = array_diff_key($more, ['password' => 0]);
        }
        if ($said === 'success' && isset($values['servicepassword'])) {
            self::change(['password' => self::seal($values['servicepassword'])], $service);
        }
        return $said === 'success' ? ['result' => 'success'] : ['result' => 'error', 'message' => $said];
    }

    /** @param array<string, mixed> $values */
    private static function update(array $values): array
    {
        $columns = ['status' => 'domainstatus', 'serviceusername' => 'username', 'domain' => 'domain'];
        $changes = [];
        foreach (array_intersect_key($columns, $values) as $name => $column) {
            $changes[$column] = $values[$name];
        }
        if (isset($values['servicepassword'])) {
            $changes['password'] = self::seal($values['servicepassword']);
        }
        self::change($changes, (int) $values['serviceid']);
        return ['result' => 'success', 'serviceid' => $values['serviceid']];
    }

    /** @return array<string, mixed> */
    private static function product(int $service): array
    {
        $fields = [];
        foreach ((array) (self::params([], $service)['customfields']) as $name => $value) {
            $fields[] = ['id' => 1, 'name' => $name, 'value' => $value];
        }
        return ['id' => $service, 'domain' => self::row($service)->domain, 'customfields' => ['customfield' => $fields], 'configoptions' => ['configoption' => []]];
    }
}
