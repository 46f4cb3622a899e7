<?php

namespace WHMCS\Module\Server\Enombridge;

/** What a customer does with the mailboxes of a domain. Form has looked whose they are. */
final class SeatsForm extends MailboxForm
{
    /** Name of the form => whether it is about a mailbox that there is. */
    public const ACTIONS = ['add' => false, 'webmail' => true, 'remove' => true, 'remove_sure' => true] + parent::ACTIONS;
    private const ASKED = 900; // seconds in which "remove" may be confirmed

    /** @param array<string, string> $fields */
    public function __construct(private readonly SeatsService $service, array $fields, string $language)
    {
        parent::__construct($service, $fields, $language);
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
            default => parent::done($do),
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
        $address = $local . '@' . $this->service->seats()->domain;
        $mailboxes = Mailboxes::of($this->call);
        if ($mailboxes->has($address)) {
            return $this->said('danger', 'address_there', ['address' => $address]); // a second order of it would set its password
        }
        $holder = $mailboxes->with($address);
        if ($holder !== '') {
            return $this->said('danger', 'address_further', ['address' => $address, 'mailbox' => $holder]);
        }
        $data = ['password' => $this->fields['password']] + $this->service->mailboxData();
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
}
