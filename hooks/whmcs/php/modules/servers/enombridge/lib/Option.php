<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Text;
/** The settings of a product. WHMCS keeps them by their place, so their order must never change. */
enum Option: int
{
    case Plan = 1;
    case AddressFrom = 2;
    case Field = 3;
    case Local = 4;
    case InProgress = 5;
    case TicketDepartment = 6;
    case Webmail = 7;
    case Incoming = 8;
    case Outgoing = 9;
    case IncomingPort = 10;
    case OutgoingPort = 11;
    case DomainCheck = 12;
    case Sells = 13;
    case Included = 14;
    case SeatsFrom = 15;
    case PlanFrom = 16;

    /** @param array<string, mixed> $params with configoption1, configoption2, … */
    public function value(array $params): string
    {
        $given = $params["configoption{$this->value}"] ?? '';
        $value = is_scalar($given) ? trim((string) $given) : '';
        return $value !== '' ? $value : $this->default();
    }

    private function default(): string
    {
        return match ($this) {
            self::AddressFrom => 'field',
            self::Field => 'Mailbox address',
            self::Local => 'info',
            self::InProgress => 'wait',
            self::Incoming, self::Outgoing => 'mail.hostedemail.com',
            self::IncomingPort => '993',
            self::OutgoingPort => '465',
            self::DomainCheck => 'client',
            self::Sells => 'mailbox',
            self::Included => '0',
            self::SeatsFrom => 'Mailboxes',
            self::PlanFrom => 'Mailbox size',
            default => '',
        };
    }

    /** @return array<string, array<string, mixed>> as WHMCS wants them of ConfigOptions */
    public static function describe(): array
    {
        $options = [];
        foreach (self::cases() as $case) {
            $shown = ['FriendlyName' => Text::of("option_{$case->name}"), 'Description' => Text::of("option_{$case->name}_help")];
            $options[$case->name] = $shown + $case->kind() + ['Default' => $case->default(), 'SimpleMode' => true];
        }
        return $options;
    }

    /** @return array<string, mixed> */
    private function kind(): array
    {
        return match ($this) {
            self::Plan => ['Type' => 'text', 'Size' => 30, 'Loader' => 'enombridge_plans'],
            self::AddressFrom => ['Type' => 'dropdown', 'Options' => [
                'field' => Text::of('from_field'), 'option' => Text::of('from_option'), 'domain' => Text::of('from_domain'),
            ]],
            self::InProgress => ['Type' => 'dropdown', 'Options' => [
                'wait' => Text::of('in_progress_wait'), 'success' => Text::of('in_progress_success'),
            ]],
            self::DomainCheck => ['Type' => 'dropdown', 'Options' => [
                'client' => Text::of('check_client'), 'registered' => Text::of('check_registered'), 'off' => Text::of('check_off'),
            ]],
            self::Sells => ['Type' => 'dropdown', 'Options' => ['mailbox' => Text::of('sells_mailbox'), 'seats' => Text::of('sells_seats')]],
            self::TicketDepartment, self::Included, self::IncomingPort, self::OutgoingPort => ['Type' => 'text', 'Size' => 5],
            self::Webmail => ['Type' => 'text', 'Size' => 50],
            default => ['Type' => 'text', 'Size' => 30],
        };
    }
}
