<?php

namespace EnomBridge\Kit;

/** The ends of jobs since we last asked, for what callbacks did not bring. */
final class Results
{
    private const PAGES = 50; // of 200; more is left for the next run

    public function __construct(private readonly Bridge $bridge)
    {
    }

    /** Throws Fault when the bridge cannot be asked. */
    public function fetch(): void
    {
        $client = $this->bridge->client();
        $after = $this->place();
        for ($page = 0; $page < self::PAGES; $page++) {
            $answer = $client->query('results', ['after' => $after]);
            if ($answer->kind === 'refused') {
                $this->forget($answer->problem);
                return;
            }
            if ($answer->kind !== 'answered') {
                throw new Fault($answer->problem);
            }
            foreach (is_array($answer->receipt['items'] ?? null) ? $answer->receipt['items'] : [] as $found) {
                self::take(is_array($found) ? $found : []);
            }
            $next = $answer->receipt['next'] ?? null;
            if (!is_string($next) || !preg_match('/\A[!-~]{1,128}\z/', $next) || $next === $after) {
                return;
            }
            $after = $next;
            Kit::platform()->store()->keepPlace($this->bridge->id, $after);
        }
    }

    /** Where we were; the first time: an hour ago, because what is older nobody waits for. */
    private function place(): string
    {
        return Kit::platform()->store()->place($this->bridge->id) ?: gmdate('Y-m-d\TH:i:s\Z', time() - 3600);
    }

    /** The place is none of this bridge's: the next run begins anew, and what is pending is asked for all the same. */
    private function forget(string $why): void
    {
        Kit::platform()->store()->keepPlace($this->bridge->id, '');
        Log::activity($why, 0);
    }

    /** @param array<mixed> $found */
    private static function take(array $found): void
    {
        $receipt = Receipt::read($found);
        $service = $receipt === null ? null : Receipt::service($receipt);
        if ($service === null) {
            return;
        }
        try {
            Conclusion::reached($service, $receipt);
        } catch (Fault $fault) {
            // Busy or not to be completed now: the hook stays pending, and is asked for again.
            Log::activity($fault->getMessage(), $service);
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('results', $error); // one that cannot be taken must not stop the others
        }
    }
}
