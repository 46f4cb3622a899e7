<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Answer;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Lock;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/**
 * What the bridge says of a move, in an answer or a callback, and what WHMCS does then.
 *
 * Rule 1: nothing changes in WHMCS before the bridge has confirmed that the mailbox belongs to the
 * other service. The same may come twice, and after an interruption: each step is done once.
 */
final class MoveEnd
{
    /**
     * A callback, or a result that was fetched. Throws Fault when it is to come again.
     *
     * @param array<string, mixed> $receipt
     */
    public static function reached(array $receipt): void
    {
        if (Move::sentAs($receipt['hook'])?->isOpen()) {
            self::take($receipt);
        }
    }

    /** Sends it, again if need be; if WHMCS does not want it any more, asks what became of it. */
    public static function ask(Move $move, SeatsService $call, int $wait): Answer
    {
        $wanted = self::isWanted($move);
        return $wanted ? Hook::kept($call, $move)->send($wait) : self::asked($move, $call);
    }

    /** Acts on the answer, and says how it stands; empty: it is done. Throws Fault. */
    public static function said(Move $move, Answer $answer): string
    {
        $why = ['why' => $answer->problem];
        return match (true) {
            $answer->kind === 'ended' => self::take($answer->receipt),
            $answer->isOneOf('away', 'unsigned') => Text::of('move_away', $why),
            $answer->kind !== 'refused' => Text::of('move_going'),
            in_array('type', $answer->fields, true) => self::drop($move, Text::of('move_too_old')),
            !self::isWanted($move) => self::drop($move, Text::of('move_unwanted')),
            default => self::drop($move, Text::of('refused_staff', $why)),
        };
    }

    /** Whether both services still are what they were when it began. */
    private static function isWanted(Move $move): bool
    {
        [$single, $seats] = [Hosting::find($move->single), Hosting::find($move->seats)];
        return $single?->status === $move->was && $seats?->status === 'Active'
            && $single->client === $seats->client && $single->bridge === $seats->bridge;
    }

    /** What became of it, without sending it. */
    private static function asked(Move $move, SeatsService $call): Answer
    {
        $answer = $call->client()->query('job', ['hook' => $move->hook]);
        $receipt = $answer->kind === 'answered' ? Receipt::read($answer->receipt) : null;
        return ($receipt['hook'] ?? '') === $move->hook ? Answer::of($receipt) : $answer;
    }

    /** @param array<string, mixed> $receipt of a job that has ended, or is held */
    private static function take(array $receipt): string
    {
        $why = self::why($receipt);
        $single = Move::sentAs($receipt['hook'])?->single;
        $act = function () use ($receipt, $why): void {
            $move = Move::sentAs($receipt['hook']);
            if ($move?->isOpen()) { // else another process was told before
                self::act($move, $receipt, $why);
            }
        };
        $single === null || Lock::around($single, $act);
        return $why;
    }

    /** @param array<string, mixed> $receipt */
    private static function act(Move $move, array $receipt, string $why): void
    {
        if ($why === '') {
            $move->isBack() ? self::givenBack($move, $receipt) : self::movedIn($move, $receipt);
            $move->settle();
        } elseif ($receipt['status'] !== 'held') {
            $move->undo();
            self::log($move, 'move_failed', ['why' => $why]);
        } elseif ($move->hold()) {
            self::log($move, 'move_held', ['why' => $why]);
        }
    }

    /** Empty: it is done. @param array<string, mixed> $receipt */
    private static function why(array $receipt): string
    {
        $told = Receipt::told($receipt);
        return match (true) {
            $receipt['status'] === 'held' => Text::of('held_notice', $told),
            $receipt['status'] !== 'succeeded' => Text::of("$receipt[status]_notice", $told),
            $receipt['observed_only'] => Text::of('observed_notice', $told),
            default => '',
        };
    }

    /** The bridge did not take it, or never got it: it is as if it had not begun. */
    private static function drop(Move $move, string $why): string
    {
        Lock::around($move->single, function () use ($move, $why): void {
            if (Move::sentAs($move->hook)?->isOpen()) {
                $move->undo();
                self::log($move, 'move_failed', ['why' => $why]);
            }
        });
        return $why;
    }

    /** @param array<string, mixed> $receipt */
    private static function movedIn(Move $move, array $receipt): void
    {
        $single = Hosting::find($move->single);
        if ($single !== null && in_array($single->status, ['Active', 'Suspended'], true)) {
            self::update($single, ['status' => Moving::ENDED]);
        }
        self::learn($move, $receipt, '', '');
        self::log($move, 'move_done');
    }

    /** @param array<string, mixed> $receipt */
    private static function givenBack(Move $move, array $receipt): void
    {
        $address = $receipt['address'];
        $single = Hosting::find($move->single);
        if ($single !== null) {
            $isLeft = $single->status === $move->was && $single->status !== 'Active';
            $status = $isLeft ? ['status' => 'Active'] : [];
            $name = $single->mailbox === $address ? [] : ['serviceusername' => $address];
            self::update($single, $status + $name);
        }
        self::learn($move, $receipt, $address, $single === null ? '' : Singles::named($single));
        self::log($move, 'move_back_done');
    }

    /** What the single service has from now on. @param array<string, mixed> $receipt */
    private static function learn(Move $move, array $receipt, string $address, string $asked): void
    {
        $record = Record::of($move->single);
        $record->has('', '');
        $record->has($address, $asked);
        $record->sequence = $receipt['sequence'];
        $record->sequence_of = $receipt['address'];
        $record->job = $receipt['job'];
        $record->job_status = $receipt['status'];
        $record->code = $record->verified = '';
        $record->state = $address === '' ? 'unknown' : $receipt['state'];
        $record->checked_at = time();
        $record->save();
    }

    /** @param array<string, string> $values */
    private static function update(Hosting $single, array $values): void
    {
        if ($values === []) {
            return;
        }
        $done = Automatic::call('UpdateClientProduct', ['serviceid' => $single->id] + $values);
        if (($why = Command::failure($done)) !== null) {
            throw new Fault(Text::of('not_completed', ['why' => Text::plain($why)]));
        }
    }

    /** On both services. @param array<string, string> $values */
    private static function log(Move $move, string $key, array $values = []): void
    {
        $ways = [$move->single, $move->seats];
        [$from, $to] = $move->isBack() ? array_reverse($ways) : $ways;
        $text = Text::of($key, $values + ['from' => $from, 'to' => $to] + $move->told());
        foreach ($ways as $service) {
            Log::activity($text, $service, (int) Hosting::find($service)?->client);
        }
    }
}
