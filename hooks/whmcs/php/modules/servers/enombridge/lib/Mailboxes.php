<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Answer;
use EnomBridge\Kit\Client;
use EnomBridge\Kit\Connection;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Lock;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Record;

/** The mailboxes of one service, as the bridge has them on record, and what is sent for one of them. */
final class Mailboxes
{
    private const PAGES = 100; // of 200
    private const PATIENCE = 6; // seconds; the bridge asks nobody else for it
    private const UNKNOWN = 404;

    /** @var ?list<array<string, mixed>> */
    private ?array $found = null;

    private function __construct(private readonly Service $call)
    {
    }

    public static function of(Service $call): self
    {
        return new self($call);
    }

    /**
     * Those that there are, also while they wait for their deletion. Throws Fault when the bridge cannot be asked.
     *
     * @return list<array<string, mixed>> address, state, plan, quota, used, deleted and, where the bridge knows such,
     *   aliases, forward and copy
     */
    public function all(): array
    {
        return $this->found ??= $this->asked();
    }

    /** @return list<array<string, mixed>> without those that are on their way out */
    public function living(): array
    {
        return array_values(array_filter($this->all(), fn (array $one) => $one['deleted'] === '' && $one['state'] !== 'absent'));
    }

    public function has(string $address): bool
    {
        return $address !== '' && in_array($address, array_column($this->all(), 'address'), true);
    }

    /** Which of them has this as a further address; empty: none, as far as the bridge has been told. */
    public function with(string $address): string
    {
        $isHolder = fn (array $one): bool => in_array($address, $one['aliases'] ?? [], true);
        return array_column(array_filter($this->all(), $isHolder), 'address')[0] ?? '';
    }

    /** @return list<string> those whose mail has no room in this plan */
    public function tooLargeFor(string $plan): array
    {
        $used = array_filter($this->living(), fn (array $one) => $one['used'] > 0);
        if ($plan === '' || $used === []) {
            return [];
        }
        $gigabytes = Connection::sizes($this->call->bridge)[$plan] ?? 0;
        $large = array_filter($used, fn (array $one) => $gigabytes > 0 && $one['used'] > $gigabytes << 30);
        return array_column($large, 'address');
    }

    /**
     * A hook about one of them. WHMCS does not repeat it: whoever asked sees what became of it, and asks again.
     *
     * @param string $type like `mailbox.create`
     * @param array<string, mixed> $data
     * @return array{string, Answer} the id of the hook, and what the bridge says
     */
    public function send(string $type, string $address, array $data, int $wait): array
    {
        $hook = $this->hook($type, $address, $data);
        return [$hook->id, $hook->send($wait)];
    }

    /**
     * As above, for a customer: null where WHMCS has just asked for something for all of them, or
     * this one is on its way to another service. Throws Busy.
     *
     * A mailbox that is made while a suspension is on its way would be newer than that, and stay out of it. So that is
     * looked at, and the hook gets its time, while nobody else is at this service; the end is waited for afterwards.
     *
     * @param array<string, mixed> $data
     * @return ?array{string, Answer}
     */
    public function sendForCustomer(string $type, string $address, array $data): ?array
    {
        $begin = function () use ($type, $address, $data): ?array {
            $isBusy = isset(Record::of($this->call->id)->pending['status']);
            if ($isBusy || Move::has($this->call->id, $address)) {
                return null;
            }
            $hook = $this->hook($type, $address, $data);
            return [$hook, $hook->send(0)];
        };
        $begun = Lock::around($this->call->id, $begin);
        if ($begun === null) {
            return null;
        }
        [$hook, $answer] = $begun;
        return [$hook->id, $answer->kind === 'accepted' ? $hook->send(Client::WAIT) : $answer];
    }

    /** @param array<string, mixed> $data */
    private function hook(string $type, string $address, array $data): Hook
    {
        $data = ['service_id' => (string) $this->call->id, 'address' => $address] + $data + array_filter(['customer_id' => $this->call->customer()], 'strlen');
        return Hook::fresh($this->call, $type, $data);
    }

    /** @return list<array<string, mixed>> */
    private function asked(): array
    {
        [$items, $after] = [[], ''];
        for ($page = 0; $page < self::PAGES; $page++) {
            $data = ['service_id' => (string) $this->call->id] + ($after === '' ? [] : ['after' => $after]);
            $answer = $this->call->client()->within(self::PATIENCE)->query('service.mailboxes', $data);
            if ($answer->kind === 'refused' && $answer->status === self::UNKNOWN) {
                break; // the bridge has not heard of it yet
            }
            if ($answer->kind !== 'answered') {
                throw new Fault($answer->problem);
            }
            $listed = is_array($answer->receipt['items'] ?? null) ? $answer->receipt['items'] : [];
            array_push($items, ...array_values(array_filter(array_map(self::described(...), $listed))));
            $next = $answer->receipt['next'] ?? null;
            if (!is_string($next) || $next <= $after) {
                break;
            }
            $after = $next;
        }
        return $items;
    }

    /** @return ?array<string, mixed> null: no mailbox, or one that is gone */
    private static function described(mixed $item): ?array
    {
        $address = is_array($item) ? Receipt::address($item['address'] ?? null) : '';
        if ($address === '' || ($item['state'] ?? '') === 'absent') {
            return null;
        }
        $text = fn (string $name): string => is_string($item[$name] ?? null) ? $item[$name] : '';
        $number = fn (string $name): int => is_int($item[$name] ?? null) ? max(0, $item[$name]) : 0;
        return [
            'address' => $address, 'state' => in_array($text('state'), ['active', 'suspended'], true) ? $text('state') : 'unknown', 'plan' => $text('plan'), 'deleted' => $text('delete_after'),
            'quota' => $number('quota_bytes'), 'used' => $number('used_bytes'), 'counted' => $text('used_at'),
        ] + Routing::read($item); // a bridge that knows of them says null until somebody has set them
    }
}
