<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Client;
use EnomBridge\Kit\Connection;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/** The customer's page of a service: what templates/overview.tpl shows. Every text is plain, and is escaped there. */
final class Page
{
    private const DOING = ['status' => ['Create', 'Suspend', 'Unsuspend', 'Terminate'], 'password' => ['ChangePassword'], 'plan' => ['ChangePlan']];

    /** What it shows where there is nothing to show. */
    private const NOTHING = [
        'mailboxes' => [], 'seats' => [], 'remove' => '', 'messages' => [], 'busy' => false, 'dns' => [], 'serviceId' => 0, 'proof' => '',
        'signIn' => false, 'webmail' => '', 'incoming' => '', 'outgoing' => '', 'mayChange' => false,
    ];

    private function __construct(
        private readonly Service $call,
        private readonly Mailbox $mailbox,
        private readonly Hosting $hosting,
        private readonly string $language,
    ) {
    }

    /** Never throws. @param array<string, mixed> $params @return array<string, mixed> as WHMCS wants it of ClientArea */
    public static function show(array $params): array
    {
        $language = Language::clients($params);
        $shown = [];
        try {
            if (Visitor::mayEnter($params)) {
                $shown = self::of($params, $language);
            } else {
                Visitor::refused($params, 'page');
            }
        } catch (Fault $fault) {
            Service::isAddon($params) || (new Log([]))->call('page', '', $fault->getMessage(), 'fault');
        } catch (\Throwable $error) {
            Lifecycle::unexpected('page', $params, $error);
        }
        $text = Text::lines($language) + Text::lines('english');
        return ['tabOverviewModuleOutputTemplate' => 'templates/overview.tpl', 'templateVariables' => $shown + self::NOTHING + ['text' => $text, 'version' => Connection::VERSION]];
    }

    /** @param array<string, mixed> $params @return array<string, mixed> */
    private static function of(array $params, string $language): array
    {
        $said = Form::submitted() ? Form::handle($params) : null;
        $mailbox = Mailbox::of($params);
        $call = $mailbox->call;
        $client = $call->client();
        $mailbox->follow();
        Changes::follow($call->id, $client);
        $self = new self($call, $mailbox, Hosting::required($call->id), $language);
        return $self->shown($params, $client, $said);
    }

    /**
     * @param array<string, mixed> $params
     * @param ?array{kind: string, text: string} $said
     * @return array<string, mixed>
     */
    private function shown(array $params, Client $client, ?array $said): array
    {
        $isActive = $this->hosting->status === 'Active';
        // After a form the browser asks anew: that page tells how things have ended.
        $ends = $said === null ? $this->ends() : [];
        $messages = $said === null ? [...array_filter([Form::remembered($this->call->id)]), ...$ends] : [$said];
        [$mailboxes, $seats, $away] = $this->mailboxes(hasEnded: array_diff(array_column($ends, 'kind'), ['info']) !== []);
        $domain = Address::domain($this->mailbox->address());
        return [
            'mailboxes' => $mailboxes,
            'seats' => $seats,
            'remove' => $isActive ? SeatsForm::asked($this->call->id) : '',
            'messages' => [...$away, ...$messages],
            'busy' => array_filter(array_column($mailboxes, 'doing')) !== [] || in_array('info', array_column($messages, 'kind'), true),
            'dns' => $isActive && $domain !== '' ? Dns::of($domain, $client, $this->language) : [],
            'signIn' => $isActive,
            'mayChange' => $isActive && !($seats !== [] && isset(Record::of($this->call->id)->pending['status'])),
            'serviceId' => $this->call->id,
            'proof' => Visitor::proof($this->call->id, $this->call->bridge),
            ...$this->mailbox->settings($params),
        ];
    }

    /** @return array{list<array<string, mixed>>, array<string, mixed>, list<array{kind: string, text: string}>} mailboxes, seats, and what stands in the way */
    private function mailboxes(bool $hasEnded): array
    {
        if (!$this->call instanceof SeatsService) {
            return [[$this->one($hasEnded)], [], []];
        }
        try {
            $page = new SeatsPage($this->call, $this->hosting, $this->language);
            return [$page->mailboxes(), $page->seats(), $page->underWay(Record::of($this->call->id))];
        } catch (Fault $fault) {
            $this->call->log()->call('page', '', $fault->getMessage(), 'fault');
            return [[], [], [['kind' => 'danger', 'text' => Text::of('page_nothing', [], $this->language)]]];
        }
    }

    /** @return array<string, mixed> */
    private function one(bool $hasEnded): array
    {
        $record = Record::of($this->call->id);
        $state = match (true) {
            isset($record->pending['status']) => 'progress',
            $this->hosting->status === 'Suspended' => 'suspended',
            $this->hosting->status === 'Active' => 'active',
            default => 'none',
        };
        return [
            'address' => $this->mailbox->address(),
            'state' => $state,
            'doing' => $this->doing($record),
            'usage' => $state === 'none' ? [] : $this->usage(),
        ] + Routing::shown($state === 'active' ? Routing::now($this->call, $this->mailbox->address(), $hasEnded) : null);
    }

    /** @return list<string> what is under way */
    private function doing(Record $record): array
    {
        $doing = [];
        foreach (self::DOING as $about => $actions) {
            $pending = $record->pending[$about] ?? null;
            if ($pending !== null && in_array($pending->action->name, $actions, true)) {
                $doing[] = Text::of($pending->held ? 'doing_held' : "doing_{$pending->action->name}", [], $this->language);
            }
        }
        return $doing;
    }

    /** As the daily cron counted it. @return array<string, mixed> */
    private function usage(): array
    {
        [$used, $quota] = [(int) $this->hosting->column('diskusage') << 20, (int) $this->hosting->column('disklimit') << 20];
        return Bar::of($used, $quota, $this->hosting->column('lastupdate'), $this->hosting->upgrades(), $this->language);
    }

    /** How what the customer asked for has ended. @return list<array{kind: string, text: string}> */
    private function ends(): array
    {
        $messages = [];
        foreach (Changes::told($this->call->id) as $change) {
            $values = ['address' => $change->address];
            $isToldHere = $this->call instanceof SeatsService || $change->what !== 'password'; // else beside the mailbox
            if ($change->status === '' && $isToldHere) {
                $messages[] = ['kind' => 'info', 'text' => Text::of("going_$change->what", $values, $this->language)];
            } elseif ($change->status === 'held' && $isToldHere) {
                $messages[] = ['kind' => 'info', 'text' => "$change->address: " . Text::of('doing_held', [], $this->language)];
            } elseif ($change->status === 'succeeded') {
                $messages[] = ['kind' => 'success', 'text' => Text::of("done_$change->what", $values, $this->language)];
            } elseif (!in_array($change->status, ['', 'held'], true)) {
                $why = Text::among('client_code', $change->code, [], $this->language);
                $messages[] = ['kind' => 'danger', 'text' => Text::of("failed_$change->what", $values + ['why' => $why], $this->language)];
            }
        }
        return $messages;
    }
}
