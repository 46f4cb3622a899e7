<?php

namespace WHMCS\Module\Server\Enombridge;

/**
 * After each cron run: fetches the ends that callbacks did not bring, repeats under its own id what the bridge does not have
 * yet, and takes back what WHMCS wants no longer.
 *
 * So nothing is lost when the bridge was down, a callback went missing, or WHMCS cannot be reached from outside.
 */
final class Catchup
{
    private const LONGEST = 240; // seconds; WHMCS runs its cron every 5 minutes
    private const FRESH = 60; // seconds that a hook may be on its way without us
    private const PATIENCE = 1800; // seconds until one that the bridge accepted is asked for
    private const UNKNOWN = 404;

    /** Never throws. */
    public static function run(): void
    {
        $end = microtime(true) + self::LONGEST;
        try {
            foreach (Server::ids() as $id) {
                self::server($id, $end);
            }
        } catch (\Throwable $error) {
            Lifecycle::unexpected('cron', [], $error);
        }
    }

    /** What was just changed in WHMCS: what is no longer wanted is taken back at once. Never throws. */
    public static function reconsider(int $service): void
    {
        try {
            $hosting = Record::of($service)->pending === [] ? null : Hosting::find($service);
            $server = $hosting === null ? null : Server::stored($hosting->server);
            if ($server !== null) {
                self::service($service, $server, repeats: false);
            }
        } catch (\Throwable $error) {
            Lifecycle::unexpected('reconsider', [], $error);
        }
    }

    private static function server(int $id, float $end): void
    {
        Record::prepare();
        try {
            $server = Server::stored($id);
            if ($server === null) {
                return;
            }
            (new Results($server, new Client($server, $server->log())))->fetch();
            foreach (Record::pendingOnes($id) as $service) {
                if (microtime(true) > $end || !self::service($service, $server)) {
                    return;
                }
            }
        } catch (Fault $fault) {
            Log::activity($fault->getMessage(), 0);
        } catch (\Throwable $error) {
            Lifecycle::unexpected('cron', [], $error); // another server's bridge is none the worse for it
        }
    }

    /** False: the bridge is away, and it is no use to go on. */
    private static function service(int $service, Server $server, bool $repeats = true): bool
    {
        try {
            $seen = [];
            // What is dropped may bring back what it had taken the place of.
            while (($pending = current(array_diff_key(self::byId($service), $seen))) !== false) {
                $seen[$pending->id] = true;
                [$answer, $next] = Lock::around($service, fn () => self::ask($service, $pending->action->about(), $server, $repeats), patience: 0);
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
            Lifecycle::unexpected('cron', [], $error); // one service that cannot be dealt with must not stop the others
        }
        return true;
    }

    /** @return array<string, Pending> */
    private static function byId(int $service): array
    {
        return array_column(array_map(fn (Pending $one) => [$one->id, $one], Record::of($service)->pending), 1, 0);
    }

    /** @return array{?Answer, ?callable} the answer, if there is more to make of it; what is left to do once the service is free */
    private static function ask(int $service, string $about, Server $server, bool $repeats): array
    {
        $record = Record::of($service);
        $pending = $record->pending[$about] ?? null;
        $age = time() - ($pending->asked ?? 0);
        if ($pending === null || ($age < self::FRESH && !$pending->accepted && !$pending->held)) {
            return [null, null];
        }
        $hosting = Hosting::find($service);
        $client = new Client($server, $server->log());
        if ($hosting === null) {
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
        $wanted = Wanted::of($pending, $hosting);
        if ($wanted->verdict !== Verdict::Keep) {
            return Withdrawal::ask($hosting, $record, $pending, $wanted, $client);
        }
        if (!$repeats || $pending->held || ($pending->accepted && $age < self::PATIENCE)) {
            return [null, null];
        }
        $pending->asked = time();
        $record->save();
        return [$pending->accepted ? self::look($record, $pending, $client) : self::repeat($hosting, $record, $pending, $client), null];
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

    private static function repeat(Hosting $hosting, Record $record, Pending $pending, Client $client): Answer
    {
        $answer = $client->hook($pending->id, $pending->action->value, $pending->timestamp, $pending->body(), 0);
        if ($answer->kind === 'accepted') {
            $pending->accepted = true;
            $record->save();
        } elseif ($answer->kind === 'refused') {
            Conclusion::drop($hosting, $record, $pending, Text::of('refused_staff', ['why' => $answer->problem]));
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
