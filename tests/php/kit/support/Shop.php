<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Bridge;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\PdoStore;
use EnomBridge\Kit\Platform;
use EnomBridge\Kit\Store;
use EnomBridge\Tests;

/**
 * A billing platform with one table. Its words and statuses are none of any real one's, so that
 * whatever the kit takes for granted shows.
 */
final class Shop implements Platform
{
    public const SERVICE = 11;
    public const CUSTOMER = 5;
    public const BRIDGE = 1;
    public const SECRET = 'whsec_ZW5vbS1icmlkZ2UgdGVzdCBrZXkgb2YgMzIgYnl0ZXM=';

    private const STATUS = [
        'mailbox.create' => 'running', 'mailbox.suspend' => 'paused',
        'mailbox.unsuspend' => 'running', 'mailbox.terminate' => 'over',
    ];

    private static ?self $shop = null;

    /** @var list<array{string, string, string, string}> */
    public array $calls = [];

    /** @var list<string> what staff was told */
    public array $told = [];

    /** @var list<string> what staff must decide */
    public array $alerts = [];

    /** @var list<string> ends of hooks that the kit did not send */
    public array $ended = [];

    public Asked $asked = Asked::Cron;

    /** What the platform says when it is to complete something; null: it does. */
    public ?string $refusal = null;

    public string $host = '127.0.0.1';

    private PdoStore $store;

    private function __construct(public readonly \PDO $database)
    {
        $this->store = new PdoStore($database, 'mail');
    }

    public static function it(): self
    {
        return self::$shop ??= new self(new \PDO('sqlite::memory:'));
    }

    /** With one service that nothing was done for yet. */
    public static function anew(): self
    {
        $shop = self::it();
        foreach (['service', 'mail', 'mail_results'] as $table) {
            $shop->database->exec("DROP TABLE IF EXISTS $table");
        }
        $shop->store = new PdoStore($shop->database, 'mail');
        $shop->calls = $shop->told = $shop->alerts = $shop->ended = [];
        [$shop->asked, $shop->refusal, $shop->host] = [Asked::Cron, null, '127.0.0.1'];
        $shop->database->exec('CREATE TABLE service (id INTEGER PRIMARY KEY, customer INTEGER, bridge INTEGER,'
            . " status TEXT DEFAULT 'new', mailbox TEXT DEFAULT '', reason TEXT DEFAULT '', wanted TEXT,"
            . " password TEXT DEFAULT 'Sample-Pass.01', due TEXT DEFAULT '2030-01-31', price TEXT DEFAULT '3.00')");
        $shop->add(self::SERVICE, 'john@example.com');
        return $shop;
    }

    public function add(int $id, string $address): void
    {
        $add = $this->database->prepare('INSERT INTO service (id, customer, bridge, wanted) VALUES (?, ?, ?, ?)');
        $add->execute([$id, self::CUSTOMER, self::BRIDGE, $address]);
    }

    /** @return array<string, mixed> nothing: it is not there */
    public function row(int $id = self::SERVICE): array
    {
        $found = $this->database->query("SELECT * FROM service WHERE id = $id")->fetch(\PDO::FETCH_ASSOC);
        return $found ?: [];
    }

    public function change(string $column, string $value, int $id = self::SERVICE): void
    {
        $this->database->prepare("UPDATE service SET $column = ? WHERE id = ?")->execute([$value, $id]);
    }

    /** As the platform does it itself: the status follows the answer. Null: success. */
    public function run(Action $action, int $id = self::SERVICE): ?string
    {
        $why = Dispatch::run($action, new Purchase($id));
        if ($why === null) {
            $this->change('status', self::STATUS[$action->value] ?? $this->row($id)['status'], $id);
        }
        return $why;
    }

    public function name(): string
    {
        return 'Cornershop';
    }

    public function sender(): string
    {
        return 'shop';
    }

    public function texts(): string
    {
        return __DIR__ . '/lang';
    }

    public function language(): string
    {
        return 'english';
    }

    public function store(): Store
    {
        return $this->store;
    }

    public function seal(string $plain): string
    {
        return strrev(base64_encode("sealed $plain"));
    }

    public function open(string $sealed): string
    {
        return substr((string) base64_decode(strrev($sealed)), 7);
    }

    public function logCall(string $action, string $request, string $response, string $outcome): void
    {
        $this->calls[] = [$action, $request, $response, $outcome];
    }

    public function tellStaff(string $text, int $service, int $client): void
    {
        $this->told[] = $text;
    }

    public function bridges(): array
    {
        return [self::BRIDGE];
    }

    public function bridge(int $id): ?Bridge
    {
        $port = (string) Tests\Bridge::$port;
        return $id === self::BRIDGE ? Bridge::at($id, $this->host, $port, false, 'shop-main', self::SECRET) : null;
    }

    public function service(int $id): ?Item
    {
        return $this->row($id) === [] ? null : new Item($this, $this->row($id));
    }

    public function asked(): Asked
    {
        return $this->asked;
    }

    public function statusAfter(Action $action): ?string
    {
        return self::STATUS[$action->value] ?? null;
    }

    public function hasEnded(string $status): bool
    {
        return $status === 'over';
    }

    public function isOverdue(string $reason): bool
    {
        return $reason === 'unpaid';
    }

    public function isAnothers(int $service, string $address): bool
    {
        $found = $this->database->prepare('SELECT 1 FROM service WHERE id <> ? AND mailbox = ?');
        $found->execute([$service, $address]);
        return $found->fetch() !== false;
    }
}
