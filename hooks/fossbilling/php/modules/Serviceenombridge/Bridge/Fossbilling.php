<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Bridge;
use EnomBridge\Kit\PdoStore;
use FOSSBilling\Doctrine\DriverManagerFactory;

/** FOSSBilling, as the kit asks for it. */
final class Fossbilling implements Kit\Platform
{
    public const TABLE = 'mod_enombridge';

    private static ?self $it = null;

    private ?\PDO $own = null;
    private ?object $connection = null;
    private ?PdoStore $store = null;

    private function __construct(private readonly \Pimple\Container $di)
    {
    }

    /** From now on the kit works with this FOSSBilling. */
    public static function use(\Pimple\Container $di): void
    {
        if (self::$it?->di !== $di) {
            $it = self::$it = new self($di);
            Kit\Kit::serve(static fn (): Kit\Platform => $it);
        }
    }

    /** FOSSBilling's container: `db`, `logger`, `mod_service`, … */
    public static function di(): \Pimple\Container
    {
        return self::$it?->di
            ?? throw new \LogicException('FOSSBilling has not started the module.');
    }

    public static function orders(): object
    {
        return self::di()['mod_service']('order');
    }

    /** What FOSSBilling has written just now may still be rolled back, as during a checkout. */
    public static function isInTransaction(): bool
    {
        return self::di()['pdo']->inTransaction();
    }

    public function name(): string
    {
        return 'FOSSBilling';
    }

    public function sender(): string
    {
        return 'fossbilling';
    }

    public function texts(): string
    {
        return __DIR__ . '/lang';
    }

    public function language(): string
    {
        return 'english';
    }

    public function store(): Kit\Store
    {
        return $this->store ??= new PdoStore($this->own(), self::TABLE);
    }

    public function seal(string $plain): string
    {
        return self::sealed($plain);
    }

    public function open(string $sealed): string
    {
        return self::opened($sealed);
    }

    /** By FOSSBilling's own key, that of its configuration. */
    public static function sealed(string $plain): string
    {
        return self::di()['crypt']->encrypt($plain);
    }

    public static function opened(string $sealed): string
    {
        $plain = self::di()['crypt']->decrypt($sealed);
        return is_string($plain) ? $plain : throw new Kit\Fault(Kit\Text::of('not_opened'));
    }

    /** data/log/billing: also what is only sent, because there is no other log of calls. */
    public function logCall(string $action, string $sent, string $answer, string $outcome): void
    {
        self::write("enom-bridge $action: $outcome\n$sent\n$answer");
    }

    /** The history of the order, which only staff sees; the log where there is no order. */
    public function tellStaff(string $text, int $service, int $client): void
    {
        $order = Order::find($service);
        $order === null ? self::write("enom-bridge: $text") : $order->note($text);
    }

    public function bridges(): array
    {
        return Servers::ids();
    }

    public function bridge(int $id): ?Bridge
    {
        return Servers::bridge($id);
    }

    public function service(int $id): ?Order
    {
        return Order::find($id);
    }

    /**
     * Cron is cron also where staff starts it from the panel. Payments that a gateway reports come
     * without a session.
     */
    public function asked(): Asked
    {
        if (!empty($this->di['is_cron']) || PHP_SAPI === 'cli') {
            return Asked::Cron;
        }
        return match (true) {
            $this->di['auth']->isAdminLoggedIn() => Asked::Admin,
            $this->di['auth']->isClientLoggedIn() => Asked::Client,
            default => Asked::Cron,
        };
    }

    public function statusAfter(Action $action): ?string
    {
        return match ($action) {
            Action::Create, Action::Unsuspend => Order::ACTIVE,
            Action::Suspend => Order::SUSPENDED,
            Action::Terminate => Order::CANCELED,
            default => null,
        };
    }

    public function hasEnded(string $status): bool
    {
        return $status === Order::CANCELED;
    }

    /** FOSSBilling itself suspends without a reason, or with the one of its settings. */
    public function isOverdue(string $reason): bool
    {
        return $reason === '' || $reason === self::cronsReason();
    }

    public static function cronsReason(): string
    {
        $reason = self::di()['mod_config']('order')['batch_suspend_reason'] ?? '';
        return is_string($reason) ? trim($reason) : '';
    }

    public function isAnothers(int $service, string $address): bool
    {
        $this->store()->place(0); // the tables are there
        $sql = 'SELECT 1 FROM ' . self::TABLE . ' WHERE address = ? AND service != ?';
        $find = $this->own()->prepare($sql);
        $find->execute([$address, $service]);
        return $find->fetchColumn() !== false;
    }

    /** A connection of our own: what the kit keeps must stay when a checkout is rolled back. */
    private function own(): \PDO
    {
        if ($this->own === null) {
            $this->connection = DriverManagerFactory::getConnection();
            $this->own = $this->connection->getNativeConnection();
            $this->own->setAttribute(\PDO::ATTR_ERRMODE, \PDO::ERRMODE_EXCEPTION);
        }
        return $this->own;
    }

    private static function write(string $text): void
    {
        $logger = self::di()['logger'];
        $logger->setChannel('billing');
        $logger->info($text);
        $logger->setChannel('application');
    }
}
