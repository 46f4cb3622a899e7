<?php

declare(strict_types=1);

namespace Standin\Api;

use Standin\Database;
use Standin\Hooks;
use Standin\Params;
use Standin\Sealing;
use Standin\Settings;
use WHMCS\Database\Capsule;

/** Records of clients and their services. */
final class Clients
{
    private const COLUMNS = [
        'pid' => 'packageid', 'serverid' => 'server', 'nextduedate' => 'nextduedate', 'domain' => 'domain', 'status' => 'domainstatus',
        'terminationDate' => 'termination_date', 'notes' => 'notes', 'serviceusername' => 'username', 'servicepassword' => 'password',
        'subscriptionid' => 'subscriptionid', 'overideautosuspend' => 'overideautosuspend', 'ns1' => 'ns1', 'ns2' => 'ns2',
        'overidesuspenduntil' => 'overidesuspenduntil', 'dedicatedip' => 'dedicatedip', 'assignedips' => 'assignedips',
        'diskusage' => 'diskusage', 'disklimit' => 'disklimit', 'bwusage' => 'bwusage', 'bwlimit' => 'bwlimit',
        'suspendreason' => 'suspendreason',
    ];

    /** The record alone: no module, no e-mail. An empty value changes nothing; `unset` empties. `notes` replaces. */
    public static function updateProduct(array $values): array
    {
        $id = (int) ($values['serviceid'] ?? 0);
        $row = Capsule::table('tblhosting')->where('id', $id)->first() ?? throw new Refused('Service ID Not Found');
        $change = [];
        foreach (self::COLUMNS as $name => $column) {
            if (($values[$name] ?? '') !== '') {
                $change[$column] = $name === 'servicepassword' ? Sealing::seal((string) $values[$name]) : $values[$name];
            }
        }
        foreach ((array) ($values['unset'] ?? []) as $name) {
            $change[self::COLUMNS[$name] ?? throw new Refused("Cannot unset $name")] = '';
        }
        Capsule::table('tblhosting')->where('id', $id)->update($change + ['updated_at' => Database::now()]);
        self::fields($id, (string) ($values['customfields'] ?? ''));
        if (Settings::on('api_runs_service_edit')) {
            Hooks::run('ServiceEdit', ['userid' => $row->userid, 'serviceid' => $id]);
        }
        return ['serviceid' => (string) $id];
    }

    public static function products(array $values): array
    {
        $found = Capsule::table('tblhosting')->orderBy('id');
        foreach (['clientid' => 'userid', 'serviceid' => 'id', 'pid' => 'packageid', 'domain' => 'domain', 'username2' => 'username'] as $name => $column) {
            if (($values[$name] ?? '') !== '') {
                $found->where($column, $values[$name]);
            }
        }
        $total = $found->count();
        $start = (int) ($values['limitstart'] ?? 0);
        $ids = $found->offset($start)->limit((int) ($values['limitnum'] ?? 25))->pluck('id')->all();
        return [
            'clientid' => $values['clientid'] ?? null, 'serviceid' => $values['serviceid'] ?? null, 'pid' => $values['pid'] ?? null,
            'domain' => $values['domain'] ?? null, 'totalresults' => (string) $total, 'startnumber' => $start,
            'numreturned' => count($ids), 'products' => ['product' => array_map(self::product(...), $ids)],
        ];
    }

    public static function details(array $values): array
    {
        if (empty($values['clientid']) && empty($values['email'])) {
            throw new Refused('Either clientid Or email Is Required');
        }
        $found = Capsule::table('tblclients');
        $found = empty($values['clientid']) ? $found->where('email', $values['email']) : $found->where('id', $values['clientid']);
        $id = $found->value('id') ?? throw new Refused('Client Not Found');
        return ['client' => self::strings(Params::client($id))];
    }

    /** As the documents show it, numbers are strings, and the password is in it. */
    private static function product(int $id): array
    {
        $row = Database::row('tblhosting', $id);
        $fields = Capsule::table('tblcustomfields')->where('type', 'product')->where('relid', $row['packageid'])->get();
        $values = Capsule::table('tblcustomfieldsvalues')->where('relid', $id)->pluck('value', 'fieldid');
        $custom = $fields->map(static fn ($field) => [
            'id' => (string) $field->id, 'name' => $field->fieldname, 'translated_name' => $field->fieldname,
            'value' => (string) ($values[$field->id] ?? ''),
        ])->all();
        $options = [];
        foreach (Params::options($id, $row['packageid']) as $name => $value) {
            $options[] = ['id' => (string) (count($options) + 1), 'option' => $name, 'type' => 'dropdown', 'value' => (string) $value];
        }
        $server = $row['server'] ? Database::row('tblservers', $row['server']) : [];
        return self::strings([
            'clientid' => $row['userid'], 'qty' => 1, 'pid' => $row['packageid'], 'status' => $row['domainstatus'],
            'name' => Database::row('tblproducts', $row['packageid'])['name'], 'password' => Sealing::open($row['password']),
            'serverid' => $row['server'], 'servername' => $server['name'] ?? '', 'serverip' => $server['ipaddress'] ?? '',
            'serverhostname' => $server['hostname'] ?? '', 'suspensionreason' => $row['suspendreason'],
        ] + $row) + ['customfields' => ['customfield' => $custom], 'configoptions' => ['configoption' => $options]];
    }

    /** base64 of a serialized array, by the number of the field. */
    private static function fields(int $service, string $packed): void
    {
        $fields = $packed === '' ? [] : unserialize((string) base64_decode($packed), ['allowed_classes' => false]);
        foreach ((array) $fields as $field => $value) {
            $row = ['fieldid' => (int) $field, 'relid' => $service, 'value' => (string) $value];
            Capsule::table('tblcustomfieldsvalues')->upsert($row, ['fieldid', 'relid'], ['value']);
        }
    }

    private static function strings(array $row): array
    {
        return array_map(static fn ($value) => (string) $value, $row);
    }
}
