<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use WHMCS\Database\Capsule;

/** What happens in WHMCS without a call of the module. None of it throws: WHMCS runs these in the middle of its own work. */
final class Hooks
{
    /** The mailbox as the user name; null leaves it to WHMCS. @param array<string, mixed> $vars */
    public static function username(array $vars): ?string
    {
        $params = (array) ($vars['params'] ?? $vars); // documented in the first form, seen in the second
        if (($params['moduletype'] ?? '') !== 'enombridge') {
            return null;
        }
        try {
            return Option::Sells->value($params) === 'seats' ? Seats::domain($params) : OrderedAddress::of($params);
        } catch (\Throwable) {
            return null; // CreateAccount says what is missing
        }
    }

    /** @param array<string, mixed> $vars */
    public static function cancellation(array $vars): void
    {
        self::ours($vars['relid'] ?? 0, function (Hosting $hosting, Record $record) use ($vars): void {
            $address = $record->address ?: ($hosting->hasSeats() ? $hosting->mailbox : '');
            if ($address !== '') {
                $type = is_string($vars['type'] ?? null) ? Text::plain($vars['type']) : '-';
                Log::activity(Text::of('cancellation', ['address' => $address, 'type' => $type]), $hosting->id, $hosting->client);
            }
        });
    }

    /** Says so when the address of a service was changed, because nothing renames a mailbox. @param array<string, mixed> $vars */
    public static function edited(array $vars): void
    {
        self::ours($vars['serviceid'] ?? 0, function (Hosting $hosting, Record $record): void {
            Catchup::reconsider($hosting->id);
            if ($hosting->hasSeats()) {
                self::moved($hosting);
                return;
            }
            if ($record->address === '') {
                return;
            }
            try {
                $now = OrderedAddress::of(Params::of($hosting));
            } catch (Fault) {
                return; // nothing is said, so the mailbox that it has stands
            }
            if ($record->isRenamed($now)) {
                $text = Text::of('renamed', ['now' => Text::plain($now), 'has' => $record->address]);
                Log::activity($text, $hosting->id, $hosting->client);
            }
        });
    }

    /** New mailboxes are made in the domain that the service has now; those that there are stay where they are. */
    private static function moved(Hosting $hosting): void
    {
        try {
            $now = Seats::domain(Params::of($hosting));
        } catch (Fault) {
            return;
        }
        if ($hosting->mailbox !== '' && $now !== $hosting->mailbox) {
            Log::activity(Text::of('seats_moved', ['now' => Text::plain($now), 'has' => Text::plain($hosting->mailbox)]), $hosting->id, $hosting->client);
        }
    }

    /** What is on its way for a service because it was not paid is taken back at once. @param array<string, mixed> $vars */
    public static function paid(array $vars): void
    {
        try {
            Store::prepare();
            $invoice = self::number($vars['invoiceid'] ?? 0);
            $services = Capsule::table('tblinvoiceitems')->join(Store::TABLE, Store::TABLE . '.service', '=', 'tblinvoiceitems.relid')
                ->where('tblinvoiceitems.invoiceid', $invoice)->where('tblinvoiceitems.type', 'Hosting')
                ->whereNotNull(Store::TABLE . '.pending_since')->pluck('tblinvoiceitems.relid');
            foreach ($services as $service) {
                Catchup::reconsider((int) $service);
            }
        } catch (\Throwable $error) {
            Lifecycle::unexpected('hook', [], $error);
        }
    }

    /** @param array<string, mixed> $vars */
    public static function deleted(array $vars): void
    {
        try {
            $id = self::number($vars['serviceid'] ?? 0);
            if (!Store::exists()) {
                return;
            }
            $record = Record::of($id);
            if ($record->address !== '' && $record->state !== 'absent') {
                Log::activity(Text::of('deleted', ['address' => $record->address]), $id);
            } elseif (($counted = Store::counted($id)) > 0) {
                Log::activity(Text::of('deleted_seats', ['number' => $counted, 'service' => $id]), $id);
            }
            Store::forget($id);
            Move::forget($id);
        } catch (\Throwable $error) {
            Lifecycle::unexpected('hook', [], $error);
        }
    }

    /** @param callable(Hosting, Record): void $do */
    private static function ours(mixed $id, callable $do): void
    {
        try {
            $hosting = Hosting::find(self::number($id));
            if ($hosting !== null) {
                $do($hosting, Record::of($hosting->id));
            }
        } catch (\Throwable $error) {
            Lifecycle::unexpected('hook', [], $error);
        }
    }

    private static function number(mixed $id): int
    {
        return is_numeric($id) ? (int) $id : 0;
    }
}
