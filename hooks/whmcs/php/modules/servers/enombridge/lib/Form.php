<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/**
 * A form of the customer's page that was sent.
 *
 * Rule 1: before anything is done, the service is this client's, the form is one of our page, and the mailbox is one of the
 * service. Whatever is not is refused and written down.
 */
final class Form
{
    private const NAME = 'enombridge';

    /** @param array<string, mixed> $params @param array<string, string> $fields */
    private function __construct(
        private readonly array $params,
        private readonly Service $call,
        private readonly array $fields,
        private readonly string $language,
    ) {
    }

    public static function submitted(): bool
    {
        return ($_SERVER['REQUEST_METHOD'] ?? '') === 'POST' && is_array($_POST[self::NAME] ?? null);
    }

    /**
     * Does it, and has the browser ask for the page anew, so that a reload sends nothing twice.
     *
     * @param array<string, mixed> $params
     * @return array{kind: string, text: string, to?: string} what the customer reads of it
     */
    public static function handle(array $params): array
    {
        // WHMCS may have escaped it as HTML.
        $fields = array_map(fn (string $value) => htmlspecialchars_decode($value, ENT_QUOTES), array_filter($_POST[self::NAME], 'is_string'));
        $call = Service::of($params);
        $said = (new self($params, $call, $fields, Language::clients($params)))->answered();
        $to = $said['to'] ?? '';
        if ($to !== '' && !headers_sent()) {
            header("Location: $to", true, 303);
            return $said;
        }
        if (headers_sent()) {
            return $said;
        }
        $_SESSION['enombridge_said'] = [$call->id => $said];
        header("Location: clientarea.php?action=productdetails&id=$call->id", true, 303);
        return $said;
    }

    /** What was said of the form before this page. @return ?array{kind: string, text: string} */
    public static function remembered(int $service): ?array
    {
        $said = $_SESSION['enombridge_said'][$service] ?? null;
        unset($_SESSION['enombridge_said']);
        return is_array($said) ? $said : null;
    }

    /** @return array{kind: string, text: string, to?: string} */
    private function answered(): array
    {
        try {
            return $this->done();
        } catch (Fault $fault) {
            $this->call->log()->call('page', '', $fault->getMessage(), 'fault');
            return $this->said('danger', 'page_nothing');
        }
    }

    /** Throws Fault before anything is sent. @return array{kind: string, text: string, to?: string} */
    private function done(): array
    {
        $do = $this->fields['do'] ?? '';
        if (!$this->isAllowed()) {
            Visitor::refused($this->params, $do . ' ' . ($this->fields['mailbox'] ?? ''));
            return $this->said('danger', 'page_refused');
        }
        if (Hosting::required($this->call->id)->hasSeats()) {
            return (new SeatsForm(SeatsService::of($this->params), $this->fields, $this->language))->done($do);
        }
        return $do === 'password' ? $this->password() : (new MailboxForm($this->call, $this->fields, $this->language))->done($do);
    }

    private function isAllowed(): bool
    {
        $proof = Visitor::proof($this->call->id, $this->call->bridge);
        $hosting = Hosting::find($this->call->id);
        if (!Visitor::owns($this->params) || !hash_equals($proof, $this->fields['proof'] ?? '') || $hosting?->status !== 'Active') {
            return false;
        }
        $isOfMailbox = $hosting->hasSeats() ? SeatsForm::ACTIONS : MailboxForm::ACTIONS;
        $needsOne = $isOfMailbox[$this->fields['do'] ?? ''] ?? null;
        return $needsOne === false || $needsOne === true && $hosting->has($this->fields['mailbox'] ?? '');
    }

    /** @return array{kind: string, text: string} */
    private function password(): array
    {
        $new = $this->fields['password'] ?? '';
        if ($new === '' || $new !== ($this->fields['again'] ?? '')) {
            return $this->said('danger', 'passwords_differ');
        }
        // WHMCS runs its own function, and keeps the password once that says success.
        $values = ['serviceid' => $this->call->id, 'servicepassword' => $new];
        $why = Command::failure((array) localAPI((string) Command::of(Action::ChangePassword), $values));
        if ($why === null) {
            return $this->said('success', 'done_password', ['address' => $this->fields['mailbox']]);
        }
        $pending = Record::of($this->call->id)->pending['password'] ?? null;
        if ($pending !== null) {
            Changes::begun($this->call->id, $pending->id, 'password', $this->fields['mailbox']);
        }
        $text = Text::plain($this->call->log()->hiding($new)->masker->mask($why));
        return ['kind' => $pending === null ? 'danger' : 'info', 'text' => $text];
    }

    /** @param array<string, string> $values @return array{kind: string, text: string} */
    private function said(string $kind, string $key, array $values = []): array
    {
        return ['kind' => $kind, 'text' => Text::of($key, $values, $this->language)];
    }
}
