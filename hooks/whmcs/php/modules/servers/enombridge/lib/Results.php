<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** The ends of jobs since we last asked, for what callbacks did not bring. */
final class Results
{
    public const TABLE = 'mod_enombridge_results';

    private const PAGES = 50; // of 200; more is left for the next run

    public function __construct(private readonly Server $server, private readonly Client $client)
    {
    }

    /** Throws Fault when the bridge cannot be asked. */
    public function fetch(): void
    {
        $after = $this->place();
        for ($page = 0; $page < self::PAGES; $page++) {
            $answer = $this->client->query('results', ['after' => $after]);
            if ($answer->kind !== 'answered') {
                throw new Fault($answer->problem);
            }
            foreach ((array) ($answer->receipt['items'] ?? []) as $receipt) {
                self::take((array) $receipt);
            }
            $next = $answer->receipt['next'] ?? null;
            if (!is_string($next)) {
                return;
            }
            $after = $next;
            Capsule::table(self::TABLE)->updateOrInsert(['server' => $this->server->id], ['after' => $after]);
        }
    }

    /** Where we were; the first time: an hour ago, because what is older nobody waits for. */
    private function place(): string
    {
        $kept = Capsule::table(self::TABLE)->where('server', $this->server->id)->value('after');
        return is_string($kept) && $kept !== '' ? $kept : gmdate('Y-m-d\TH:i:s\Z', time() - 3600);
    }

    /** @param array<string, mixed> $receipt */
    public static function take(array $receipt): void
    {
        $service = (string) ($receipt['service_id'] ?? '');
        if (!preg_match('/\A[1-9][0-9]{0,9}\z/', $service)) {
            return; // of an add-on, or of something else that shares the source
        }
        try {
            Conclusion::reached((int) $service, $receipt);
        } catch (Fault $fault) {
            // Busy or not to be completed now: the hook stays pending, and is asked for again.
            Log::activity($fault->getMessage(), (int) $service);
        }
    }
}
