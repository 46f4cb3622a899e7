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
            if (Service::isAddon($params)) {
                return self::ofAddon($action, $params);
            }
            $service = Service::of($params);
            if (Confirmed::has($service->id, $action)) {
                return 'success';
            }
            $more = $action === Action::Unsuspend && isset(self::$unlocking[$service->id]) ? ['password' => $service->knownPassword()] : [];
            return Lock::around($service->id, fn () => (new self($service, $action))->send($more));
        } catch (Fault $fault) {
            // WHMCS shows to the customer what ChangePassword answers; what stands in the way is for staff.
            return $action === Action::ChangePassword ? self::toClient($fault, $params) : $fault->getMessage();
        } catch (\Throwable $error) {
            $said = self::unexpected($action->value, $params, $error, $service?->log());
            return $action === Action::ChangePassword ? Text::of('failed_client', [], Text::clients($params)) : $said;
        }
    }

    /** @param array<string, mixed> $params */
    private static function toClient(Fault $fault, array $params): string
    {
        if ($fault instanceof Busy) {
            return Text::of('busy_client', [], Text::clients($params));
        }
        Log::activity($fault->getMessage(), (int) ($params['serviceid'] ?? 0));
        return Text::of('failed_client', [], Text::clients($params));
    }

    /** An add-on has no mailbox: there is nothing to end, and whatever would need one is refused. @param array<string, mixed> $params */
    private static function ofAddon(Action $action, array $params): string
    {
        if ($action === Action::ChangePassword) {
            return Text::of('failed_client', [], Text::clients($params));
        }
        if (in_array($action, [Action::Create, Action::Unsuspend], true)) {
            return Text::of('addon');
        }
        Log::activity(Text::of('addon_ended', ['action' => $action->told()]), (int) ($params['serviceid'] ?? 0), (int) ($params['userid'] ?? 0));
        return 'success';
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
            $answer = Automatic::call('ModuleUnsuspend', ['serviceid' => $hosting->id]);
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
        $hosting = Hosting::required($this->service->id);
        $data = $this->service->data($this->action, $record) + $more;
        $pending = $record->pending[$this->action->about()] ?? null;
        if ($this->action === Action::Create && !$pending?->accepted && ($why = $this->service->stops($record)) !== null) {
            Notice::give($hosting, $record, 'domain ' . md5($why), $why, ticket: true);
            $record->save();
            return $why;
        }
        $secret = $this->service->server->secret;
        if ($pending?->isFor($this->action, $data, $secret)) {
            $pending->askedAgain($hosting);
        } else {
            $pending = Pending::fresh($this->action, $data, $hosting, $secret, $pending);
        }
        $record->expect($pending);
        $pending->asked = time();
        $record->save();
        $wait = $this->service->isToldEarly($this->action) ? 0 : Client::WAIT;
        $answer = $this->service->client($pending->password())->hook($pending->id, $this->action->value, $pending->timestamp, $pending->body(), $wait);
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
        $values = ['why' => $answer->problem, 'job' => $answer->receipt['job'] ?? ''];
        return $this->say($answer->kind, $values, in_array('password', $answer->fields, true)) . $this->takeBack($pending);
    }

    /** @param array<string, mixed> $receipt */
    private function ended(Record $record, Pending $pending, array $receipt): string
    {
        $record->learn($receipt, $pending);
        $status = $receipt['status'];
        if ($status === 'held') {
            $pending->accepted = $pending->held = true;
            $pending->sequence = $receipt['sequence'];
            Notice::give(Hosting::required($this->service->id), $record, "{$receipt['job']} held", Text::of('held_notice', Receipt::told($receipt)), ticket: true);
            $record->save();
            return $this->say('held', Receipt::told($receipt));
        }
        $record->settled($pending);
        $record->save();
        $code = Receipt::code($receipt);
        $locked = $status === 'failed' && $code === 'password_needed' && $this->action === Action::Unsuspend;
        if ($locked && $pending->sealed === '' && $this->service->password() !== '') {
            return $this->send(['password' => $this->service->password()]); // it was a lock-out
        }
        if ($record->hasNothingOf($this->action, $receipt)) {
            Log::activity(Text::of('nothing_ours', ['action' => $this->action->told(), 'address' => $receipt['address']]), $this->service->id);
            return 'success';
        }
        if ($status !== 'succeeded' || $receipt['observed_only']) {
            $kind = $status === 'succeeded' ? 'observed' : $status;
            return $this->say($kind, Receipt::told($receipt), $code === 'password_rejected') . $this->takeBack($pending);
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

    /** @param array<string, string> $values @param bool $password whether it is the password that is at fault */
    private function say(string $key, array $values, bool $password = false): string
    {
        if ($this->action !== Action::ChangePassword) {
            return Text::of("{$key}_staff", $values);
        }
        return Text::of(($password ? 'password_refused' : $key) . '_client', $values, $this->service->language());
    }
}
