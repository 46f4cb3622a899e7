<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Client;
use EnomBridge\Kit\Text;

/** Whether the mail of a domain works, as tiles for the customer: what is right, and which record whoever has to set. */
final class Dns
{
    private const PATIENCE = 7; // seconds; the bridge takes at most five
    private const KEPT = 60; // seconds in the session: somebody who moves about on the page asks once
    private const PURPOSES = ['mx', 'spf', 'dkim', 'dmarc', 'autodiscovery'];
    private const STATES = ['ok', 'unknown', 'advised', 'missing', 'wrong']; // each is worse than the one before
    private const WAYS = ['ready', 'not_ready', 'unknown'];

    private function __construct(private readonly string $domain, private readonly string $language)
    {
    }

    /** @return array<string, mixed> for the template; nothing where this account has nothing to check */
    public static function of(string $domain, Client $client, string $language): array
    {
        $found = self::kept($domain) ?? self::ask($domain, $client);
        $self = new self(Text::plain($domain), $language);
        return $found === [] ? [] : $self->shown($found);
    }

    /** The same for staff, in a line for each record. @return list<string> plain; none where there is nothing to check */
    public static function lines(string $domain, Client $client): array
    {
        $shown = self::of($domain, $client, Language::staffs());
        if ($shown === []) {
            return [];
        }
        $ways = [$shown['receives']['text'], $shown['sends']['text']];
        return [...$ways, ...array_map(self::line(...), $shown['tiles']), ...array_filter([$shown['where']])];
    }

    /** @param array<string, mixed> $tile */
    private static function line(array $tile): string
    {
        $records = array_map(fn (array $one): string => "$one[do] $one[type] $one[name] " . ($one['value'] ?: $one['found']), $tile['records']);
        $more = [...$records, ...($tile['provider'] === '' ? [] : [Text::of('staff_dns_provider')])];
        return implode('. ', ["$tile[title]: $tile[label]", ...($more === [] ? [] : [implode('; ', $more)])]);
    }

    /** @return ?array<string, mixed> */
    private static function kept(string $domain): ?array
    {
        $kept = $_SESSION['enombridge_dns'][$domain] ?? null;
        return is_array($kept) && is_array($kept['found'] ?? null) && time() - ($kept['at'] ?? 0) < self::KEPT ? $kept['found'] : null;
    }

    /** @return array<string, mixed> */
    private static function ask(string $domain, Client $client): array
    {
        $answer = $client->within(self::PATIENCE)->query('domain.readiness', ['domain' => $domain]);
        if ($answer->kind === 'refused') {
            return []; // it has nothing to compare with, or no mailbox there yet: after the first one it has
        }
        $found = $answer->kind === 'answered' ? $answer->receipt : ['records' => []]; // else nobody knows now
        $_SESSION['enombridge_dns'] = [$domain => ['at' => time(), 'found' => $found]];
        return $found;
    }

    /** @param array<string, mixed> $found @return array<string, mixed> */
    private function shown(array $found): array
    {
        $records = array_filter(is_array($found['records'] ?? null) ? $found['records'] : [], 'is_array');
        $of = fn (string $purpose): array => array_values(array_filter($records, fn (array $one) => ($one['purpose'] ?? '') === $purpose));
        $tiles = array_map(fn (string $purpose) => $this->tile($purpose, $of($purpose)), self::PURPOSES);
        $servers = array_filter(is_array($found['name_servers'] ?? null) ? $found['name_servers'] : [], 'is_string');
        return [
            'receives' => $this->way('receives', $found),
            'sends' => $this->way('sends', $found),
            'tiles' => array_values(array_filter($tiles)),
            'where' => $servers === [] ? '' : $this->said('dns_where', ['domain' => $this->domain, 'servers' => Text::plain(implode(', ', $servers))]),
        ];
    }

    /** @param array<string, mixed> $found @return array{state: string, text: string} */
    private function way(string $name, array $found): array
    {
        $state = in_array($found[$name] ?? '', self::WAYS, true) ? $found[$name] : 'unknown';
        return ['state' => $state, 'text' => $this->said("dns_{$name}_$state", ['domain' => $this->domain])];
    }

    /** @param list<array<string, mixed>> $records @return ?array<string, mixed> */
    private function tile(string $purpose, array $records): ?array
    {
        if ($records === []) {
            return null;
        }
        $states = array_map(fn (array $one) => (int) array_search($one['state'] ?? '', self::STATES, true), $records);
        $state = self::STATES[max($states)];
        return [
            'state' => $state,
            'title' => $this->said("dns_$purpose"),
            'label' => $this->said("dns_state_$state"),
            'text' => $this->said("dns_{$purpose}_$state"),
            'records' => array_values(array_filter(array_map($this->record(...), $records))),
            'provider' => in_array('provider', array_column($records, 'set_by'), true) ? $this->said('dns_by_us') : '',
        ];
    }

    /** What is to be set or taken away; null: nothing. @param array<string, mixed> $record @return ?array<string, string> */
    private function record(array $record): ?array
    {
        $text = fn (mixed $value): string => is_string($value) ? Text::plain($value) : '';
        if (($record['set_by'] ?? null) !== 'dns' || ($record['state'] ?? '') === 'ok') {
            return null;
        }
        $found = array_filter(is_array($record['found'] ?? null) ? $record['found'] : [], 'is_string');
        $value = $text($record['value'] ?? null);
        return [
            'do' => $this->said(match (true) { $value === '' => 'dns_remove', $found === [] => 'dns_set', default => 'dns_replace' }),
            'type' => $text($record['type'] ?? ''),
            'name' => $text($record['name'] ?? ''),
            'value' => $value,
            'found' => Text::plain(implode("\u{a0}· ", $found)),
        ];
    }

    /** @param array<string, string> $values */
    private function said(string $key, array $values = []): string
    {
        return Text::of($key, $values, $this->language);
    }
}
