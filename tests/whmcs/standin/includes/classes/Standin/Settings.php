<?php

declare(strict_types=1);

namespace Standin;

use WHMCS\Database\Capsule;

/**
 * tblconfiguration. Names in lower case with underscores are the stand-in's own: choices where the documents are silent.
 */
final class Settings
{
    public const DEFAULTS = [
        'SystemURL' => 'http://127.0.0.1/',
        'CompanyName' => 'Sample Hosting',
        // 8 or 9. For a provisioning module the documents tell no difference but the themes that come with it.
        'Version' => '8.13.1-release.1',
        'Language' => 'english',
        // The theme of the client area: six, twenty-one, nexus, bare; empty is a look of the stand-in's own.
        'Template' => '',
        'ModuleDebugMode' => 'on',
        'ModuleHooks' => '',
        'AutoSuspensionDays' => '5',
        'AutoTerminationDays' => '30',
        'today' => '',
        // The reference says that the hook gets `params`; published modules read the parameters at the top level.
        'username_hook' => 'nested',
        // Whether a success by the API completes the Module Queue's row of the earlier failure.
        'api_clears_queue' => 'on',
        // Whether UpdateClientProduct runs the hook ServiceEdit.
        'api_runs_service_edit' => '',
        // A paid, overdue renewal calls both functions; the order is not documented.
        'renew_before_unsuspend' => '',
        // Custom fields, and so service properties, belong to a product. Whether an upgrade carries their values over to
        // fields of the same name of the new product is not documented for developers; by default it does not.
        'upgrade_carries_fields' => '',
        // Whether the client area looks whose a service is. WHMCS does; without it only the module stands in the way.
        'checks_owner' => 'on',
        // Whether SuspendAccount gets the reason among its parameters: documented for the API ModuleSuspend only.
        'suspend_reason_given' => '',
    ];

    public static function get(string $name): string
    {
        return (string) (Capsule::table('tblconfiguration')->where('setting', $name)->value('value') ?? '');
    }

    public static function on(string $name): bool
    {
        return self::get($name) === 'on';
    }

    /** @param array<string, string> $values */
    public static function save(array $values): array
    {
        foreach ($values as $name => $value) {
            if (!array_key_exists($name, self::DEFAULTS)) {
                throw new \InvalidArgumentException("no setting $name");
            }
            $version = $values['Version'] ?? (self::get('Version') ?: self::DEFAULTS['Version']);
            if ($name === 'Template' && !Theme::isThere((string) $value, (string) $version)) {
                throw new \InvalidArgumentException("WHMCS $version has no theme $value");
            }
            Capsule::table('tblconfiguration')->upsert(['setting' => $name, 'value' => $value], ['setting'], ['value']);
        }
        return Capsule::table('tblconfiguration')->pluck('value', 'setting')->all();
    }

    /** The day of the billing, which tests may move; time() stays real. */
    public static function today(): string
    {
        return self::get('today') ?: date('Y-m-d');
    }
}
