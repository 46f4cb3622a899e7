<?php

namespace EnomBridge\Kit;

/** What people see of one mailbox and may do beside its lifecycle: nothing here is asked of Enom unless a button says so. */
class Mailbox
{
    private const SECURITY = ['993' => 'SSL/TLS', '995' => 'SSL/TLS', '465' => 'SSL/TLS', '143' => 'STARTTLS', '110' => 'STARTTLS', '587' => 'STARTTLS', '25' => 'STARTTLS'];

    private const PATIENCE = 4; // seconds of a page

    protected Record $record;

    public function __construct(public readonly Call $call)
    {
        $this->record = Record::of($call->id);
    }

    /** Throws Fault where there is none, and the service's fields say none. */
    public function address(): string
    {
        return $this->record->address ?: $this->call->address();
    }

    public function isInProgress(): bool
    {
        return isset($this->record->pending['status']);
    }

    /** For staff: key of the label => plain text. @return array<string, string> */
    public function rows(): array
    {
        $record = $this->record;
        $pending = array_map($this->told(...), $record->pending);
        $none = fn (): string => Text::of('staff_no_mailbox', ['wanted' => $this->call->address()]);
        $checked = $record->checked_at ? gmdate('Y-m-d H:i:s', $record->checked_at) . ' UTC' : '';
        return [
            'staff_mailbox' => $record->address ?: $none(),
            'staff_state' => Text::of("state_$record->state"),
            'staff_checked' => $checked ?: Text::of('never'),
            'staff_evidence' => $this->evidence() ?: '-',
            'staff_job' => $this->lastJob(),
            'staff_pending' => $pending ? implode('; ', $pending) : Text::of('nothing_pending'),
        ];
    }

    /** Empty, unless the service's fields name another mailbox than it has. */
    public function warning(): string
    {
        $now = $this->call->renamed($this->record);
        $values = ['now' => (string) $now, 'has' => $this->record->address];
        return $now === null ? '' : Text::of('renamed', $values);
    }

    /**
     * To the bridge's own pages about this mailbox and its last job: key of the label => URL.
     *
     * @return array<string, string>
     */
    public function links(): array
    {
        $pages = $this->call->bridge->pages;
        $names = $pages === '' ? [] : array_filter([
            'link_mailbox' => $this->record->address,
            'link_job' => $this->record->job,
        ], 'strlen');
        $folders = ['link_mailbox' => 'mailboxes', 'link_job' => 'jobs'];
        foreach ($names as $key => $name) {
            $names[$key] = "$pages/admin/$folders[$key]/" . rawurlencode($name);
        }
        return $names;
    }

    /**
     * Asks Enom through the bridge how it is, and the bridge how what is pending stands. Throws
     * Fault.
     */
    public function check(): void
    {
        foreach ($this->record->pending as $pending) {
            $answer = $this->call->client()->job($pending);
            if ($answer->kind === 'ended') {
                Conclusion::reached($this->call->id, $answer->receipt);
            } elseif ($answer->isOneOf('away', 'unsigned')) {
                throw new Fault($answer->problem);
            }
        }
        $mailbox = $this->call->mailbox($this->record);
        $answer = $this->call->client()->query('mailbox.status', $mailbox);
        if ($answer->kind !== 'answered') {
            throw new Fault($answer->problem);
        }
        Lock::around($this->call->id, function () use ($answer): void {
            $record = Record::of($this->call->id);
            $state = $answer->receipt['state'] ?? '';
            $record->state = in_array($state, ['active', 'suspended', 'absent'], true) ? $state : 'unknown';
            $record->checked_at = time();
            if ($record->address === '' && in_array($record->state, ['active', 'suspended'], true)) {
                // Taken over: the bridge says that it is this service's.
                $address = Receipt::address($answer->receipt['address'] ?? null);
                $record->has($address, $this->call->address());
            }
            $record->save();
        });
    }

    /**
     * Asks the bridge alone how stands what it is at work on, for somebody who waits for it. Never
     * throws: what cannot be asked now comes by callback or by cron.
     */
    public function follow(): void
    {
        foreach ($this->record->pending as $pending) {
            if (!$pending->accepted || $pending->held) {
                continue;
            }
            try {
                $answer = $this->call->client()->within(self::PATIENCE)->job($pending);
                if ($answer->kind === 'ended') {
                    Conclusion::reached($this->call->id, $answer->receipt);
                }
            } catch (\Throwable $error) {
                $error instanceof Fault || $this->call->log()->unexpected('page', $error);
            }
        }
        $this->record = Record::of($this->call->id);
    }

    /**
     * Sends anew what is pending, as a new event: for a held job whose cause was mended. Null:
     * success; else a sentence.
     */
    public function sendAgain(): ?string
    {
        $said = [];
        foreach (array_keys($this->record->pending) as $about) {
            $pending = Lock::around($this->call->id, fn () => $this->renewed($about));
            if ($pending !== null) {
                $said[] = $this->repeat($pending);
            }
        }
        $faults = array_filter($said, 'is_string');
        return match (true) {
            $said === [] => Text::of('nothing_pending'),
            $faults === [] => null,
            default => implode(' ', $faults),
        };
    }

    /**
     * Staff says that this customer may have mail in this domain, whoever else has; then it is
     * sent. Null: success; else a sentence.
     *
     * @param string $staff who says so, for the log
     */
    public function sendAnyway(string $staff): ?string
    {
        $pending = $this->record->pending['status'] ?? null;
        if ($pending?->action !== Action::Create && $this->call->stops($this->record) === null) {
            return Text::of('nothing_stopped');
        }
        $domain = Address::domain($this->address());
        Lock::around($this->call->id, function () use ($domain): void {
            $record = Record::of($this->call->id);
            $record->confirmed = $domain;
            $record->save();
        });
        $service = Service::required($this->call->id);
        $values = ['domain' => Text::plain($domain), 'client' => $service->client, 'staff' => $staff];
        Log::activity(Text::of('domain_confirmed', $values), $service->id, $service->client);
        return $this->order();
    }

    /** A link that signs the customer in to webmail; empty: there is none now. */
    public function signIn(): string
    {
        $mailbox = $this->call->mailbox($this->record);
        $answer = $this->call->client()->query('mailbox.sign_in', $mailbox);
        $url = $answer->kind === 'answered' ? $answer->receipt['url'] ?? null : null;
        return is_string($url) && preg_match('#\Ahttps?://[!\#-;=?-~]+\z#', $url) ? $url : '';
    }

    /**
     * Host, port and what protects it, as a mail program asks for them; a dash as host shows
     * nothing.
     */
    public function place(string $host, string $port): string
    {
        if ($host === '-' || preg_match('/:[0-9]+\b/', $host) || !preg_match('/\A[0-9]{1,5}\z/', $port)) {
            return $host === '-' ? '' : $host;
        }
        $values = ['host' => $host, 'port' => $port, 'security' => self::SECURITY[$port] ?? ''];
        $key = $values['security'] === '' ? 'host_port' : 'host_port_security';
        return Text::of($key, $values, $this->call->language());
    }

    /**
     * How it is sent; a platform whose own status follows has its own function do it. Null:
     * success; else a sentence.
     */
    protected function repeat(Pending $pending): ?string
    {
        return Dispatch::run($pending->action, $this->call);
    }

    /** How a stopped order is sent; as above. */
    protected function order(): ?string
    {
        return Dispatch::run(Action::Create, $this->call);
    }

    /** It stays pending, under a new id: so nothing is lost if it cannot be sent now. */
    private function renewed(string $about): ?Pending
    {
        $record = Record::of($this->call->id);
        if (!isset($record->pending[$about])) {
            return null; // another that was sent again has decided it
        }
        $record->pending[$about] = $record->pending[$about]->renewed();
        $record->save();
        return $record->pending[$about];
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

    private function told(Pending $pending): string
    {
        $how = $pending->held ? 'pending_held' : ($pending->accepted ? 'pending_accepted' : 'pending_unsent');
        $values = ['action' => $pending->action->told(), 'since' => gmdate('Y-m-d H:i:s', $pending->since), 'hook' => $pending->id];
        return Text::of($how, $values);
    }
}
