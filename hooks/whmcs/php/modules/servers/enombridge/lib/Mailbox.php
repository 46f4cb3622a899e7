<?php

namespace WHMCS\Module\Server\Enombridge;

/** What people see of one mailbox and may do beside its lifecycle: nothing here is asked of Enom unless a button says so. */
final class Mailbox
{
    /** What the customer's page shows where there is no service to show. */
    public const NOTHING = ['address' => '', 'state' => 'none', 'signIn' => false, 'serviceId' => 0, 'webmail' => '', 'incoming' => '', 'outgoing' => ''];

    private const SECURITY = ['993' => 'SSL/TLS', '995' => 'SSL/TLS', '465' => 'SSL/TLS', '143' => 'STARTTLS', '110' => 'STARTTLS', '587' => 'STARTTLS', '25' => 'STARTTLS'];

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
            'incoming' => $this->place(Option::Incoming, Option::IncomingPort),
            'outgoing' => $this->place(Option::Outgoing, Option::OutgoingPort),
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
            'staff_evidence' => $this->evidence() ?: '-',
            'staff_job' => $this->lastJob(),
            'staff_pending' => $pending ? implode('; ', $pending) : Text::of('nothing_pending'),
        ];
        $fields = [];
        foreach ($rows as $key => $text) {
            $fields[Text::of($key)] = htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE);
        }
        if (($links = $this->links()) !== []) {
            $fields[Text::of('staff_bridge')] = implode(' &middot; ', $links);
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
            $answer = $this->service->client()->job($pending);
            if ($answer->kind === 'ended') {
                Conclusion::reached($this->service->id, $answer->receipt);
            } elseif ($answer->isOneOf('away', 'unsigned')) {
                throw new Fault($answer->problem);
            }
        }
        $answer = $this->service->client()->query('mailbox.status', $this->service->mailbox($this->record));
        if ($answer->kind !== 'answered') {
            throw new Fault($answer->problem);
        }
        Lock::around($this->service->id, function () use ($answer): void {
            $record = Record::of($this->service->id);
            $state = $answer->receipt['state'] ?? '';
            $record->state = in_array($state, ['active', 'suspended', 'absent'], true) ? $state : 'unknown';
            $record->checked_at = time();
            if ($record->address === '' && in_array($record->state, ['active', 'suspended'], true)) {
                // Taken over: the bridge says that it is this service's.
                $record->has(Receipt::address($answer->receipt['address'] ?? null), $this->service->address());
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

    /** Staff says that this client may have mail in this domain, whoever else has; then it is sent. */
    public function sendAnyway(): string
    {
        $pending = $this->record->pending['status'] ?? null;
        if ($pending?->action !== Action::Create && $this->service->stops($this->record) === null) {
            return Text::of('nothing_stopped');
        }
        $domain = Address::domain($this->address());
        Lock::around($this->service->id, function () use ($domain): void {
            $record = Record::of($this->service->id);
            $record->confirmed = $domain;
            $record->save();
        });
        $hosting = Hosting::required($this->service->id);
        $values = ['domain' => Text::plain($domain), 'client' => $hosting->client, 'staff' => (int) ($_SESSION['adminid'] ?? 0)];
        Log::activity(Text::of('domain_confirmed', $values), $hosting->id, $hosting->client);
        $answer = localAPI((string) Action::Create->command(), ['serviceid' => $this->service->id]);
        return ($answer['result'] ?? '') === 'success' ? 'success' : Text::plain($this->service->log()->masker->mask((string) ($answer['message'] ?? '')));
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
        $answer = localAPI($command, ['serviceid' => $this->service->id] + $pending->again());
        return ($answer['result'] ?? '') === 'success' ? 'success' : Text::plain($this->service->log()->masker->mask((string) ($answer['message'] ?? '')));
    }

    /** @return array<string, mixed> as WHMCS wants it of a single sign-on */
    public function signIn(): array
    {
        $answer = $this->service->client()->query('mailbox.sign_in', $this->service->mailbox($this->record));
        $url = $answer->receipt['url'] ?? null;
        if ($answer->kind === 'answered' && is_string($url) && preg_match('#\Ahttps?://[!\#-;=?-~]+\z#', $url)) {
            return ['success' => true, 'redirectTo' => $url];
        }
        return ['success' => false, 'errorMsg' => Text::of('sign_in_failed', [], $this->service->language())];
    }

    /** What was seen, fact by fact. */
    private function evidence(): string
    {
        $told = function (string $one): string {
            [$fact, $how] = explode(': ', $one, 2) + ['', ''];
            return Text::among('fact', $fact, ['fact' => $fact]) . ': ' . Text::among('how', $how, ['how' => $how]);
        };
        return $this->record->verified === '' ? '' : implode(', ', array_map($told, explode(', ', $this->record->verified)));
    }

    private function lastJob(): string
    {
        if ($this->record->job === '') {
            return '-';
        }
        $why = $this->record->code === '' ? '' : ': ' . Text::among('code', $this->record->code);
        return $this->record->job . ' (' . Text::among('job', $this->record->job_status, ['status' => $this->record->job_status]) . ")$why";
    }

    /** @return list<string> HTML: to the bridge's own pages about this mailbox and its last job */
    private function links(): array
    {
        $pages = $this->service->server->pages;
        if ($pages === '') {
            return [];
        }
        $link = fn (string $path, string $key): string => '<a href="' . htmlspecialchars("$pages/admin/$path", ENT_QUOTES) . '" target="_blank" rel="noopener noreferrer">' . htmlspecialchars(Text::of($key)) . '</a>';
        $links = $this->record->address === '' ? [] : [$link('mailboxes/' . rawurlencode($this->record->address), 'link_mailbox')];
        return $this->record->job === '' ? $links : [...$links, $link('jobs/' . rawurlencode($this->record->job), 'link_job')];
    }

    /** Host, port and what protects it, as a mail program asks for them; a dash in the setting shows nothing. */
    private function place(Option $host, Option $port): string
    {
        $host = $host->value($this->params);
        $port = $port->value($this->params);
        if ($host === '-' || preg_match('/:[0-9]+\b/', $host) || !preg_match('/\A[0-9]{1,5}\z/', $port)) {
            return $host === '-' ? '' : $host;
        }
        $values = ['host' => $host, 'port' => $port, 'security' => self::SECURITY[$port] ?? ''];
        return Text::of($values['security'] === '' ? 'host_port' : 'host_port_security', $values, $this->service->language());
    }

    private function told(Pending $pending): string
    {
        $how = $pending->held ? 'pending_held' : ($pending->accepted ? 'pending_accepted' : 'pending_unsent');
        $values = ['action' => $pending->action->told(), 'since' => gmdate('Y-m-d H:i:s', $pending->since), 'hook' => $pending->id];
        return Text::of($how, $values);
    }

    private static function link(string $url): string
    {
        return preg_match('#\Ahttps?://#i', $url) ? $url : '';
    }
}
