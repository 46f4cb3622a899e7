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
            return ['success' => true, 'accounts' => self::withEmpty(self::together($accounts), (int) ($params['serverid'] ?? 0))];
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
                $kind = self::counted((int) $service->id, (string) $service->username, $client);
                $failures = $kind === 'away' ? $failures + 1 : 0;
                if ($kind === 'unsigned' || $failures === self::FAILURES || microtime(true) > $end) {
                    return; // WHMCS comes again tomorrow
                }
            }
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), 0);
        } catch (\Throwable $error) {
            Lifecycle::unexpected('mailbox.usage', $params, $error);
        }
    }

    /** Counts one service. How the bridge answered; empty: it was not asked. */
    private static function counted(int $service, string $username, Client $client): string
    {
        $address = Record::of($service)->address ?: $username;
        if (!str_contains($address, '@')) {
            $hosting = Hosting::find($service);
            return $hosting?->hasSeats() ? self::countedTogether($hosting, $client) : ''; // else made by something else, and not taken over yet
        }
        $answer = $client->query('mailbox.usage', ['service_id' => (string) $service, 'address' => $address]);
        if ($answer->kind === 'answered') {
            self::write($service, $answer->receipt);
        }
        return $answer->kind;
    }

    /** The mailboxes of a domain are one service: what they use and may use is added up. */
    private static function countedTogether(Hosting $hosting, Client $client): string
    {
        try {
            $living = Mailboxes::of(SeatsService::of(Params::of($hosting)))->living();
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), $hosting->id, $hosting->client);
            return 'away';
        }
        $sum = ['used_bytes' => 0, 'quota_bytes' => 0];
        foreach ($living as $one) {
            $answer = $client->query('mailbox.usage', ['service_id' => (string) $hosting->id, 'address' => $one['address']]);
            if ($answer->isOneOf('away', 'unsigned')) {
                return $answer->kind; // half a sum is none
            }
            $read = ['used_bytes' => $answer->receipt['used_bytes'] ?? null, 'quota_bytes' => $answer->receipt['quota_bytes'] ?? null];
            $sum['used_bytes'] += is_int($read['used_bytes']) ? $read['used_bytes'] : $one['used'];
            $sum['quota_bytes'] += is_int($read['quota_bytes']) ? $read['quota_bytes'] : $one['quota'];
        }
        self::write($hosting->id, $sum);
        Store::count($hosting->id, count($living));
        return 'answered';
    }

    /**
     * Those of one service that has a domain's mailboxes are one account, as they are one service here.
     *
     * @param list<array<string, string>> $accounts
     * @return list<array<string, string>>
     */
    private static function together(array $accounts): array
    {
        $found = [];
        foreach ($accounts as $account) {
            $hosting = Hosting::find((int) $account['service']);
            $has = $hosting !== null && $hosting->hasSeats();
            $account = array_diff_key($account, ['service' => 0]);
            if (!$has) {
                $found[] = $account;
                continue;
            }
            $name = $hosting->mailbox;
            $one = $found[$name] ?? ['name' => $name, 'email' => '', 'username' => $name, 'domain' => $name, 'uniqueIdentifier' => $name] + $account;
            $one['created'] = min($one['created'], $account['created']);
            $one['status'] = in_array('Active', [$one['status'], $account['status']], true) ? 'Active' : 'Suspended';
            $found[$name] = $one;
        }
        return array_values($found);
    }

    /**
     * A domain whose customer has not made a mailbox yet is an account too: as one that is missing, WHMCS would offer to end
     * its service.
     *
     * @param list<array<string, string>> $accounts
     * @return list<array<string, string>>
     */
    private static function withEmpty(array $accounts, int $server): array
    {
        $known = array_flip(array_column($accounts, 'uniqueIdentifier'));
        $services = Capsule::table('tblhosting')->join('tblproducts', 'tblproducts.id', '=', 'tblhosting.packageid')
            ->where('tblproducts.servertype', 'enombridge')->where('tblhosting.server', $server)
            ->whereIn('tblhosting.domainstatus', ['Active', 'Suspended'])->where('tblhosting.username', 'not like', '%@%')
            ->where('tblhosting.username', '!=', '')->orderBy('tblhosting.id')->pluck('tblhosting.id');
        foreach ($services as $service) {
            $hosting = Hosting::find((int) $service);
            $name = (string) $hosting?->mailbox;
            if (!isset($known[$name]) && $hosting?->hasSeats()) {
                $known[$name] = true;
                $made = $hosting->column('regdate');
                $accounts[] = [
                    'name' => $name, 'email' => '', 'username' => $name, 'domain' => $name, 'uniqueIdentifier' => $name,
                    'product' => '', 'primaryip' => '', 'created' => self::local($made), 'status' => $hosting->status,
                ];
            }
        }
        return $accounts;
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
            'service' => $text('service_id'),
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
