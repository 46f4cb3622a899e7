<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Client;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;

/** All mailboxes of a server at once: for WHMCS's Server Sync Tool, and for the daily usage. */
final class Accounts
{
    private const LONGEST = 600; // seconds of a daily cron; those with the oldest figures come first
    private const PAGES = 500; // of 200
    private const FAILURES = 3; // in a row: one mailbox that Enom cannot answer for must not starve the others, day after day

    /**
     * @param array<string, mixed> $params
     * @return array<string, mixed>
     */
    public static function list(array $params): array
    {
        try {
            $client = self::client($params);
            $accounts = [];
            $after = '';
            for ($page = 0; $page < self::PAGES; $page++) {
                $answer = $client->query('mailbox.list', $after === '' ? [] : ['after' => $after]);
                if ($answer->kind !== 'answered') {
                    throw new Fault($answer->problem);
                }
                foreach (is_array($answer->receipt['items'] ?? null) ? $answer->receipt['items'] : [] as $item) {
                    $account = is_array($item) ? self::described($item) : null;
                    if ($account !== null) {
                        $accounts[] = $account;
                    }
                }
                $next = $answer->receipt['next'] ?? null;
                if (!is_string($next) || $next <= $after) {
                    break; // pages go in the order of addresses: one that goes back would never end
                }
                $after = $next;
            }
            return ['success' => true, 'accounts' => $accounts];
        } catch (Fault $fault) {
            return ['success' => false, 'error' => $fault->getMessage()];
        } catch (\Throwable $error) {
            return ['success' => false, 'error' => Lifecycle::unexpected('mailbox.list', $params, $error)];
        }
    }

    /** Writes what each mailbox uses. Never throws. @param array<string, mixed> $params */
    public static function updateUsage(array $params): void
    {
        try {
            $client = self::client($params);
            $failures = 0;
            $end = microtime(true) + self::LONGEST;
            $services = Capsule::table('tblhosting')->where('server', (int) ($params['serverid'] ?? 0))->whereIn('domainstatus', ['Active', 'Suspended'])
                ->orderBy('lastupdate')->get(['id', 'username']);
            foreach ($services as $service) {
                $address = Record::of((int) $service->id)->address ?: $service->username;
                if (!str_contains((string) $address, '@')) {
                    continue; // created by something else, and not taken over yet
                }
                $answer = $client->query('mailbox.usage', ['service_id' => (string) $service->id, 'address' => $address]);
                if ($answer->kind === 'answered') {
                    self::write((int) $service->id, $answer->receipt);
                }
                $failures = $answer->kind === 'away' ? $failures + 1 : 0;
                if ($answer->kind === 'unsigned' || $failures === self::FAILURES || microtime(true) > $end) {
                    return; // WHMCS comes again tomorrow
                }
            }
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), 0);
        } catch (\Throwable $error) {
            Lifecycle::unexpected('mailbox.usage', $params, $error);
        }
    }

    /** @param array<string, mixed> $usage */
    private static function write(int $service, array $usage): void
    {
        $figures = [];
        foreach (['diskusage' => 'used_bytes', 'disklimit' => 'quota_bytes'] as $column => $name) {
            if (is_int($usage[$name] ?? null)) { // what Enom does not show stays as it is
                $figures[$column] = (int) ceil(max(0, $usage[$name]) / 1048576);
            }
        }
        Capsule::table('tblhosting')->where('id', $service)->update($figures + ['lastupdate' => date('Y-m-d H:i:s')]);
    }

    /**
     * @param array<mixed> $item
     * @return ?array<string, string> null: there is no such mailbox now
     */
    private static function described(array $item): ?array
    {
        $address = Receipt::address($item['address'] ?? null);
        if ($address === '' || !in_array($item['state'] ?? '', ['active', 'suspended'], true)) {
            return null;
        }
        $text = fn (string $name): string => is_string($item[$name] ?? null) ? Text::plain($item[$name]) : '';
        return [
            'name' => $address,
            'email' => $address,
            'username' => $address,
            'domain' => substr((string) strrchr($address, '@'), 1),
            'uniqueIdentifier' => $address,
            'product' => $text('plan'),
            'primaryip' => '',
            'created' => self::local($text('created_at')),
            'status' => $item['state'] === 'suspended' ? 'Suspended' : 'Active', // the constants of WHMCS\Service\Status
        ];
    }

    private static function local(string $time): string
    {
        $seconds = $time === '' ? false : strtotime($time);
        return date('Y-m-d H:i:s', $seconds === false ? time() : $seconds);
    }

    /** @param array<string, mixed> $params */
    private static function client(array $params): Client
    {
        return Server::of($params)->client();
    }
}
