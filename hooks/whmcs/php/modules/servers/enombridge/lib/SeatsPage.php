<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/** The mailboxes of a domain on the customer's page, as the bridge has them on record. */
final class SeatsPage
{
    private readonly Mailboxes $mailboxes;

    public function __construct(private readonly SeatsService $call, private readonly Hosting $hosting, private readonly string $language)
    {
        $this->mailboxes = Mailboxes::of($call);
    }

    /** Throws Fault when the bridge cannot be asked. @return list<array<string, mixed>> */
    public function mailboxes(): array
    {
        $missing = $this->missing();
        return array_map(fn (array $one) => $this->shown($missing + $one), $this->mailboxes->all());
    }

    /** @return array<string, mixed> */
    public function seats(): array
    {
        $sold = $this->call->seats();
        $used = count($this->mailboxes->all());
        $living = count($this->mailboxes->living());
        $over = ['used' => $living, 'seats' => $sold->number, 'more' => $living - $sold->number];
        return [
            'domain' => $sold->domain,
            'text' => Text::of('seats_used', ['used' => $used, 'seats' => $sold->number], $this->language),
            'over' => $living > $sold->number ? Text::of('seats_over', $over, $this->language) : '',
            'free' => max(0, $sold->number - $used),
            'more' => $this->hosting->upgrades(),
        ];
    }

    /** What WHMCS itself asked for, for all of them. @return list<array{kind: string, text: string}> */
    public function underWay(Record $record): array
    {
        $pending = $record->pending['status'] ?? null;
        return $pending === null ? [] : [['kind' => 'info', 'text' => Text::of($pending->held ? 'doing_held' : "all_{$pending->action->name}", [], $this->language)]];
    }

    /** Which forms the account cannot carry out: one mailbox tells for all, which are of one account. @return array<string, null> */
    private function missing(): array
    {
        $active = array_column(array_filter($this->mailboxes->living(), fn (array $one) => $one['state'] === 'active'), 'address');
        $now = $active === [] || $this->hosting->status !== 'Active' ? null : Routing::now($this->call, $active[0], afresh: false);
        return array_filter(array_intersect_key($now ?? [], ['aliases' => 0, 'forward' => 0]), 'is_null');
    }

    /** @param array<string, mixed> $one @return array<string, mixed> */
    private function shown(array $one): array
    {
        $deleted = Size::day($one['deleted'], $this->language);
        return [
            'address' => $one['address'],
            'state' => match (true) { $deleted !== '' => 'deleted', $one['state'] === 'unknown' => 'progress', default => $one['state'] },
            'doing' => [],
            'deleted' => $deleted === '' ? '' : Text::of('deleted_on', ['day' => $deleted], $this->language),
            'usage' => Bar::of($one['used'], $one['quota'], $one['counted'], $this->hosting->upgrades(), $this->language),
        ] + Routing::shown($one);
    }
}
