<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** All mailboxes of a server at once: for WHMCS's Server Sync Tool, and for the daily usage. */
final class Accounts
{
    private const LONGEST = 600; // seconds of a daily cron; those with the oldest figures come first

    /**
     * @param array<string, mixed> $params
     * @return array<string, mixed>
     */
    public static function list(array $params): array
    {
        try {
            $client = self::client($params);
            $accounts = [];
            for ($after = null; $after !== '';) {
                $answer = $client->query('mailbox.list', $after === null ? [] : ['after' => $after]);
                if ($answer->kind !== 'answered') {
                    throw new Fault($answer->problem);
                }
                foreach ((array) ($answer->receipt['items'] ?? []) as $item) {
                    if (in_array($item['state'] ?? '', ['active', 'suspended'], true)) {
                        $accounts[] = self::described($item);
                    }
                }
                $after = (string) ($answer->receipt['next'] ?? '');
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
                if ($answer->isOneOf('away', 'unsigned') || microtime(true) > $end) {
                    return; // WHMCS comes again tomorrow
                }
            }
        } catch (\Throwable $error) {
            Lifecycle::unexpected('mailbox.usage', $params, $error);
        }
    }

    /** @param array<string, mixed> $usage */
    private static function write(int $service, array $usage): void
    {
        $megabytes = fn (string $name): int => (int) ceil(max(0, (int) ($usage[$name] ?? 0)) / 1048576);
        Capsule::table('tblhosting')->where('id', $service)->update([
            'diskusage' => $megabytes('used_bytes'),
            'disklimit' => $megabytes('quota_bytes'),
            'lastupdate' => date('Y-m-d H:i:s'),
        ]);
    }

    /**
     * @param array<string, mixed> $item
     * @return array<string, string>
     */
    private static function described(array $item): array
    {
        $address = (string) ($item['address'] ?? '');
        return [
            'name' => $address,
            'email' => $address,
            'username' => $address,
            'domain' => substr((string) strrchr($address, '@'), 1),
            'uniqueIdentifier' => $address,
            'product' => (string) ($item['plan'] ?? ''),
            'primaryip' => '',
            'created' => self::local((string) ($item['created_at'] ?? '')),
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
        $server = Server::of($params);
        return new Client($server, new Log([$server->secret, substr($server->secret, 6)]));
    }
}
