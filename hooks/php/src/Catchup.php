<?php

namespace EnomBridge\Kit;

/**
 * After each cron run: fetches the ends that callbacks did not bring, repeats under its own id what the bridge does not have
 * yet, and takes back what the platform wants no longer.
 *
 * So nothing is lost when the bridge was down, a callback went missing, or the platform cannot be
 * reached from outside.
 */
final class Catchup
{
    private const LONGEST = 240; // seconds; a cron that runs every 5 minutes is expected
    private const FRESH = 60; // seconds that a hook may be on its way without us
    private const PATIENCE = 1800; // seconds until one that the bridge accepted is asked for
    private const QUEUE = 900; // seconds that a job may wait for a worker of the platform
    private const UNKNOWN = 404;

    /** Never throws. */
    public static function run(): void
    {
        $end = microtime(true) + self::LONGEST;
        try {
            foreach (Kit::platform()->bridges() as $id) {
                self::bridge($id, $end);
            }
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('cron', $error);
        }
    }

    /**
     * What was just changed in billing: what is no longer wanted is taken back at once. Never
     * throws.
     */
    public static function reconsider(int $service): void
    {
        try {
            $now = Record::of($service)->pending === [] ? null : Kit::platform()->service($service);
            $bridge = $now === null ? null : Kit::platform()->bridge($now->bridge);
            if ($bridge !== null) {
                self::service($service, $bridge, repeats: false);
            }
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('reconsider', $error);
        }
    }

    private static function bridge(int $id, float $end): void
    {
        try {
            $bridge = Kit::platform()->bridge($id);
            if ($bridge === null) {
                return;
            }
            (new Results($bridge))->fetch();
            foreach (Kit::platform()->store()->waiting($id) as $service) {
                if (microtime(true) > $end || !self::service($service, $bridge)) {
                    return;
                }
            }
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), 0);
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('cron', $error); // another bridge is none the worse for it
        }
    }

    /** False: the bridge is away, and it is no use to go on. */
    private static function service(int $service, Bridge $bridge, bool $repeats = true): bool
    {
        try {
            $seen = [];
            // What is dropped may bring back what it had taken the place of.
            while (($pending = current(array_diff_key(self::byId($service), $seen))) !== false) {
                $seen[$pending->id] = true;
                [$answer, $next] = Lock::around($service, fn () => self::ask($service, $pending->action->about(), $bridge, $repeats), patience: 0);
                if ($answer?->isTheLast()) {
                    return false;
                }
                if ($answer?->kind === 'ended') {
                    Conclusion::reached($service, $answer->receipt);
                } elseif ($next !== null) {
                    $next();
                }
            }
        } catch (Busy) {
            return true;
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), $service);
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('cron', $error); // one service that cannot be dealt with must not stop the others
        }
        return true;
    }

    /** @return array<string, Pending> */
    private static function byId(int $service): array
    {
        return array_column(array_map(fn (Pending $one) => [$one->id, $one], Record::of($service)->pending), 1, 0);
    }

    /** @return array{?Answer, ?callable} the answer, if there is more to make of it; what is left to do once the service is free */
    private static function ask(int $service, string $about, Bridge $bridge, bool $repeats): array
    {
        $record = Record::of($service);
        $pending = $record->pending[$about] ?? null;
        $age = time() - ($pending->asked ?? 0);
        $fresh = $pending?->queued ? self::QUEUE : self::FRESH;
        if ($pending === null || ($age < $fresh && !$pending->accepted && !$pending->held)) {
            return [null, null];
        }
        $now = Kit::platform()->service($service);
        $client = $bridge->client();
        if ($now === null) {
            return [self::forgotten($record, $pending, $client), null];
        }
        foreach ($pending->superseded() as $one) {
            $answer = $client->withdraw($one);
            if ($answer->isOneOf('away', 'unsigned')) {
                return [$answer, null];
            }
            $pending->replaced = array_values(array_filter($pending->replaced, fn (Pending $other) => $other->id !== $one->id));
            $record->save();
        }
        $wanted = Wanted::of($pending, $now);
        if ($wanted->verdict !== Verdict::Keep) {
            return Withdrawal::ask($now, $record, $pending, $wanted, $client);
        }
        if (!$repeats || $pending->held || ($pending->accepted && $age < self::PATIENCE)) {
            return [null, null];
        }
        $pending->asked = time();
        $pending->queued = false;
        $record->save();
        return [$pending->accepted ? self::look($record, $pending, $client) : self::repeat($now, $record, $pending, $client), null];
    }

    /** The bridge has it, and is asked how it stands; nothing is sent a second time. */
    private static function look(Record $record, Pending $pending, Client $client): Answer
    {
        $answer = $client->job($pending);
        if ($answer->kind === 'refused' && $answer->status === self::UNKNOWN) {
            $pending->accepted = false; // it lost it, as after a restored backup: from now on it is as if it never came
            $record->save();
        }
        return $answer;
    }

    private static function repeat(Service $service, Record $record, Pending $pending, Client $client): Answer
    {
        $answer = $client->hook($pending->id, $pending->type(), $pending->timestamp, $pending->body(), 0);
        if ($answer->kind === 'accepted') {
            $pending->accepted = true;
            $record->save();
        } elseif ($answer->kind === 'refused') {
            Conclusion::drop($service, $record, $pending, Text::of('refused_staff', ['why' => $answer->problem]));
        }
        return $answer;
    }

    /** The service is not ours any more: nothing of it is wanted. */
    private static function forgotten(Record $record, Pending $pending, Client $client): ?Answer
    {
        $answer = $client->withdraw($pending);
        if (!$answer->isOneOf('away', 'unsigned')) {
            $record->settled($pending);
            $record->save();
            return null;
        }
        return $answer;
    }
}
