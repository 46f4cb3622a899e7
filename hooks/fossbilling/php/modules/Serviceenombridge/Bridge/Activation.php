<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use FOSSBilling\InformationException;

/**
 * An order is set up.
 *
 * Rule 1: while the mailbox is being made, the order stays `pending_setup`. FOSSBilling calls an
 * order `failed_setup` when its service throws, so that is left to what has failed; what is in
 * progress is said before, in the event.
 * Rule 2: in a transaction nothing is sent and nothing thrown. A checkout that an exception passes
 * through is undone as a whole, the order with it. Such an order is active at once, and its mailbox
 * is made after the next cron run.
 */
final class Activation
{
    private const TO_BE_ASKED = 1;
    private const ASKED = 2;

    /** @var array<int, ?string> what came of it in this process; null: success */
    private static array $outcomes = [];

    /** Before FOSSBilling sets the order up. Throws while it is in progress: then it does not. */
    public static function begin(int $id): void
    {
        $isTold = Confirmed::has($id, Action::Create) || Fossbilling::isInTransaction();
        if (Order::find($id) === null || $isTold) {
            return;
        }
        $why = Lifecycle::ask(Action::Create, $id);
        if ($why !== null && Lifecycle::isPending(Action::Create, $id)) {
            Rows::set($id, ['watched' => self::ASKED]);
            throw new InformationException($why);
        }
        self::$outcomes[$id] = $why;
    }

    /** FOSSBilling sets it up. */
    public static function finish(int $id): void
    {
        if (Confirmed::has($id, Action::Create)) {
            return;
        }
        if (Fossbilling::isInTransaction()) {
            Rows::set($id, ['watched' => self::TO_BE_ASKED]);
            return;
        }
        if (!array_key_exists($id, self::$outcomes)) {
            Lifecycle::run(Action::Create, $id); // the event is not connected
            return;
        }
        $why = self::$outcomes[$id];
        unset(self::$outcomes[$id]);
        if ($why !== null) {
            throw new InformationException($why);
        }
    }

    /**
     * By cron: asks for the mailboxes of orders that became active in a checkout, and calls failed
     * what failed late.
     */
    public static function catchUp(): void
    {
        foreach (Rows::watched() as $id) {
            $order = Order::find($id);
            $isMeant = in_array($order?->exactly, [Order::PENDING, Order::ACTIVE], true);
            if (!$isMeant || Record::of($id)->address !== '') {
                Rows::set($id, ['watched' => 0]);
            } elseif (Record::of($id)->pending === []) {
                self::watched($order);
            }
        }
    }

    private static function watched(Order $order): void
    {
        $isAsked = (int) (Rows::of($order->id)['watched'] ?? 0) === self::ASKED;
        $why = $isAsked
            ? Text::of('failed_late')
            : Lifecycle::ask(Action::Create, $order->id);
        $isPending = Lifecycle::isPending(Action::Create, $order->id);
        Rows::set($order->id, ['watched' => $isPending ? self::ASKED : 0]);
        if ($why !== null && !$isPending) {
            $order->setStatus('failed_setup');
            Order::required($order->id)->note($why);
            $order->alert('-', $why);
        }
    }
}
