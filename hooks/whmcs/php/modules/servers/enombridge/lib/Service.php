<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Bridge;
use EnomBridge\Kit\Call;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/** One call of WHMCS for one service. */
class Service extends Call
{
    /** @param array<string, mixed> $params */
    final protected function __construct(int $id, Bridge $bridge, protected readonly array $params)
    {
        parent::__construct($id, $bridge);
    }

    /** @param array<string, mixed> $params as WHMCS gives them; throws Fault */
    public static function of(array $params): static
    {
        if (self::isAddon($params)) {
            throw new Fault(Text::of('addon'));
        }
        $id = (int) ($params['serviceid'] ?? 0);
        if ($id < 1) {
            throw new Fault(Text::of('no_service'));
        }
        return new static($id, Server::of($params), $params);
    }

    /** @param array<string, mixed> $params */
    public static function isAddon(array $params): bool
    {
        return !empty($params['addonId']) || (class_exists('WHMCS\Service\Addon', false) && ($params['model'] ?? null) instanceof \WHMCS\Service\Addon);
    }

    /** Also without the password as WHMCS hands it over. */
    public function log(): Log
    {
        return parent::log()->hiding((string) ($this->params['password'] ?? ''));
    }

    public function address(): string
    {
        return OrderedAddress::of($this->params);
    }

    public function customer(): string
    {
        return self::line($this->params['userid'] ?? '');
    }

    /** Throws Busy while its mailbox is on its way to another service, Fault once it is there. */
    public function data(Action $action, Record $record): array
    {
        Move::stops($this->id, $action);
        return parent::data($action, $record);
    }

    /** As a person typed it: WHMCS may have escaped it as HTML. */
    public function password(): string
    {
        return htmlspecialchars_decode((string) ($this->params['password'] ?? ''), ENT_QUOTES);
    }

    public function language(): string
    {
        return Language::clients($this->params);
    }

    protected function keepPassword(string $password): bool
    {
        $values = ['serviceid' => $this->id, 'servicepassword' => $password];
        $kept = localAPI('UpdateClientProduct', $values);
        return ($kept['result'] ?? '') === 'success';
    }

    protected function displayName(): string
    {
        $client = (array) ($this->params['clientsdetails'] ?? []);
        return self::line(($client['firstname'] ?? '') . ' ' . ($client['lastname'] ?? ''));
    }

    protected function plan(): string
    {
        return Option::Plan->value($this->params);
    }

    protected function reason(): string
    {
        return self::line($this->params['suspendreason'] ?? '');
    }

    protected function until(): string
    {
        return Hosting::required($this->id)->covered();
    }

    protected function objection(): ?string
    {
        $why = Domain::stops($this->address(), (int) $this->customer(), Option::DomainCheck->value($this->params));
        return $why === null ? null : Text::of('domain_stopped', ['why' => $why]);
    }

    protected function tellsEarly(): bool
    {
        return Option::InProgress->value($this->params) === 'success';
    }

    private static function line(mixed $value): string
    {
        $text = htmlspecialchars_decode(mb_scrub(is_scalar($value) ? (string) $value : ''), ENT_QUOTES);
        return mb_substr(trim((string) preg_replace('/[\x00-\x1f\x7f\s]+/u', ' ', $text)), 0, 255);
    }
}
