<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Grounds;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Text;

/** An order of FOSSBilling as it is now. */
final class Order extends Kit\Service
{
    public const TYPE = 'enombridge'; // FOSSBilling's name for what this module sells
    public const ACTIVE = 'active';
    public const SUSPENDED = 'suspended';
    public const CANCELED = 'canceled';
    public const PENDING = 'pending_setup';
    private const SETUP = [self::PENDING, 'failed_setup'];

    /** @var array<string, mixed> what was ordered, and the settings of the product at that time */
    public readonly array $config;

    /** As FOSSBilling writes it; `status` says of all that is not set up yet the same. */
    public readonly string $exactly;

    private function __construct(private readonly object $row)
    {
        $config = json_decode($row->config ?? '', true);
        $this->config = is_array($config) ? $config : [];
        $this->exactly = (string) $row->status;
        parent::__construct(
            (int) $row->id,
            client: (int) $row->client_id,
            bridge: (int) Option::Server->value($this->config),
            status: in_array($this->exactly, self::SETUP, true) ? self::PENDING : $this->exactly,
            mailbox: (string) (Rows::of((int) $row->id)['address'] ?? ''),
            reason: (string) ($row->reason ?? ''),
        );
    }

    /** Null: there is no such order any more, or it is of another module. */
    public static function find(int $id): ?self
    {
        $row = $id < 1 ? null : Fossbilling::di()['db']->load('ClientOrder', $id);
        return is_object($row) && $row->service_type === self::TYPE ? new self($row) : null;
    }

    public static function required(int $id): self
    {
        return self::find($id) ?? throw new Kit\Fault(Text::of('no_service'));
    }

    public function grounds(): array
    {
        $cancels = Fossbilling::di()['db']->getCell(
            'SELECT value FROM client_order_meta'
                . " WHERE client_order_id = ? AND name = 'cancel_at_period_end'",
            [$this->id],
        );
        $owed = (int) ($this->row->unpaid_invoice_id ?? 0);
        return Grounds::of(
            due: Grounds::day((string) ($this->row->expires_at ?? '')),
            reason: $this->reason,
            product: (string) $this->row->product_id,
            client: (string) $this->client,
            cycle: (string) ($this->row->period ?? ''),
            amount: $this->row->price . ' x ' . $this->row->quantity . ' ' . $this->row->currency,
            cancel: is_string($cancels) ? $cancels : '',
            owed: $owed > 0 ? [$owed] : [],
        );
    }

    public function setStatus(string $status): void
    {
        $this->write('status', $status);
    }

    /** Staff gave it another plan, and its mailbox has it. */
    public function setPlan(string $plan): void
    {
        $config = [Option::Plan->value => $plan] + $this->config;
        $this->write('config', (string) json_encode($config));
    }

    /** One column: storing the whole row would undo what others write into it now. */
    private function write(string $column, string $value): void
    {
        $sql = "UPDATE client_order SET $column = ?, updated_at = ? WHERE id = ?";
        Fossbilling::di()['db']->exec($sql, [$value, date('Y-m-d H:i:s'), $this->id]);
    }

    public function setMailbox(string $address): void
    {
        Rows::set($this->id, ['address' => $address]);
    }

    /**
     * FOSSBilling runs its own function, which finds the mark: status, dates, mails and events stay
     * native.
     */
    public function complete(Pending $pending): ?string
    {
        $do = fn (): ?string => $this->run($pending->action, $pending);
        return Confirmed::during($this->id, $pending->action, $do);
    }

    public function unsuspend(): ?string
    {
        return $this->run(Action::Unsuspend);
    }

    /** An e-mail to the staff that has this template; the history of the order has it already. */
    public function alert(string $address, string $text): void
    {
        try {
            Fossbilling::di()['mod_service']('email')->sendTemplate([
                'to_staff' => true, 'code' => 'mod_serviceenombridge_alert',
                'order' => ['id' => $this->id, 'title' => (string) $this->row->title],
                'address' => $address, 'text' => $text,
            ]);
        } catch (\Exception $error) {
            (new Kit\Log([]))->unexpected('alert', $error);
        }
    }

    /** A line of its history, under the status that it has. */
    public function note(string $text): void
    {
        Fossbilling::orders()->saveStatusChange($this->fresh(), $text);
    }

    public function isSetUp(): bool
    {
        return $this->status !== self::PENDING;
    }

    /** The date that a renewal covers, by FOSSBilling's own rule; empty: the order is never due. */
    public function covered(): string
    {
        $expires = strtotime((string) ($this->row->expires_at ?? ''));
        if (empty($this->row->period)) {
            return '';
        }
        $logic = Fossbilling::di()['mod_config']('order')['order_renewal_logic'] ?? '';
        $from = match (true) {
            $expires === false, $logic === 'from_today' => time(),
            $logic === 'from_greater' => max($expires, time()),
            default => $expires,
        };
        $period = Fossbilling::di()['period']($this->row->period);
        return date('Y-m-d', (int) $period->getExpirationTime($from));
    }

    /**
     * Whether a renewal of it is being carried out because it was paid. FOSSBilling tries that
     * once: what throws now is never made up for.
     */
    public function isBeingRenewed(): bool
    {
        $found = Fossbilling::di()['db']->getCell(
            "SELECT COUNT(*) FROM invoice_item WHERE type = 'order' AND task = 'renew'"
                . " AND status = 'pending_setup' AND rel_id = ?",
            [$this->id],
        );
        return (int) $found > 0;
    }

    /**
     * Lets FOSSBilling do this, so that its status follows. Null: done; else why not.
     *
     * @param ?Pending $pending what is repeated or completed
     */
    public function run(Action $action, ?Pending $pending = null): ?string
    {
        try {
            $this->native($action, $pending);
            return null;
        } catch (\Exception $error) {
            return $error->getMessage();
        }
    }

    private function native(Action $action, ?Pending $pending): void
    {
        [$orders, $row, $status] = [Fossbilling::orders(), $this->fresh(), $this->exactly];
        $reason = (string) ($pending?->data['reason'] ?? '') ?: null;
        $isCreated = $this->isSetUp() && $status !== self::CANCELED;
        match (true) {
            $action === Action::Create && !$this->isSetUp() => $orders->activateOrder($row),
            $action === Action::Create && $status === self::CANCELED
                => $orders->uncancelFromOrder($row),
            $action === Action::Suspend && $status === self::ACTIVE
                => $orders->suspendFromOrder($row, $reason),
            $action === Action::Unsuspend && $status === self::SUSPENDED
                => $orders->unsuspendFromOrder($row),
            $action === Action::Terminate && $isCreated
                => $orders->cancelFromOrder($row, self::reasonToCancel($pending)),
            $action === Action::ChangePassword && $pending !== null
                => Lifecycle::changePassword($this->id, $pending->password()),
            $action === Action::ChangePlan && $pending !== null
                => Lifecycle::changePlan($this->id, (string) $pending->data['plan']),
            default => Lifecycle::run($action, $this->id),
        };
    }

    /** Where cron asked, the one of FOSSBilling's settings, as cron itself would write it. */
    private static function reasonToCancel(?Pending $pending): ?string
    {
        $reason = Fossbilling::di()['mod_config']('order')['batch_cancel_suspended_reason'] ?? null;
        return $pending?->asked_by === Asked::Cron && is_string($reason) ? $reason ?: null : null;
    }

    /** FOSSBilling changes the object that it is given. */
    private function fresh(): object
    {
        return Fossbilling::di()['db']->load('ClientOrder', $this->id);
    }
}
