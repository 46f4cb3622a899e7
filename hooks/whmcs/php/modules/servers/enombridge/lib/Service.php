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
        if (!empty($params['addonId']) || (class_exists('WHMCS\Service\Addon', false) && ($params['model'] ?? null) instanceof \WHMCS\Service\Addon)) {
            throw new Fault(Text::of('addon'));
        }
        $id = (int) ($params['serviceid'] ?? 0);
        if ($id < 1) {
            throw new Fault(Text::of('no_service'));
        }
        return new self($id, Server::of($params), $params);
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

    /** What the customer asked for now, which need not be the mailbox that the service has. */
    public function address(): string
    {
        return Address::of($this->params);
    }

    /**
     * The hook's data. The mailbox that a service has goes before what its fields say now: an upgrade to another product
     * may empty them, because custom fields belong to a product.
     *
     * @return array<string, string>
     */
    public function data(Action $action, Record $record): array
    {
        if (in_array($action, [Action::Create, Action::ChangePlan], true) && ($now = $this->renamed($record)) !== null) {
            throw new Fault(Text::of('renamed', ['now' => $now, 'has' => $record->address]));
        }
        return ['service_id' => (string) $this->id, 'address' => $record->address ?: $this->address()] + $this->more($action);
    }

    /** The address that the service's fields say now, where that is another one than its mailbox has. */
    public function renamed(Record $record): ?string
    {
        try {
            $now = $record->address === '' ? '' : $this->address();
        } catch (Fault) {
            return null;
        }
        return $now !== '' && Address::differ($now, $record->address) ? Text::plain($now) : null;
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
