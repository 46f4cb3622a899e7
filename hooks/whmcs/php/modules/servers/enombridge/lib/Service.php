<?php

namespace WHMCS\Module\Server\Enombridge;

/** One call of WHMCS for one service: who, which mailbox, and what the hook has to say. */
final class Service
{
    /** @param array<string, mixed> $params */
    private function __construct(
        public readonly int $id,
        public readonly Server $server,
        private readonly array $params,
        private string $fresh = '', // a password that was made up in this call
    ) {
    }

    /** @param array<string, mixed> $params as WHMCS gives them; throws Fault */
    public static function of(array $params): self
    {
        if (self::isAddon($params)) {
            throw new Fault(Text::of('addon'));
        }
        $id = (int) ($params['serviceid'] ?? 0);
        if ($id < 1) {
            throw new Fault(Text::of('no_service'));
        }
        return new self($id, Server::of($params), $params);
    }

    /** @param array<string, mixed> $params */
    public static function isAddon(array $params): bool
    {
        return !empty($params['addonId']) || (class_exists('WHMCS\Service\Addon', false) && ($params['model'] ?? null) instanceof \WHMCS\Service\Addon);
    }

    public function log(): Log
    {
        return $this->server->log((string) ($this->params['password'] ?? ''), $this->fresh);
    }

    /** @param string $secrets what its log must not show beside the password that the service has now */
    public function client(string ...$secrets): Client
    {
        return new Client($this->server, $this->log()->hiding(...$secrets));
    }

    /** The password that WHMCS holds for this service, as a person typed it: WHMCS may have escaped it as HTML. */
    public function password(): string
    {
        return htmlspecialchars_decode((string) ($this->params['password'] ?? ''), ENT_QUOTES);
    }

    /** The same; throws Fault when there is none. */
    public function knownPassword(): string
    {
        return $this->password() !== '' ? $this->password() : throw new Fault(Text::of('password_unknown'));
    }

    public function isToldEarly(Action $action): bool
    {
        return $action->mayBeToldEarly() && Option::InProgress->value($this->params) === 'success';
    }

    /** WHMCS's id of the client. */
    public function customer(): string
    {
        return self::line($this->params['userid'] ?? '');
    }

    /** The client's language, as WHMCS names it. */
    public function language(): string
    {
        return Text::clients($this->params);
    }

    /** What the customer asked for now, which need not be the mailbox that the service has. */
    public function address(): string
    {
        return Address::of($this->params);
    }

    /**
     * The hook's data. The mailbox that a service has goes before what its fields say now: an upgrade to another product
     * may empty them, because custom fields belong to a product.
     *
     * @return array<string, string|bool>
     */
    public function data(Action $action, Record $record): array
    {
        if (in_array($action, [Action::Create, Action::ChangePlan], true) && ($now = $this->renamed($record)) !== null) {
            throw new Fault(Text::of('renamed', ['now' => $now, 'has' => $record->address]));
        }
        $data = $this->mailbox($record) + array_filter(['customer_id' => $this->customer()], 'strlen') + $this->more($action);
        return $action === Action::Create && $this->isConfirmed($record) ? $data + ['domain_confirmed' => true] : $data;
    }

    /** Which mailbox of which service. @return array<string, string> */
    public function mailbox(Record $record): array
    {
        return ['service_id' => (string) $this->id, 'address' => $record->address ?: $this->address()];
    }

    /** Why this client may not have a mailbox in that domain, as far as WHMCS knows and staff has not said otherwise. */
    public function stops(Record $record): ?string
    {
        if ($record->address !== '' || $this->isConfirmed($record)) {
            return null;
        }
        $why = Domain::stops($this->address(), (int) $this->customer(), Option::DomainCheck->value($this->params));
        return $why === null ? null : Text::of('domain_stopped', ['why' => $why]);
    }

    /** Staff has pressed "Send anyway" for this domain. */
    private function isConfirmed(Record $record): bool
    {
        return $record->confirmed !== '' && $record->confirmed === Address::domain($record->address ?: $this->address());
    }

    /** The address that the service's fields say now, where that is another one than its mailbox has. */
    public function renamed(Record $record): ?string
    {
        try {
            return $record->isRenamed($now = $this->address()) ? Text::plain($now) : null;
        } catch (Fault) {
            return null;
        }
    }

    /** @return array<string, string> */
    private function more(Action $action): array
    {
        $more = match ($action) {
            Action::Create => ['password' => $this->fitPassword(), 'display_name' => $this->name(), 'plan' => Option::Plan->value($this->params)],
            Action::Suspend => ['reason' => self::line($this->params['suspendreason'] ?? '')],
            Action::ChangePassword => ['password' => $this->password()],
            Action::ChangePlan => ['plan' => Option::Plan->value($this->params)],
            Action::Renew => ['until' => Hosting::required($this->id)->covered()],
            default => [],
        };
        return array_filter($more, fn (string $value) => $value !== '');
    }

    /** A new mailbox's password: WHMCS's own, or where Enom's rule forbids it, a new one that WHMCS then has as well. */
    private function fitPassword(): string
    {
        if (Password::fits($this->password())) {
            return $this->password();
        }
        $this->fresh = Password::fresh();
        $kept = localAPI('UpdateClientProduct', ['serviceid' => $this->id, 'servicepassword' => $this->fresh]);
        if (($kept['result'] ?? '') !== 'success') {
            throw new Fault(Text::of('password_not_kept'));
        }
        return $this->fresh;
    }

    private function name(): string
    {
        $client = (array) ($this->params['clientsdetails'] ?? []);
        return self::line(($client['firstname'] ?? '') . ' ' . ($client['lastname'] ?? ''));
    }

    private static function line(mixed $value): string
    {
        $text = htmlspecialchars_decode(mb_scrub(is_scalar($value) ? (string) $value : ''), ENT_QUOTES);
        return mb_substr(trim((string) preg_replace('/[\x00-\x1f\x7f\s]+/u', ' ', $text)), 0, 255);
    }
}
