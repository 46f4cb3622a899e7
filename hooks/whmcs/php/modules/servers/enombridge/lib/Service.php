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
        return new Log([$this->params['password'] ?? '', $this->password(), $this->server->secret, substr($this->server->secret, 6)]);
    }

    public function client(): Client
    {
        return new Client($this->server, $this->log());
    }

    /** The password that WHMCS holds for this service, as a person typed it: WHMCS may have escaped it as HTML. */
    public function password(): string
    {
        return htmlspecialchars_decode((string) ($this->params['password'] ?? ''), ENT_QUOTES);
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
     * The hook's data. The mailbox that a service has goes before what its fields say now.
     *
     * @return array<string, string>
     */
    public function data(Action $action, Record $record): array
    {
        $wanted = $record->address === '' || $action === Action::Create || $action === Action::ChangePlan ? $this->address() : '';
        if ($wanted !== '' && $record->address !== '' && Address::differ($wanted, $record->address)) {
            throw new Fault(Text::of('renamed', ['now' => Text::plain($wanted), 'has' => $record->address]));
        }
        return ['service_id' => (string) $this->id, 'address' => $record->address ?: $wanted] + $this->more($action);
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
        $fresh = Password::fresh();
        $kept = localAPI('UpdateClientProduct', ['serviceid' => $this->id, 'servicepassword' => $fresh]);
        if (($kept['result'] ?? '') !== 'success') {
            throw new Fault(Text::of('password_not_kept'));
        }
        return $fresh;
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
