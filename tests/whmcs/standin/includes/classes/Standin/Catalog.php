<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** What the hoster sets up: servers and products. */
final class Catalog
{
    private const OPTION_TYPES = ['dropdown' => 1, 'radio' => 2, 'yesno' => 3, 'quantity' => 4];

    public static function server(
        string $type,
        int $id = 0,
        string $name = 'Server',
        string $hostname = '',
        string $ipaddress = '',
        ?int $port = null,
        bool $secure = true,
        string $username = '',
        string $password = '',
        string $accesshash = '',
        bool $disabled = false,
    ): array {
        $row = compact('name', 'type', 'hostname', 'ipaddress', 'port', 'username', 'accesshash') + [
            'secure' => $secure ? 'on' : '', 'password' => Sealing::seal($password), 'disabled' => (int) $disabled,
        ];
        return ['server' => self::save('tblservers', $id, $row)];
    }

    /**
     * Saving the Module Settings also activates the module: its hooks.php is noticed now.
     *
     * `settings` by position ("1" is configoption1). `custom_fields` by name. `options`: name, type (dropdown, radio,
     * yesno, quantity) and for the first two `choices`.
     */
    public static function product(
        string $module,
        int $id = 0,
        string $name = 'Product',
        string $type = 'other',
        string $autosetup = 'payment',
        array $settings = [],
        string $welcome = 'Product Welcome Email',
        array $custom_fields = [],
        array $options = [],
    ): array {
        $row = ['servertype' => $module, 'welcomeemail' => $welcome] + compact('name', 'type', 'autosetup') + ['price' => '3.00'];
        foreach ($settings as $number => $value) {
            $row["configoption$number"] = (string) $value;
        }
        $id = self::save('tblproducts', $id, $row);
        foreach ($custom_fields as $field) {
            Capsule::table('tblcustomfields')->insertOrIgnore([
                'type' => 'product', 'relid' => $id, 'fieldname' => $field, 'fieldtype' => 'text', 'showorder' => 'on',
            ]);
        }
        foreach ($options as $option) {
            self::option($id, ...$option);
        }
        Hooks::activate($module);
        return ['product' => $id];
    }

    private static function option(int $product, string $name, string $type, array $choices = []): void
    {
        $gid = Capsule::table('tblproductconfiglinks')->where('pid', $product)->value('gid');
        if ($gid === null) {
            $gid = Capsule::table('tblproductconfiggroups')->insertGetId(['name' => "Options of $product"]);
            Capsule::table('tblproductconfiglinks')->insert(['gid' => $gid, 'pid' => $product]);
        }
        $id = Capsule::table('tblproductconfigoptions')->insertGetId([
            'gid' => $gid, 'optionname' => $name, 'optiontype' => self::OPTION_TYPES[$type],
        ]);
        foreach ($choices ?: [$name] as $choice) {
            Capsule::table('tblproductconfigoptionssub')->insert(['configid' => $id, 'optionname' => $choice]);
        }
    }

    private static function save(string $table, int $id, array $row): int
    {
        if ($id === 0) {
            return Capsule::table($table)->insertGetId($row);
        }
        Database::row($table, $id);
        Capsule::table($table)->where('id', $id)->update($row);
        return $id;
    }
}
