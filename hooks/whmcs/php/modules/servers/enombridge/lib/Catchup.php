<?php

namespace WHMCS\Module\Server\Enombridge;

/**
 * After each cron run: fetches the ends that callbacks did not bring, and repeats what is still pending, under its own id.
 *
 * So nothing is lost when the bridge was down, a callback went missing, or WHMCS cannot be reached from outside.
 */
final class Catchup
{
    private const LONGEST = 240; // seconds; WHMCS runs its cron every 5 minutes
    private const FRESH = 60; // seconds that a hook may be on its way without us
    private const PATIENCE = 1800; // seconds until one that the bridge accepted is asked for

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
                if (microtime(true) > $end || !self::repeat($service, $server)) {
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
    private static function repeat(int $service, Server $server): bool
    {
        try {
            foreach (array_keys(Record::of($service)->pending) as $about) {
                [$answer, $next] = Lock::around($service, fn () => self::ask($service, $about, $server), patience: 0);
                if ($answer?->isOneOf('away', 'unsigned')) {
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

    /** @return array{?Answer, ?callable} the answer, if it was asked; what is left to do once the service is free */
    private static function ask(int $service, string $about, Server $server): array
    {
        $record = Record::of($service);
        $pending = $record->pending[$about] ?? null;
        $age = time() - ($pending->asked ?? 0);
        if ($pending === null || $pending->held || $age < ($pending->accepted ? self::PATIENCE : self::FRESH)) {
            return [null, null];
        }
        $hosting = Hosting::find($service);
        if ($hosting === null) {
            $record->pending = [];
            $record->save();
            return [null, null];
        }
        if (!$pending->accepted && ($why = self::unwanted($hosting, $pending)) !== null) {
            $paid = $why === 'paid_meanwhile';
            $text = Text::of($paid ? 'dropped_paid' : 'dropped', ['action' => $pending->action->value]);
            Conclusion::drop($hosting, $record, $pending, $text);
            // The bridge may have had it all the same, if only its answer was lost.
            return [null, $paid ? fn () => Conclusion::lift($hosting) : null];
        }
        $pending->asked = time();
        $record->save();
        $answer = (new Client($server, $server->log()))->hook($pending->id, $pending->action->value, $pending->timestamp, $pending->body(), 0);
        if ($answer->kind === 'accepted') {
            $pending->accepted = true;
            $record->save();
        } elseif ($answer->kind === 'refused') {
            Conclusion::drop($hosting, $record, $pending, Text::of('refused_staff', ['why' => $answer->problem]));
        }
        return [$answer, null];
    }

    /** Whether billing has decided otherwise since. */
    private static function unwanted(Hosting $hosting, Pending $pending): ?string
    {
        if ($pending->action === Action::Suspend && $hosting->due > $pending->due) {
            return 'paid_meanwhile';
        }
        return in_array($hosting->status, [$pending->was, $pending->action->leadsTo()], true) ? null : 'status';
    }
}
