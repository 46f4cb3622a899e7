<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Text;

/** What people see of one mailbox on FOSSBilling's pages, and what its buttons do. */
final class Mailbox extends Kit\Mailbox
{
    private const LABELS = [
        'your_mailbox', 'address', 'status', 'settings', 'incoming', 'outgoing', 'login',
        'open_webmail', 'set_password', 'new_password', 'password_rule',
    ];

    private function __construct(private readonly Order $order)
    {
        parent::__construct(new Request($order));
    }

    /** Throws Fault. */
    public static function of(int $order): self
    {
        return new self(Order::required($order));
    }

    /**
     * For the customer's page and mails: no secret, and nothing that is for staff.
     *
     * @return array<string, mixed>
     */
    public function shown(): array
    {
        $language = $this->call->language();
        $value = fn (Option $option): string => $option->value($this->order->config);
        $state = match (true) {
            $this->isInProgress() => 'progress',
            $this->order->exactly === Order::SUSPENDED => 'suspended',
            $this->order->exactly === Order::ACTIVE && $this->record->address !== '' => 'active',
            $this->order->exactly === Order::ACTIVE => 'progress',
            default => 'none',
        };
        $webmail = $value(Option::Webmail);
        return [
            'address' => $this->address(),
            'state' => $state,
            'said' => Text::of("client_$state", [], $language),
            'webmail' => preg_match('#\Ahttps?://#i', $webmail) ? $webmail : '',
            'incoming' => $this->place($value(Option::Incoming), $value(Option::IncomingPort)),
            'outgoing' => $this->place($value(Option::Outgoing), $value(Option::OutgoingPort)),
            'text' => array_combine(self::LABELS, array_map(
                fn (string $key): string => Text::of($key, [], $language),
                self::LABELS,
            )),
        ];
    }

    /** For staff: rows, links, warning, plan. @return array<string, mixed> */
    public function shownToStaff(): array
    {
        $label = fn (string $key): string => Text::of($key);
        $labelled = fn (array $found): array
            => array_combine(array_map($label, array_keys($found)), $found);
        return [
            'rows' => $labelled($this->rows()),
            'links' => $labelled($this->links()),
            'warning' => $this->warning(),
            'plan' => Option::Plan->value($this->order->config),
            'server' => $this->order->bridge,
        ];
    }

    /** Throws Fault that the customer may read. */
    public function webmail(): string
    {
        $url = $this->signIn();
        $why = Text::of('sign_in_failed', [], $this->call->language());
        return $url !== '' ? $url : throw new Fault($why);
    }

    protected function order(): ?string
    {
        return Order::required($this->order->id)->run(Action::Create);
    }

    protected function repeat(Pending $pending): ?string
    {
        $why = Order::required($this->order->id)->run($pending->action, $pending);
        return $why === null ? null : Text::plain($this->call->log()->masker->mask($why));
    }
}
