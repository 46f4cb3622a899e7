<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Call;
use EnomBridge\Kit\Client;
use EnomBridge\Kit\Kit;

/** One request of FOSSBilling for one order. */
final class Request extends Call
{
    private const MOMENT = 4; // seconds

    /**
     * @param bool $early whether FOSSBilling goes on before the end is known
     * @param string $password the new one; empty: the one that is kept for the order
     * @param ?string $plan the new one; null: that of the order
     */
    public function __construct(
        private readonly Order $order,
        private readonly bool $early = false,
        private readonly string $password = '',
        private readonly ?string $plan = null,
    ) {
        parent::__construct($order->id, Servers::required($order->bridge));
    }

    public function address(): string
    {
        return OrderedAddress::of($this->order->config);
    }

    public function customer(): string
    {
        return (string) $this->order->client;
    }

    public function password(): string
    {
        return $this->password !== '' ? $this->password : Rows::password($this->id);
    }

    public function language(): string
    {
        return Language::ofClient($this->order->client);
    }

    /** Nobody waits for what FOSSBilling goes on with anyway. */
    public function isToldEarly(Action $action): bool
    {
        return $this->early || parent::isToldEarly($action);
    }

    /**
     * FOSSBilling reads an order, calls the module, and then writes the whole order: what somebody
     * paid meanwhile would be undone. So it waits only a moment for what can cross a payment; cron,
     * which has many orders to go through, does not wait at all. Nor does a gateway wait long for
     * an answer.
     */
    public function waits(Action $action): int
    {
        $isByPerson = Kit::platform()->asked() !== Asked::Cron;
        $longest = match ($action) {
            Action::Suspend, Action::Unsuspend, Action::Terminate, Action::Renew
                => $isByPerson ? self::MOMENT : 0,
            default => $isByPerson ? Client::WAIT : self::MOMENT,
        };
        return min($longest, parent::waits($action));
    }

    protected function tellsEarly(): bool
    {
        return Option::Progress->value($this->order->config) === 'success';
    }

    protected function keepPassword(string $password): bool
    {
        Rows::keepPassword($this->id, $password);
        return true;
    }

    protected function displayName(): string
    {
        $sql = 'SELECT first_name, last_name FROM client WHERE id = ?';
        $found = Fossbilling::di()['db']->getRow($sql, [$this->order->client]);
        return self::line(($found['first_name'] ?? '') . ' ' . ($found['last_name'] ?? ''));
    }

    protected function plan(): string
    {
        return $this->plan ?? Option::Plan->value($this->order->config);
    }

    /**
     * FOSSBilling writes the reason into the order only when this is over; until then it stands in
     * its settings or its request.
     */
    protected function reason(): string
    {
        if (Kit::platform()->asked() !== Asked::Admin) {
            return Fossbilling::cronsReason();
        }
        $sent = self::payload();
        $reason = (int) ($sent['id'] ?? 0) === $this->id ? $sent['reason'] ?? '' : '';
        return self::line(is_string($reason) ? $reason : '');
    }

    /** @return array<string, mixed> nothing: the request is of another kind */
    private static function payload(): array
    {
        try {
            return Fossbilling::di()['request']->getPayload()->all();
        } catch (\Exception) {
            return []; // no reason is worth a suspension that fails
        }
    }

    protected function until(): string
    {
        return $this->order->covered();
    }

    private static function line(string $text): string
    {
        $line = (string) preg_replace('/[\x00-\x1f\x7f\s]+/u', ' ', mb_scrub($text));
        return mb_substr(trim($line), 0, 255);
    }
}
