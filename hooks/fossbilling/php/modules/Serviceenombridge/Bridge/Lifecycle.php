<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Kit;
use EnomBridge\Kit\Lock;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use FOSSBilling\InformationException;

/**
 * What FOSSBilling's functions of a service do. Each returns when FOSSBilling may go on, and throws
 * when its status must stay as it is: the message says whether it is in progress or has failed.
 */
final class Lifecycle
{
    // Times that the kit's lock is waited for, 3 s each: longer than one call of the bridge takes.
    private const PATIENCE = 10;

    /**
     * @param bool $goesOn whether FOSSBilling may also go on while the bridge is at it, because it
     *   would never ask again
     */
    public static function run(Action $action, int $order, bool $goesOn = false): void
    {
        if (Confirmed::has($order, $action)) {
            return;
        }
        $why = self::ask($action, $order, $goesOn);
        if ($why !== null && !($goesOn && self::isLeftToTheBridge($action, $order))) {
            throw new InformationException($why);
        }
    }

    /**
     * The customer has paid. FOSSBilling carries a paid renewal out once, so nothing here stops it:
     * the order becomes active, and staff hears of what the bridge could not do.
     */
    public static function giveBack(int $id, Action $action): void
    {
        try {
            self::run($action, $id, goesOn: true);
        } catch (InformationException $error) {
            $order = Order::required($id);
            $order->note($error->getMessage());
            $order->alert($order->mailbox ?: '-', $error->getMessage());
        }
    }

    /**
     * Null: the bridge has confirmed it. Else a sentence, for the customer where a password is
     * changed, for staff otherwise. Never throws.
     */
    public static function ask(
        Action $action,
        int $order,
        bool $early = false,
        string $password = '',
        ?string $plan = null,
    ): ?string {
        $request = null;
        try {
            $request = new Request(Order::required($order), $early, $password, $plan);
            $do = fn (): ?string => Dispatch::run($action, $request);
            return self::patiently($early ? self::PATIENCE : 1, $do);
        } catch (Fault $fault) {
            return $action === Action::ChangePassword
                ? self::toClient($fault, $order)
                : $fault->getMessage();
        } catch (\Throwable $error) {
            $said = ($request?->log() ?? new Log([$password]))->unexpected($action->value, $error);
            return $action === Action::ChangePassword ? Text::of('failed_client') : $said;
        }
    }

    /** Whether it is asked for, and its end is not known yet. */
    public static function isPending(Action $action, int $order): bool
    {
        return (Record::of($order)->pending[$action->about()] ?? null)?->action === $action;
    }

    /** Nothing of it is at Enom, or on its way there. */
    public static function hasNothing(int $order): bool
    {
        $record = Record::of($order);
        return $record->address === '' && $record->pending === [];
    }

    /**
     * A customer or staff sets a password; what to say of it. Throws InformationException when it
     * was not taken.
     */
    public static function changePassword(int $order, string $password): string
    {
        if (Confirmed::has($order, Action::ChangePassword)) {
            Rows::keepPassword($order, $password);
            return '';
        }
        $why = self::ask(Action::ChangePassword, $order, password: $password);
        if ($why === null) {
            Rows::keepPassword($order, $password);
            $language = Language::ofClient(Order::required($order)->client);
            return Text::of('password_changed', [], $language);
        }
        return self::isPending(Action::ChangePassword, $order)
            ? $why
            : throw new InformationException($why);
    }

    /**
     * Staff gives an order another plan. Throws InformationException until the bridge has confirmed
     * it.
     */
    public static function changePlan(int $order, string $plan): void
    {
        $why = Confirmed::has($order, Action::ChangePlan)
            ? null
            : self::ask(Action::ChangePlan, $order, plan: $plan);
        if ($why !== null) {
            throw new InformationException($why);
        }
        Order::required($order)->setPlan($plan);
    }

    /**
     * An order is to be deleted: its mailbox ends before. What FOSSBilling deletes by force, it
     * deletes whatever this says.
     */
    public static function delete(int $order): void
    {
        $isOver = Order::find($order) === null || self::hasNothing($order)
            || Confirmed::has($order, Action::Terminate);
        $why = $isOver ? null : self::ask(Action::Terminate, $order);
        if ($why !== null) {
            throw new InformationException(self::isAskedByClient() ? self::notNow($order) : $why);
        }
        Rows::remove($order);
    }

    /**
     * FOSSBilling goes on, and the hook is kept until its end is known: what becomes of it corrects
     * FOSSBilling.
     */
    private static function isLeftToTheBridge(Action $action, int $order): bool
    {
        return Lock::around($order, function () use ($action, $order): bool {
            $record = Record::of($order);
            $pending = $record->pending[$action->about()] ?? null;
            if ($pending?->action !== $action) {
                return false;
            }
            $pending->told = true;
            $record->save();
            return true;
        });
    }

    private static function toClient(Fault $fault, int $order): string
    {
        $client = Order::find($order)?->client ?? 0;
        if ($fault instanceof Busy) {
            return Text::of('busy_client', [], Language::ofClient($client));
        }
        Log::activity($fault->getMessage(), $order, $client);
        return Text::of('failed_client', [], Language::ofClient($client));
    }

    private static function isAskedByClient(): bool
    {
        return Kit::platform()->asked() === Asked::Client;
    }

    /** A customer reads no sentence that is for staff. */
    private static function notNow(int $order): string
    {
        return Text::of('busy_client', [], Language::ofClient(Order::required($order)->client));
    }

    /**
     * FOSSBilling would not come back to what stays undone: so another process that is at the
     * service is waited for.
     */
    private static function patiently(int $tries, callable $do): mixed
    {
        while (true) {
            try {
                return $do();
            } catch (Busy $busy) {
                if (--$tries < 1) {
                    throw $busy;
                }
            }
        }
    }
}
