<?php

namespace WHMCS\Module\Server\Enombridge;

/** What people see of one mailbox and may do beside its lifecycle: nothing here is asked of Enom unless a button says so. */
final class Mailbox
{
    /** What the customer's page shows where there is no service to show. */
    public const NOTHING = ['address' => '', 'state' => 'none', 'signIn' => false, 'serviceId' => 0, 'webmail' => '', 'incoming' => '', 'outgoing' => ''];

    /** @param array<string, mixed> $params */
    private function __construct(private readonly Service $service, private readonly Record $record, private readonly array $params)
    {
    }

    /** @param array<string, mixed> $params throws Fault */
    public static function of(array $params): self
    {
        $service = Service::of($params);
        return new self($service, Record::of($service->id), $params);
    }

    public function address(): string
    {
        return $this->record->address ?: $this->service->address();
    }

    /** @return array<string, mixed> for templates/overview.tpl; every text is plain and is escaped there */
    public function overview(): array
    {
        $status = (string) ($this->params['status'] ?? '');
        $state = match (true) {
            isset($this->record->pending['status']) => 'progress',
            $status === 'Suspended' => 'suspended',
            $status === 'Active' => 'active',
            default => 'none',
        };
        return [
            'address' => $this->address(),
            'state' => $state,
            'signIn' => $status === 'Active',
            'serviceId' => $this->service->id,
            'webmail' => self::link(Option::Webmail->value($this->params)),
            'incoming' => Option::Incoming->value($this->params),
            'outgoing' => Option::Outgoing->value($this->params),
        ];
    }

    /** @return array<string, string> label => HTML */
    public function staffFields(): array
    {
        $pending = array_map($this->told(...), $this->record->pending);
        $rows = [
            'staff_mailbox' => $this->record->address ?: Text::of('staff_no_mailbox', ['wanted' => $this->service->address()]),
            'staff_state' => Text::of("state_{$this->record->state}"),
            'staff_checked' => $this->record->checked_at ? gmdate('Y-m-d H:i:s', $this->record->checked_at) . ' UTC' : Text::of('never'),
            'staff_evidence' => $this->record->verified ?: '-',
            'staff_job' => $this->record->job === '' ? '-' : "{$this->record->job} ({$this->record->job_status}): {$this->record->message}",
            'staff_pending' => $pending ? implode('; ', $pending) : Text::of('nothing_pending'),
        ];
        $fields = [];
        foreach ($rows as $key => $text) {
            $fields[Text::of($key)] = htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE);
        }
        if (($now = $this->service->renamed($this->record)) !== null) {
            $warning = Text::of('renamed', ['now' => $now, 'has' => $this->record->address]);
            $fields[Text::of('staff_warning')] = '<strong>' . htmlspecialchars($warning, ENT_QUOTES | ENT_SUBSTITUTE) . '</strong>';
        }
        return $fields;
    }

    /** Asks Enom through the bridge how it is, and the bridge how what is pending stands. */
    public function check(): void
    {
        foreach ($this->record->pending as $pending) {
            $answer = $this->service->client($pending->password())->query('job', ['hook' => $pending->id]);
            $receipt = $answer->kind === 'answered' ? Receipt::read($answer->receipt) : null;
            if ($receipt !== null) {
                Conclusion::reached($this->service->id, $receipt);
            } elseif ($answer->isOneOf('away', 'unsigned')) {
                throw new Fault($answer->problem);
            }
        }
        $answer = $this->service->client()->query('mailbox.status', ['service_id' => (string) $this->service->id, 'address' => $this->address()]);
        if ($answer->kind !== 'answered') {
            throw new Fault($answer->problem);
        }
        Lock::around($this->service->id, function () use ($answer): void {
            $record = Record::of($this->service->id);
            $state = $answer->receipt['state'] ?? '';
            $record->state = in_array($state, ['active', 'suspended', 'absent'], true) ? $state : 'unknown';
            $record->checked_at = time();
            if ($record->address === '' && in_array($record->state, ['active', 'suspended'], true)) {
                $record->address = Receipt::address($answer->receipt['address'] ?? null); // taken over: the bridge says that it is this service's
            }
            $record->save();
        });
    }

    /** Sends anew what is pending, as a new event: for a held job whose cause was mended. */
    public function sendAgain(): string
    {
        $said = [];
        foreach (array_keys($this->record->pending) as $about) {
            $pending = Lock::around($this->service->id, fn () => $this->renewed($about));
            if ($pending !== null) {
                $said[] = $this->sent($pending);
            }
        }
        $faults = array_diff($said, ['success']);
        return $said === [] ? Text::of('nothing_pending') : ($faults === [] ? 'success' : implode(' ', $faults));
    }

    /** It stays pending, under a new id: so nothing is lost if it cannot be sent now. */
    private function renewed(string $about): ?Pending
    {
        $record = Record::of($this->service->id);
        if (!isset($record->pending[$about])) {
            return null; // another that was sent again has decided it
        }
        $record->pending[$about] = $record->pending[$about]->renewed();
        $record->save();
        return $record->pending[$about];
    }

    private function sent(Pending $pending): string
    {
        $command = $pending->action->command();
        if ($command === null) {
            return Lifecycle::run($pending->action, $this->params); // WHMCS does no more about a renewal either
        }
        $values = $pending->action === Action::ChangePassword ? ['servicepassword' => $pending->password()] : [];
        $answer = localAPI($command, ['serviceid' => $this->service->id] + $values);
        return ($answer['result'] ?? '') === 'success' ? 'success' : Text::plain($this->service->log()->masker->mask((string) ($answer['message'] ?? '')));
    }

    /** @return array<string, mixed> as WHMCS wants it of a single sign-on */
    public function signIn(): array
    {
        $answer = $this->service->client()->query('mailbox.sign_in', ['service_id' => (string) $this->service->id, 'address' => $this->address()]);
        $url = $answer->receipt['url'] ?? null;
        if ($answer->kind === 'answered' && is_string($url) && preg_match('#\Ahttps?://[!\#-;=?-~]+\z#', $url)) {
            return ['success' => true, 'redirectTo' => $url];
        }
        return ['success' => false, 'errorMsg' => Text::of('sign_in_failed')];
    }

    private function told(Pending $pending): string
    {
        $how = $pending->held ? 'pending_held' : ($pending->accepted ? 'pending_accepted' : 'pending_unsent');
        $values = ['action' => $pending->action->value, 'since' => gmdate('Y-m-d H:i:s', $pending->since), 'hook' => $pending->id];
        return Text::of($how, $values);
    }

    private static function link(string $url): string
    {
        return preg_match('#\Ahttps?://#i', $url) ? $url : '';
    }
}
