<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Database\Capsule;

/** What clients and staff do with a service that exists. */
final class Services
{
    public const COMMANDS = [
        'Create' => 'CreateAccount', 'Suspend' => 'SuspendAccount', 'Unsuspend' => 'UnsuspendAccount',
        'Terminate' => 'TerminateAccount', 'Change Package' => 'ChangePackage', 'Change Password' => 'ChangePassword',
        'Renew' => 'Renew',
    ];

    /** Custom fields by name; options by name: a chosen name, or a number for quantities and yes/no. */
    public static function fill(int $service, array $custom_fields, array $options): void
    {
        $product = Database::row('tblhosting', $service)['packageid'];
        foreach ($custom_fields as $name => $value) {
            $field = Capsule::table('tblcustomfields')->where('type', 'product')->where('relid', $product)->get()
                ->first(static fn ($row) => explode('|', $row->fieldname)[0] === $name);
            $field ?? throw new \InvalidArgumentException("the product has no custom field $name");
            foreach (Hooks::run('CustomFieldSave', ['fieldid' => $field->id, 'relid' => $service, 'value' => $value]) as $answer) {
                $value = is_array($answer) && isset($answer['value']) ? $answer['value'] : $value;
            }
            $row = ['fieldid' => $field->id, 'relid' => $service, 'value' => (string) $value];
            Capsule::table('tblcustomfieldsvalues')->upsert($row, ['fieldid', 'relid'], ['value']);
        }
        $groups = Capsule::table('tblproductconfiglinks')->where('pid', $product)->pluck('gid');
        foreach ($options as $name => $value) {
            $option = Capsule::table('tblproductconfigoptions')->whereIn('gid', $groups)->get()
                ->first(static fn ($row) => explode('|', $row->optionname)[0] === $name);
            $option ?? throw new \InvalidArgumentException("the product has no option $name");
            $counted = in_array($option->optiontype, [3, 4], true);
            $choice = Capsule::table('tblproductconfigoptionssub')->where('configid', $option->id)->get()
                ->first(static fn ($row) => $counted || explode('|', $row->optionname)[0] === (string) $value);
            $choice ?? throw new \InvalidArgumentException("the option $name has no choice $value");
            $row = ['relid' => $service, 'configid' => $option->id, 'optionid' => $choice->id, 'qty' => $counted ? (int) $value : 0];
            Capsule::table('tblhostingconfigoptions')->upsert($row, ['relid', 'configid'], ['optionid', 'qty']);
        }
    }

    /** The client's form: offered only where the module can do it and the service is active. */
    public static function changePassword(int $service, string $password): array
    {
        $params = Params::service($service);
        if ($params['status'] !== 'Active' || !Module::supports($params['moduletype'], 'ChangePassword')) {
            return ['answer' => 'This service offers no change of password'];
        }
        return ['answer' => Lifecycle::run($service, 'ChangePassword', 'client', ['password' => $password])];
    }

    /** A paid upgrade: another product, or other options of the same. What the module answers undoes nothing. */
    public static function upgrade(int $service, int $product = 0, array $options = []): array
    {
        $row = Database::row('tblhosting', $service);
        $upgrade = Capsule::table('tblupgrades')->insertGetId([
            'type' => $product ? 'package' : 'configoptions', 'relid' => $service, 'originalvalue' => (string) $row['packageid'],
            'newvalue' => (string) $product, 'status' => 'Completed', 'date' => Settings::today(),
        ]);
        if ($product) {
            $values = Params::customFields($service, $row['packageid']);
            Capsule::table('tblhosting')->where('id', $service)->update(['packageid' => $product]);
            if (Settings::on('upgrade_carries_fields')) {
                self::fill($service, array_intersect_key($values, Params::customFields($service, $product)), []);
            }
        }
        self::fill($service, [], $options);
        $answer = Lifecycle::run($service, 'ChangePackage', 'automated');
        Hooks::run($product ? 'AfterProductUpgrade' : 'AfterConfigOptionsUpgrade', ['upgradeid' => $upgrade]);
        return ['upgrade' => $upgrade, 'answer' => $answer];
    }

    /** A button among the Module Commands of the admin area, by the module's function name. */
    public static function command(int $service, string $function, string $reason = ''): array
    {
        if (!in_array($function, self::COMMANDS, true)) {
            throw new \InvalidArgumentException("no module command $function");
        }
        return ['answer' => Lifecycle::run($service, $function, 'manual', $reason === '' ? [] : ['suspendreason' => $reason])];
    }

    /** One of the module's own buttons in the admin area; only what AdminCustomButtonArray names. */
    public static function custom(int $service, string $function): array
    {
        $module = Params::service($service)['moduletype'];
        if (!in_array($function, Module::ask($module, 'AdminCustomButtonArray', Params::service($service)), true)) {
            return ['answer' => "The module offers no button $function"];
        }
        return ['answer' => Lifecycle::run($service, $function, 'manual')];
    }

    /** Staff saves the service's page. The module is not called but for its own fields; hooks run. */
    public static function edit(int $service, array $values = [], array $custom_fields = [], array $options = [], array $modulefields = []): array
    {
        $row = Database::row('tblhosting', $service);
        Hooks::run('PreServiceEdit', ['serviceid' => $service]);
        if (isset($values['password'])) {
            $values['password'] = Sealing::seal($values['password']);
        }
        if ($values !== []) {
            Capsule::table('tblhosting')->where('id', $service)->update($values);
        }
        self::fill($service, $custom_fields, $options);
        $params = Params::service($service);
        if (Module::supports($params['moduletype'], 'AdminServicesTabFieldsSave')) {
            $_POST['modulefields'] = $_REQUEST['modulefields'] = $modulefields;
            try {
                Module::call($params['moduletype'], 'AdminServicesTabFieldsSave', $params, 'page');
            } catch (Throwable) {
                // Kept as a fault; the rest was saved.
            }
        }
        Hooks::run('ServiceEdit', ['userid' => $row['userid'], 'serviceid' => $service]);
        return ['service' => $service];
    }

    /** `$type`: Immediate or End of Billing Period. */
    public static function cancel(int $service, string $reason = 'Not needed', string $type = 'End of Billing Period'): array
    {
        $row = Database::row('tblhosting', $service);
        $id = Capsule::table('tblcancelrequests')->insertGetId([
            'date' => Database::now(), 'relid' => $service, 'reason' => $reason, 'type' => $type,
        ]);
        Hooks::run('CancellationRequest', ['userid' => $row['userid'], 'relid' => $service, 'reason' => $reason, 'type' => $type]);
        return ['request' => $id];
    }
}
