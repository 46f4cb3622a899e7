<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Answer;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Text;

/** What a customer does with the mailboxes of a domain. Form has looked whose they are. */
final class SeatsForm
{
    /** Name of the form => whether it is about a mailbox that there is. */
    public const ACTIONS = [
        'add' => false, 'password' => true, 'webmail' => true, 'remove' => true, 'remove_sure' => true, 'aliases' => true, 'forwarding' => true,
    ];
    private const ASKED = 900; // seconds in which "remove" may be confirmed
    private const MOST_FORWARDS = 20;

    /** @param array<string, string> $fields */
    public function __construct(private readonly SeatsService $call, private readonly array $fields, private readonly string $language)
    {
    }

    /** @return array{kind: string, text: string, to?: string} `to`: where the browser goes */
    public function done(string $do): array
    {
        return match ($do) {
            'add' => $this->add(),
            'password' => $this->password(),
            'webmail' => $this->webmail(),
            'remove' => $this->ask(),
            'remove_sure' => $this->remove(),
            'aliases' => $this->aliases(),
            'forwarding' => $this->forwarding(),
        };
    }

    /** The mailbox that is to be removed, once the customer has said so a first time. */
    public static function asked(int $service): string
    {
        if (isset($_GET['enombridge_keep'])) {
            unset($_SESSION['enombridge_remove']);
        }
        [$of, $address, $at] = $_SESSION['enombridge_remove'] ?? [0, '', 0];
        return $of === $service && time() - $at < self::ASKED ? $address : '';
    }

    /** @return array{kind: string, text: string} */
    private function add(): array
    {
        $local = strtolower(trim($this->fields['local'] ?? ''));
        if ($this->differ()) {
            return $this->said('danger', 'passwords_differ');
        }
        if (!preg_match('/\A[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?\z/', $local) || str_contains($local, '..')) {
            return $this->said('danger', 'address_refused');
        }
        $address = $local . '@' . $this->call->seats()->domain;
        if (Mailboxes::of($this->call)->has($address)) {
            return $this->said('danger', 'address_there', ['address' => $address]); // a second order of it would set its password
        }
        $data = ['password' => $this->fields['password']] + $this->call->mailboxData();
        return $this->send('mailbox.create', 'add', $address, $data);
    }

    /** @return array{kind: string, text: string} */
    private function password(): array
    {
        $new = ['password' => $this->fields['password'] ?? ''];
        return $this->differ() ? $this->said('danger', 'passwords_differ') : $this->send('mailbox.change_password', 'password', $this->fields['mailbox'], $new);
    }

    private function differ(): bool
    {
        $new = $this->fields['password'] ?? '';
        return $new === '' || $new !== ($this->fields['again'] ?? '');
    }

    /** @return array{kind: string, text: string, to?: string} */
    private function webmail(): array
    {
        $answer = $this->call->client()->query('mailbox.sign_in', ['service_id' => (string) $this->call->id, 'address' => $this->fields['mailbox']]);
        $url = $answer->kind === 'answered' ? $answer->receipt['url'] ?? null : null;
        $isLink = is_string($url) && preg_match('#\Ahttps?://[!\#-;=?-~]+\z#', $url);
        return $this->said('danger', 'sign_in_failed') + ($isLink ? ['to' => $url] : []);
    }

    /** @return array{kind: string, text: string} */
    private function ask(): array
    {
        $_SESSION['enombridge_remove'] = [$this->call->id, $this->fields['mailbox'], time()];
        return $this->said('danger', 'remove_ask', ['address' => $this->fields['mailbox']]);
    }

    /** @return array{kind: string, text: string} */
    private function remove(): array
    {
        $address = self::asked($this->call->id);
        if ($address === '' || $address !== $this->fields['mailbox'] || ($this->fields['sure'] ?? '') !== 'on') {
            return $this->said('danger', 'remove_not_sure');
        }
        unset($_SESSION['enombridge_remove']);
        return $this->send('mailbox.terminate', 'remove', $address, []);
    }

    /** @return array{kind: string, text: string} */
    private function aliases(): array
    {
        $domain = $this->call->seats()->domain;
        $whole = fn (string $typed): string => str_contains($typed, '@') ? $typed : "$typed@$domain";
        $aliases = array_map($whole, $this->typed('aliases'));
        $isFine = fn (string $one): bool => Receipt::address($one) !== '' && str_ends_with($one, "@$domain");
        if ($aliases !== array_filter($aliases, $isFine)) {
            return $this->said('danger', 'aliases_refused', ['domain' => $domain]);
        }
        return $this->send('mailbox.set_aliases', 'aliases', $this->fields['mailbox'], ['aliases' => $aliases]);
    }

    /** @return array{kind: string, text: string} */
    private function forwarding(): array
    {
        $to = $this->typed('forward');
        $isFine = fn (string $one): bool => filter_var($one, FILTER_VALIDATE_EMAIL) !== false;
        if (count($to) > self::MOST_FORWARDS || $to !== array_filter($to, $isFine)) {
            return $this->said('danger', 'forwarding_refused', ['most' => (string) self::MOST_FORWARDS]);
        }
        $data = ['forward_to' => $to, 'keep_copy' => ($this->fields['copy'] ?? '') === 'on'];
        return $this->send('mailbox.set_forwarding', 'forwarding', $this->fields['mailbox'], $data);
    }

    /** @return list<string> one on each line, or with commas between them */
    private function typed(string $field): array
    {
        $found = preg_split('/[\s,;]+/', strtolower($this->fields[$field] ?? ''), -1, PREG_SPLIT_NO_EMPTY) ?: [];
        return array_values(array_unique($found));
    }

    /** @param array<string, mixed> $data @return array{kind: string, text: string} */
    private function send(string $type, string $what, string $address, array $data): array
    {
        try {
            $sent = Mailboxes::of($this->call)->sendForCustomer($type, $address, $data);
        } catch (Busy) {
            return $this->said('info', 'busy_client');
        }
        if ($sent === null) {
            return $this->said('info', 'all_first');
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
        return match (true) {
            in_array('password', $answer->fields, true) => $this->said('danger', 'password_refused_client'),
            in_array('address', $answer->fields, true) => $this->said('danger', 'address_refused'),
            default => $this->said('danger', 'not_accepted'),
        };
    }

    /** @param array<string, string> $values @return array{kind: string, text: string} */
    private function said(string $kind, string $key, array $values = []): array
    {
        return ['kind' => $kind, 'text' => Text::of($key, $values, $this->language)];
    }
}
