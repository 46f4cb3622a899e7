<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\Notice;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/**
 * The seven functions for a service that has a domain's mailboxes. It begins empty: the customer makes the mailboxes. So
 * nothing is asked of the bridge until then, and later one hook is about them all.
 */
final class SeatsLifecycle
{
    private const PATIENCE = 20; // seconds that WHMCS is kept waiting for many mailboxes

    /** Null: success. @param array<string, mixed> $params */
    public static function run(Action $action, array $params): ?string
    {
        $call = SeatsService::of($params);
        return match ($action) {
            Action::Create => self::create($call),
            Action::ChangePassword => Text::of('password_of_each', [], Language::clients($params)),
            Action::ChangePlan => self::changePackage($call),
            Action::Renew => self::renew($call),
            default => Dispatch::run($action, $call),
        };
    }

    private static function create(SeatsService $call): ?string
    {
        $domain = $call->seats()->domain;
        $record = Record::of($call->id);
        $hosting = Hosting::required($call->id);
        $why = $call->stops($record);
        if ($why !== null) {
            Notice::give($hosting, $record, 'domain ' . md5($why), $why, alert: true);
            $record->save();
            return $why;
        }
        if ($hosting->mailbox !== $domain) {
            $hosting->setMailbox($domain); // WHMCS finds accounts and usage by it
        }
        return null;
    }

    private static function changePackage(SeatsService $call): ?string
    {
        $seats = $call->seats();
        $mailboxes = Mailboxes::of($call);
        $there = $mailboxes->living();
        if (count($there) > $seats->number) {
            $values = ['used' => count($there), 'seats' => $seats->number, 'more' => count($there) - $seats->number, 'list' => implode(', ', array_column($there, 'address'))];
            return Text::of('downgrade_seats', $values);
        }
        $large = $mailboxes->tooLargeFor($seats->plan);
        if ($large !== []) {
            return Text::of('downgrade_size', ['plan' => Text::plain($seats->plan), 'list' => implode(', ', $large)]);
        }
        $other = array_filter($there, fn (array $one) => $seats->plan !== '' && $one['plan'] !== $seats->plan);
        $data = ['plan' => $seats->plan];
        return self::each($call, Action::ChangePlan, array_column($other, 'address'), $data);
    }

    private static function renew(SeatsService $call): ?string
    {
        $living = Mailboxes::of($call)->living();
        return self::each($call, Action::Renew, array_column($living, 'address'), ['until' => $call->covered()]);
    }

    /**
     * The same for each of these. What is open after a while is told, and completes by itself.
     *
     * @param list<string> $addresses
     * @param array<string, string> $data
     */
    private static function each(SeatsService $call, Action $action, array $addresses, array $data): ?string
    {
        $end = microtime(true) + self::PATIENCE;
        $open = $faults = [];
        foreach ($addresses as $address) {
            $left = max(0, (int) ($end - microtime(true)));
            [, $answer] = Mailboxes::of($call)->send($action->value, $address, $data, $left);
            $status = $answer->kind === 'ended' ? $answer->receipt['status'] : $answer->kind;
            if ($status === 'accepted') {
                $open[] = $address;
            } elseif ($status !== 'succeeded') {
                $why = $answer->kind === 'ended' ? Receipt::told($answer->receipt)['what'] : $answer->problem;
                $faults[] = "$address: $why";
            }
        }
        return match (true) {
            $faults !== [] => Text::of('each_failed', ['action' => $action->told(), 'list' => implode(' ', $faults)]),
            $open !== [] => Text::of('each_open', ['action' => $action->told(), 'list' => implode(', ', $open)]),
            default => null,
        };
    }
}
