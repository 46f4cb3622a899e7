<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/** The tables of WHMCS that its documents name, with the columns a provisioning module may meet; `standin_*` are ours. */
final class Schema
{
    /** A trailing word says the type: none is text, compared without regard to case as MySQL does. */
    private const TABLES = [
        'tblconfiguration' => 'setting value',
        'tbladmins' => 'username email',
        'tblclients' => 'firstname lastname companyname email address1 address2 city state postcode country phonenumber'
            . ' status language notes datecreated groupid:int',
        'tblclientgroups' => 'groupname susptermexempt',
        'tbldomains' => 'userid:int domain status registrationdate expirydate nextduedate',
        'tblticketdepartments' => 'name email',
        'tblproducts' => 'type name servertype autosetup welcomeemail servergroup:int price'
            . ' configoption1 configoption2 configoption3 configoption4 configoption5 configoption6 configoption7'
            . ' configoption8 configoption9 configoption10 configoption11 configoption12 configoption13 configoption14'
            . ' configoption15 configoption16 configoption17 configoption18 configoption19 configoption20'
            . ' configoption21 configoption22 configoption23 configoption24',
        'tblproduct_upgrade_products' => 'product_id:int upgrade_product_id:int',
        'tblservers' => 'name type hostname ipaddress port:null secure username password accesshash disabled:int active:int',
        'tblhosting' => 'userid:int orderid:int packageid:int server:int regdate domain amount billingcycle nextduedate'
            . ' nextinvoicedate termination_date domainstatus username password notes subscriptionid suspendreason'
            . ' overideautosuspend overidesuspenduntil dedicatedip assignedips ns1 ns2 diskusage:int disklimit:int'
            . ' bwusage:int bwlimit:int lastupdate created_at updated_at',
        'tblcustomfields' => 'type relid:int fieldname fieldtype description fieldoptions adminonly required showorder'
            . ' showinvoice sortorder:int',
        'tblcustomfieldsvalues' => 'fieldid:int relid:int value',
        'tblproductconfiggroups' => 'name',
        'tblproductconfiglinks' => 'gid:int pid:int',
        'tblproductconfigoptions' => 'gid:int optionname optiontype:int qtyminimum:int qtymaximum:int',
        'tblproductconfigoptionssub' => 'configid:int optionname',
        'tblhostingconfigoptions' => 'relid:int configid:int optionid:int qty:int',
        'tblorders' => 'ordernum userid:int invoiceid:int date status',
        'tblinvoices' => 'userid:int date duedate datepaid status total',
        'tblinvoiceitems' => 'invoiceid:int userid:int type relid:int description amount duedate',
        'tblupgrades' => 'type relid:int originalvalue newvalue status date',
        'tblmodulequeue' => 'service_type service_id:int module_name module_action last_attempt last_attempt_error'
            . ' num_retries:int completed:int created_at updated_at',
        'tblactivitylog' => 'date description userid:int',
        'tblemails' => 'userid:int recipient kind template subject message date relid:int',
        'tbltickets' => 'tid c did:int userid:int service title message urgency status date name email',
        'tblticketnotes' => 'ticketid:int message date',
        'tblmodulelog' => 'date module action request response arrdata',
        'tblcancelrequests' => 'date relid:int reason type',
        'standin_rawlog' => 'module action request response processed replacevars',
        'standin_calls' => 'at function module serviceid:int origin result seconds:real pid:int',
        'standin_faults' => 'at origin kind message file line:int during',
        'standin_notifications' => 'at identifier title message url status style attributes',
        'standin_metrics' => 'at serverid:int tenant serviceid:int metric name type value:real',
        'standin_crons' => 'at daily:int seconds:real report',
    ];
    private const UNIQUE = [
        'tblconfiguration' => 'setting',
        'tblcustomfields' => 'type, relid, fieldname',
        'tblcustomfieldsvalues' => 'fieldid, relid',
        'tblhostingconfigoptions' => 'relid, configid',
        'standin_metrics' => 'serverid, tenant, metric',
    ];
    private const TYPES = [
        'text' => "TEXT NOT NULL DEFAULT '' COLLATE NOCASE",
        'int' => 'INTEGER NOT NULL DEFAULT 0',
        'real' => 'REAL NOT NULL DEFAULT 0',
        'null' => 'INTEGER',
    ];

    public static function create(): void
    {
        foreach (self::TABLES as $table => $columns) {
            $lines = ['id INTEGER PRIMARY KEY AUTOINCREMENT'];
            foreach (explode(' ', $columns) as $column) {
                [$name, $type] = [...explode(':', $column), 'text'];
                $lines[] = "\"$name\" " . self::TYPES[$type];
            }
            if (isset(self::UNIQUE[$table])) {
                $lines[] = 'UNIQUE (' . self::UNIQUE[$table] . ')';
            }
            Capsule::connection()->statement("CREATE TABLE IF NOT EXISTS $table (" . implode(', ', $lines) . ')');
        }
    }

    /** Once per installation. */
    public static function install(string $system_url = ''): array
    {
        if (Database::installed()) {
            throw new \LogicException('already installed');
        }
        Capsule::connection()->transaction(static function () use ($system_url): void {
            self::create();
            Settings::save(Settings::DEFAULTS);
            Capsule::table('tbladmins')->insert(['username' => 'admin', 'email' => 'staff@hosting.example']);
            Capsule::table('tblticketdepartments')->insert(['name' => 'Support', 'email' => 'support@hosting.example']);
        });
        if ($system_url !== '') {
            Settings::save(['SystemURL' => $system_url]);
        }
        return ['installed' => true];
    }
}
