<?php

namespace WHMCS\Service;

use Standin\Sealing;
use WHMCS\Database\Capsule;

/** Key and value pairs of a service: some names are columns of their own, all others are custom fields of the product. */
class Properties
{
    private const COLUMNS = [
        'Username' => 'username', 'Password' => 'password', 'Domain' => 'domain', 'License Key' => 'domain',
        'Dedicated IP' => 'dedicatedip', 'Disk Usage' => 'diskusage', 'Disk Limit' => 'disklimit',
        'Bandwidth Usage' => 'bwusage', 'Bandwidth Limit' => 'bwlimit', 'Last Update' => 'lastupdate',
    ];

    public function __construct(private readonly Service $service)
    {
    }

    /** Everything comes back as a string, as custom fields hold it. Arrays are not documented, so refused. */
    public function save(array $values)
    {
        foreach ($values as $name => $value) {
            if ($value !== null && !is_scalar($value)) {
                throw new \InvalidArgumentException("service property $name must be a string");
            }
            $this->write((string) $name, (string) $value);
        }
        return $this;
    }

    /** Null where there is no such field; empty where nothing was saved for this service: the documents promise neither. */
    public function get($name)
    {
        if ($column = self::COLUMNS[$name] ?? null) {
            $value = (string) Capsule::table('tblhosting')->where('id', $this->service->id)->value($column);
            return $column === 'password' ? Sealing::open($value) : $value;
        }
        $field = $this->field($name);
        if ($field === null) {
            return null;
        }
        $values = Capsule::table('tblcustomfieldsvalues')->where('fieldid', $field)->where('relid', $this->service->id);
        return (string) $values->value('value');
    }

    private function write(string $name, string $value): void
    {
        if ($column = self::COLUMNS[$name] ?? null) {
            $value = $column === 'password' ? Sealing::seal($value) : $value;
            Capsule::table('tblhosting')->where('id', $this->service->id)->update([$column => $value]);
            return;
        }
        $field = $this->field($name);
        if ($field === null) {
            Capsule::table('tblcustomfields')->insertOrIgnore([
                'type' => 'product', 'relid' => $this->product(), 'fieldname' => $name, 'fieldtype' => 'text', 'adminonly' => 'on',
            ]);
            $field = $this->field($name);
        }
        $row = ['fieldid' => $field, 'relid' => $this->service->id, 'value' => $value];
        Capsule::table('tblcustomfieldsvalues')->upsert($row, ['fieldid', 'relid'], ['value']);
    }

    private function field(string $name): ?int
    {
        $fields = Capsule::table('tblcustomfields')->where('type', 'product')->where('relid', $this->product())->orderBy('id');
        foreach ($fields->get() as $field) {
            if (strcasecmp(explode('|', $field->fieldname)[0], $name) === 0) {
                return $field->id;
            }
        }
        return null;
    }

    /** Read again: an upgrade gives the service another product, and with it other fields. */
    private function product(): int
    {
        return (int) Capsule::table('tblhosting')->where('id', $this->service->id)->value('packageid');
    }
}
