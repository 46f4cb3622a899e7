<?php

namespace WHMCS\Module\Server\Enombridge;

/**
 * The seven functions that WHMCS calls for a service. They answer with `success`, or with a sentence.
 *
 * Rule 1: `success` is said of what the bridge has confirmed. The one exception is an action that the admin chose to have
 * told early; what becomes of it corrects WHMCS later.
 */
final class Lifecycle
{
    /** @var array<int, true> services that are being unsuspended with their password */
    private static array $unlocking = [];

    private function __construct(private readonly Service $service, private readonly Action $action)
    {
    }

    /** @param array<string, mixed> $params as WHMCS gives them */
    public static function run(Action $action, array $params): string
    {
        $service = null;
        try {
            $service = Service::of($params);
            if (Confirmed::has($service->id, $action)) {
                return 'success';
            }
            $more = $action === Action::Unsuspend && isset(self::$unlocking[$service->id]) ? ['password' => $service->knownPassword()] : [];
            return Lock::around($service->id, fn () => (new self($service, $action))->send($more));
        } catch (Fault $fault) {
            return $fault->getMessage();
        } catch (\Throwable $error) {
            return self::unexpected($action->value, $params, $error, $service?->log());
        }
    }

    /** Never throws: what is told here may be that the database is away, and with it WHMCS's own log. @param array<string, mixed> $params */
    public static function unexpected(string $what, array $params, \Throwable $error, ?Log $log = null): string
    {
        $log ??= new Log([$params['password'] ?? '', $params['serverpassword'] ?? '', $params['serveraccesshash'] ?? '']);
        // Not the trace as PHP writes it: that shows the beginnings of arguments, and so of secrets.
        $places = array_map(fn (array $frame) => ($frame['file'] ?? '-') . ':' . ($frame['line'] ?? 0), $error->getTrace());
        array_unshift($places, $error->getFile() . ':' . $error->getLine());
        try {
            $log->call($what, '', get_class($error) . ': ' . $error->getMessage() . "\n" . implode("\n", $places), 'unexpected');
        } catch (\Throwable) {
        }
        return Text::of('unexpected');
    }

    /** A mailbox that is locked out needs its password: WHMCS runs its own function once more, and that sends it. */
    public static function unlock(Hosting $hosting): void
    {
        self::$unlocking[$hosting->id] = true;
        try {
            $answer = localAPI('ModuleUnsuspend', ['serviceid' => $hosting->id]);
        } finally {
            unset(self::$unlocking[$hosting->id]);
        }
        if (($answer['result'] ?? '') !== 'success') {
            Log::activity(Text::plain((string) ($answer['message'] ?? '')), $hosting->id, $hosting->client);
        }
    }

    /** @param array<string, string> $more data beyond that of the action */
    private function send(array $more = []): string
    {
        $record = Record::of($this->service->id);
        $data = $this->service->data($this->action, $record) + $more;
        $secret = $this->service->server->secret;
        $pending = $record->pending[$this->action->about()] ?? null;
        if (!$pending?->isFor($this->action, $data, $secret)) {
            $pending = Pending::fresh($this->action, $data, Hosting::required($this->service->id), $secret, $pending);
        }
        $record->expect($pending);
        $pending->asked = time();
        $record->save();
        $wait = $this->service->isToldEarly($this->action) ? 0 : Client::WAIT;
        $answer = $this->service->client()->hook($pending->id, $this->action->value, $pending->timestamp, $data, $wait);
        if ($answer->kind === 'ended') {
            return $this->ended($record, $pending, $answer->receipt);
        }
        if ($answer->kind === 'accepted') {
            $pending->accepted = true;
            $pending->told = $pending->told || $this->service->isToldEarly($this->action);
        } elseif ($answer->kind === 'refused') {
            $record->settled($pending); // the same would be refused again
        }
        $record->save();
        if ($pending->told && $answer->kind !== 'refused') {
            return 'success';
        }
        return $this->say($answer->kind, ['why' => $answer->problem, 'job' => $answer->receipt['job'] ?? '']) . $this->takeBack($pending);
    }

    /** @param array<string, mixed> $receipt */
    private function ended(Record $record, Pending $pending, array $receipt): string
    {
        $record->learn($receipt);
        $status = $receipt['status'];
        if ($status === 'held') {
            $pending->accepted = $pending->held = true;
            $pending->sequence = $receipt['sequence'];
            Notice::give(Hosting::required($this->service->id), $record, $receipt['job'], Text::of('held_notice', Receipt::told($receipt)), ticket: true);
            $record->save();
            return $this->say('held', Receipt::told($receipt));
        }
        $record->settled($pending);
        $record->save();
        $locked = $status === 'failed' && ($receipt['error']['code'] ?? '') === 'password_needed' && $this->action === Action::Unsuspend;
        if ($locked && $pending->sealed === '' && $this->service->password() !== '') {
            return $this->send(['password' => $this->service->password()]); // it was a lock-out
        }
        if ($status !== 'succeeded' || $receipt['observed_only']) {
            return $this->say($status === 'succeeded' ? 'observed' : $status, Receipt::told($receipt)) . $this->takeBack($pending);
        }
        $this->nameAfter($record->address);
        return 'success';
    }

    private function takeBack(Pending $pending): string
    {
        return $pending->told ? Conclusion::takeBack(Hosting::required($this->service->id), $pending) : '';
    }

    /** The user name of the service is its mailbox: WHMCS matches accounts and usage by it. */
    private function nameAfter(string $address): void
    {
        if ($address !== '' && Hosting::required($this->service->id)->username !== $address) {
            localAPI('UpdateClientProduct', ['serviceid' => $this->service->id, 'serviceusername' => $address]);
        }
    }

    /** @param array<string, string> $values */
    private function say(string $key, array $values): string
    {
        // WHMCS shows to the customer what ChangePassword answers.
        $for = $this->action === Action::ChangePassword ? 'client' : 'staff';
        return Text::of("{$key}_$for", $values);
    }
}
