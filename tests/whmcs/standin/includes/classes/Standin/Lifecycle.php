<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Database\Capsule;

/**
 * Calls a module's function for a service and does what WHMCS does with the one word it returns.
 *
 * Rule 1: the word is exactly `success`. Anything else, also " success" or true, is an error and changes no status.
 * Rule 2: WHMCS holds no lock and looks at no status first: a second Create of an active service is a second Create,
 * with a second welcome e-mail.
 */
final class Lifecycle
{
    public const SUCCESS = 'success';
    /** Function: name in hooks and logs, status after success, whether a failed automated call is queued. */
    public const ACTIONS = [
        'CreateAccount' => ['Create', 'Active', true],
        'SuspendAccount' => ['Suspend', 'Suspended', true],
        'UnsuspendAccount' => ['Unsuspend', 'Active', true],
        'TerminateAccount' => ['Terminate', 'Terminated', true],
        'Renew' => ['Renew', null, false],
        'ChangePackage' => ['ChangePackage', null, false],
        'ChangePassword' => ['ChangePassword', null, false],
    ];

    /**
     * As `once`, in the session that such a call is made in: staff's, the client's, or none.
     *
     * Rule 3: what runs inside of it (localAPI of a module's button) is in the same session.
     */
    public static function run(int $service, string $function, string $origin, array $more = []): string
    {
        return self::within($service, $origin, static fn () => self::once($service, $function, $origin, $more));
    }

    /** What `$do` returns, done in the session of staff (manual, retry) or of the service's client; other origins have none. */
    public static function within(int $service, string $origin, callable $do): mixed
    {
        $before = $_SESSION ?? [];
        $_SESSION = match ($origin) {
            'manual', 'retry' => ['adminid' => 1],
            // Whoever is signed in on the page; an event of a test has nobody, and then it is the client whose service it is.
            'client' => isset($before['uid']) ? $before : ['uid' => (int) Capsule::table('tblhosting')->where('id', $service)->value('userid')],
            'automated' => [],
            default => $before,
        };
        try {
            return $do();
        } finally {
            $_SESSION = $before;
        }
    }

    /**
     * `success`, or the text that says why not.
     *
     * `$origin`: automated (orders, payments, cron), manual (a person in the admin area), retry (the Module Queue), client
     * or api. `$more`: `password` for ChangePassword, `suspendreason` for SuspendAccount.
     */
    private static function once(int $service, string $function, string $origin, array $more): string
    {
        [$name, , $queued] = self::ACTIONS[$function] ?? ['Custom', null, false];
        if ($function === 'CreateAccount') {
            Naming::complete($service);
        }
        $params = Params::service($service);
        $old = $params['password'];
        if (isset($more['password'])) {
            $params['password'] = $more['password'];
        }
        if ($function === 'SuspendAccount' && Settings::on('suspend_reason_given')) {
            $params['suspendreason'] = ($more['suspendreason'] ?? '') ?: 'Overdue on Payment';
        }
        foreach (Hooks::run("PreModule$name", ['params' => $params]) as $answer) {
            $params = is_array($answer) ? [...$params, ...$answer] : $params;
        }
        if (!empty($params['abortcmd'])) {
            Activity::add("Module $name Aborted by Action Hook - Service ID: $service", $params['userid']);
            return 'Function Aborted by Action Hook Code';
        }
        $answer = self::word($params, $function, $origin);
        $success = $answer === self::SUCCESS;
        Activity::add("Module $name " . ($success ? 'Successful' : 'Failed') . " - Service ID: $service" . ($success ? '' : " - Error: $answer"), $params['userid']);
        if ($success) {
            self::succeeded($service, $function, $params, $more);
        }
        if ($queued) {
            $success ? Queue::done($service, $function, $origin) : Queue::failed($service, $function, $params['moduletype'], $answer, $origin);
        }
        self::after($name, $params, $success, $answer, $old);
        return $answer;
    }

    private static function word(array $params, string $function, string $origin): string
    {
        try {
            $answer = Module::call($params['moduletype'], $function, $params, $origin);
        } catch (Throwable $error) {
            return $error->getMessage() ?: $error::class;
        }
        if (is_string($answer) && $answer !== '') {
            return $answer;
        }
        Module::wrong($params['moduletype'], $function, "'success' or an error text", $answer);
        return 'An unknown error occurred';
    }

    private static function succeeded(int $service, string $function, array $params, array $more): void
    {
        $change = ['updated_at' => Database::now()];
        if ($status = self::ACTIONS[$function][1] ?? null) {
            $change['domainstatus'] = $status;
        }
        $change += match ($function) {
            'SuspendAccount' => ['suspendreason' => $more['suspendreason'] ?? ''],
            'UnsuspendAccount' => ['suspendreason' => ''],
            'TerminateAccount' => ['termination_date' => Settings::today()],
            'ChangePassword' => ['password' => Sealing::seal($params['password'])],
            default => [],
        };
        Capsule::table('tblhosting')->where('id', $service)->update($change);
        if ($function === 'CreateAccount') {
            $order = Database::row('tblhosting', $service)['orderid'];
            Capsule::table('tblorders')->where('id', $order)->update(['status' => 'Active']);
            // Read again: the module may have saved the user name or the password.
            Mail::welcome(Params::service($service));
        }
    }

    /** AfterModuleChangePassword gets both passwords in clear and nothing else. There is no AfterModuleRenew. */
    private static function after(string $name, array $params, bool $success, string $answer, string $old): void
    {
        if ($name === 'Renew') {
            return;
        }
        if (!$success) {
            Hooks::run("AfterModule{$name}Failed", ['params' => $params, 'failureResponseMessage' => $answer]);
        } elseif ($name === 'ChangePassword') {
            Hooks::run('AfterModuleChangePassword', [
                'serviceid' => $params['serviceid'], 'oldpassword' => $old, 'newpassword' => $params['password'],
            ]);
        } else {
            Hooks::run("AfterModule$name", ['params' => $params]);
        }
    }
}
