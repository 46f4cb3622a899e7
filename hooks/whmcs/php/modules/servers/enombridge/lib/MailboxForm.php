<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Answer;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Text;

/** What a customer does with a mailbox, sold alone or with a domain. Form has looked whose it is. */
class MailboxForm
{
    /** Name of the form => whether it is about a mailbox that there is. WHMCS itself sets the password of one that is sold alone. */
    public const ACTIONS = ['password' => true, 'aliases' => true, 'forwarding' => true];
    private const MOST_FORWARDS = 20;

    /** @param array<string, string> $fields */
    public function __construct(protected readonly Service $call, protected readonly array $fields, protected readonly string $language)
    {
    }

    /** @return array{kind: string, text: string, to?: string} `to`: where the browser goes */
    public function done(string $do): array
    {
        return match ($do) {
            'aliases' => $this->aliases(),
            'forwarding' => $this->forwarding(),
        };
    }

    /** @return array{kind: string, text: string} */
    private function aliases(): array
    {
        $domain = Address::domain($this->fields['mailbox']);
        $whole = fn (string $typed): string => str_contains($typed, '@') ? $typed : "$typed@$domain";
        $aliases = array_map($whole, $this->typed('aliases'));
        $isFine = fn (string $one): bool => Receipt::address($one) !== '' && str_ends_with($one, "@$domain");
        if ($aliases !== array_filter($aliases, $isFine) || in_array($this->fields['mailbox'], $aliases, true)) {
            return $this->said('danger', 'aliases_refused', $this->rules());
        }
        return $this->send('mailbox.set_aliases', 'aliases', $this->fields['mailbox'], ['aliases' => $aliases]);
    }

    /** @return array{kind: string, text: string} */
    private function forwarding(): array
    {
        $to = $this->typed('forward');
        $isFine = fn (string $one): bool => filter_var($one, FILTER_VALIDATE_EMAIL) !== false;
        $isItself = in_array($this->fields['mailbox'], $to, true);
        if (count($to) > self::MOST_FORWARDS || $to !== array_filter($to, $isFine) || $isItself) {
            return $this->said('danger', 'forwarding_refused', $this->rules());
        }
        $data = ['forward_to' => $to, 'keep_copy' => ($this->fields['copy'] ?? '') === 'on'];
        return $this->send('mailbox.set_forwarding', 'forwarding', $this->fields['mailbox'], $data);
    }

    /** What a list of addresses has to keep to. @return array<string, string> */
    private function rules(): array
    {
        $mailbox = $this->fields['mailbox'];
        return ['domain' => Address::domain($mailbox), 'most' => (string) self::MOST_FORWARDS, 'address' => $mailbox];
    }

    /** @return list<string> one on each line, or with commas between them */
    private function typed(string $field): array
    {
        $found = preg_split('/[\s,;]+/', strtolower($this->fields[$field] ?? ''), -1, PREG_SPLIT_NO_EMPTY) ?: [];
        return array_values(array_unique($found));
    }

    /** @param array<string, mixed> $data @return array{kind: string, text: string} */
    protected function send(string $type, string $what, string $address, array $data): array
    {
        try {
            Routing::forget($this->call, $address);
            $sent = Mailboxes::of($this->call)->sendForCustomer($type, $address, $data);
        } catch (Busy) {
            return $this->said('info', 'busy_client');
        }
        if ($sent === null) {
            return $this->said('info', $this->call instanceof SeatsService ? 'all_first' : 'busy_client');
        }
        [$hook, $answer] = $sent;
        $isOpen = $answer->isOneOf('accepted', 'away') || $answer->kind === 'ended' && $answer->receipt['status'] === 'held';
        if ($isOpen) {
            Changes::begun($this->call->id, $hook, $what, $address);
        }
        return match ($answer->kind) {
            'ended' => $this->ended($answer->receipt, $what, $address),
            'accepted' => $this->said('info', "going_$what", ['address' => $address]),
            'refused' => $this->refused($answer),
            default => $this->said('info', 'page_away'),
        };
    }

    /** @param array<string, mixed> $receipt @return array{kind: string, text: string} */
    private function ended(array $receipt, string $what, string $address): array
    {
        if ($receipt['status'] === 'held') {
            return $this->said('info', 'doing_held');
        }
        if ($receipt['status'] === 'succeeded' && !$receipt['observed_only']) {
            return $this->said('success', "done_$what", ['address' => $address]);
        }
        $why = Text::among('client_code', Receipt::code($receipt), [], $this->language);
        return $this->said('danger', "failed_$what", ['address' => $address, 'why' => $why]);
    }

    /** @return array{kind: string, text: string} */
    private function refused(Answer $answer): array
    {
        $isAbout = fn (string $field): bool => preg_grep("/\\A$field(\\.|\\z)/", $answer->fields) !== [];
        return match (true) {
            $isAbout('aliases') => $this->said('danger', 'aliases_refused', $this->rules()),
            $isAbout('forward_to') => $this->said('danger', 'forwarding_refused', $this->rules()),
            in_array('password', $answer->fields, true) => $this->said('danger', 'password_refused_client'),
            in_array('address', $answer->fields, true) => $this->said('danger', 'address_refused'),
            default => $this->said('danger', 'not_accepted'),
        };
    }

    /** @param array<string, string> $values @return array{kind: string, text: string} */
    protected function said(string $kind, string $key, array $values = []): array
    {
        return ['kind' => $kind, 'text' => Text::of($key, $values, $this->language)];
    }
}
