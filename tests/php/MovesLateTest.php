<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Record;
use WHMCS\Module\Server\Enombridge\Move;
use WHMCS\Module\Server\Enombridge\Moving;

/** Moves that take a while, are cut off, or meet something else on their way. */
final class MovesLateTest extends MovesTestCase
{
    public function testALateEndComesByCallbackTwiceAndOnceMoreAfterItWentBack(): void
    {
        self::single(1101);
        self::answers(Bridge::accepts());
        self::assertStringContainsString('completes by itself', self::moveHere());
        $receipt = self::end();
        foreach ([1, 2] as $time) {
            self::assertSame(200, $this->called('job.succeeded', $receipt)[0]);
            self::assertMoved(1101);
        }
        self::$owners = ['box1101@example.com' => Billing::SERVICE];
        self::answers();
        self::assertSame('success', self::moveBack());
        self::assertSame(200, $this->called('job.succeeded', $receipt)[0]);
        self::assertSingle(1101);
        self::assertNull(Move::of(1101));
    }

    public function testALateFailureLeavesItAsItWas(): void
    {
        self::single(1101);
        self::answers(Bridge::accepts());
        self::moveHere();
        $this->called(
            'job.failed',
            self::end(['error' => ['code' => 'conflict', 'detail' => '']], 'failed'),
        );
        self::assertSingle(1101);
        self::assertNotEmpty(
            preg_grep(
                '/was not moved .* The state of the mailbox does not allow this/',
                Billing::activityTexts(),
            ),
        );
    }

    public function testNothingElseIsSentForEitherServiceMeanwhile(): void
    {
        self::single(1101);
        self::answers(Bridge::accepts());
        self::moveHere();
        Bridge::$requests = [];
        Machine::session('cron');
        $own = ['CreateAccount', 'ChangePackage', 'Renew'];
        foreach ([...$own, 'SuspendAccount', 'UnsuspendAccount', 'TerminateAccount'] as $function) {
            self::assertStringStartsWith(
                'The mailbox box1101@example.com is being moved',
                Billing::run($function, 1101),
                $function,
            );
        }
        foreach (['SuspendAccount', 'UnsuspendAccount', 'TerminateAccount'] as $function) {
            self::assertStringStartsWith(
                'The mailbox box1101@example.com is being moved',
                Billing::run($function),
                $function,
            );
        }
        Machine::session('client');
        self::assertStringStartsWith(
            'Your mailbox is being changed right now',
            Billing::run('ChangePassword', 1101),
        );
        self::assertSame([], Bridge::hooks());
        self::assertSame(
            [[], []],
            [Record::of(1101)->pending, Record::of(Billing::SERVICE)->pending],
        );
        self::assertStringContainsString(
            'is being moved between service 1101 and service 1042',
            self::field('Moved', 1101)[0],
        );
    }

    public function testACustomerChangesNothingOfAMailboxThatIsOnItsWay(): void
    {
        $address = self::single(1101);
        self::answers(Bridge::accepts());
        self::moveHere();
        Machine::session('client');
        Bridge::$requests = [];
        $call = \WHMCS\Module\Server\Enombridge\Service::of(Billing::params([], 1101));
        $form = new \WHMCS\Module\Server\Enombridge\MailboxForm(
            $call,
            ['mailbox' => $address, 'aliases' => 'sales'],
            'german',
        );
        self::assertStringStartsWith(
            'Ihr Postfach wird gerade geändert',
            $form->done('aliases')['text'],
        );
        self::assertSame([], Bridge::hooks());
    }

    public function testALostCallbackIsFetched(): void
    {
        self::single(1101);
        self::answers(Bridge::accepts());
        self::moveHere();
        Bridge::does(
            Bridge::refuses(500),
            [
                'results' => Bridge::tells(
                    [
                        'items' => [self::end(['finished_at' => '2026-11-23T06:18:52Z'])],
                        'next' => null,
                    ],
                ),
            ],
        );
        Catchup::run();
        self::assertMoved(1101);
    }

    public function testCronSendsTheSameAgainAfterAMinute(): void
    {
        self::single(1101);
        self::answers('');
        self::assertStringContainsString('cannot be reached', self::moveHere());
        $sent = self::hook();
        self::answers();
        Machine::session('cron');
        Bridge::$requests = [];
        Moving::catchUp();
        self::assertSame([], Bridge::hooks(), 'another process may be at it');
        Clock::pass(120);
        Moving::catchUp();
        self::assertSame(
            [$sent->id(), $sent->data(), $sent->message()['timestamp']],
            [self::hook()->id(), self::hook()->data(), self::hook()->message()['timestamp']],
        );
        self::assertMoved(1101);
        self::assertUnexpectedNothing();
    }

    public function testCronAsksABridgeThatIsAwayOnce(): void
    {
        self::single(1101);
        self::single(1102);
        self::answers(Bridge::accepts());
        self::moveHere();
        self::answers(Bridge::refuses(503));
        Bridge::$requests = [];
        Clock::pass(120);
        Moving::catchUp();
        self::assertCount(1, Bridge::$requests);
    }

    public function testOneThatWasChangedMeanwhileIsNotSentAgainButItsEndCounts(): void
    {
        self::single(1101);
        self::answers('');
        self::moveHere();
        $end = self::end();
        Billing::change(['domainstatus' => 'Fraud'], 1101);
        Clock::pass(120);
        Bridge::does(
            Bridge::refuses(500),
            ['job' => Bridge::tells(['status' => 'running'] + $end)],
        );
        Moving::catchUp();
        self::assertTrue(Move::of(1101)->isOpen());
        Bridge::does(Bridge::refuses(500), ['job' => Bridge::tells($end)]);
        Moving::catchUp();
        self::assertSame(
            ['Fraud', '', false],
            [Billing::status(1101), Record::of(1101)->address, Move::of(1101)->isOpen()],
        );
        self::single(1102);
        self::answers('');
        self::moveHere();
        Billing::change(['domainstatus' => 'Suspended']);
        Clock::pass(120);
        Bridge::does(Bridge::refuses(500), ['job' => Bridge::refuses(404)]);
        Moving::catchUp();
        self::assertSingle(1102);
        self::assertNotEmpty(
            preg_grep(
                '/box1102.* was not moved .* changed meanwhile, so it was not sent/',
                Billing::activityTexts(),
            ),
        );
    }

    public function testAnInterruptionBetweenTheBridgeAndWhmcsIsMadeGoodByTheNextPress(): void
    {
        self::single(1101);
        Billing::fail('UpdateClientProduct', 'No database');
        self::assertStringContainsString(
            'WHMCS could not complete its part (No database)',
            self::moveHere(),
        );
        self::assertSame(
            ['Active', 'box1101@example.com'],
            [Billing::status(1101), Record::of(1101)->address],
        );
        Billing::answer(
            'UpdateClientProduct',
            fn (array $values) => Billing::change(
                ['domainstatus' => $values['status']],
                $values['serviceid'],
            ) ?? ['result' => 'success'],
        );
        self::assertSame('success', self::moveHere());
        self::assertMoved(1101);
    }

    public function testWhatTheBridgeHasDoneAndWhmcsHasForgottenIsCompleted(): void
    {
        self::single(1101);
        self::single(1102);
        self::single(1103);
        self::$owners['box1103@example.com'] = Billing::SERVICE; // WHMCS's backup was restored
        self::assertStringEndsWith(
            'Order more of them first.',
            self::coming()[1],
            'two are there',
        );
        self::assertStringEndsWith(
            'can be moved here.',
            self::coming()[2],
            'it needs no seat more',
        );
        self::moveHere();
        self::assertMoved(1101, 1103);
        self::assertSingle(1102);
    }

    public function testTwoWhoPressAtOnceDoItOnce(): void
    {
        self::single(1101);
        $second = '';
        self::answers(function (Request $request) use (&$second): string {
            if ($second === '') {
                $second = 'pressing';
                $second = self::moveHere();
            }
            return self::moves($request);
        });
        self::assertSame('success', self::moveHere());
        self::assertSame('success', $second);
        self::assertCount(
            1,
            array_unique(array_map(fn (Request $one) => $one->id(), Bridge::hooks())),
        );
        self::assertMoved(1101);
    }

    public function testAHeldOneWaitsForAPersonWhoIsToldOnce(): void
    {
        self::single(1101);
        self::answers(Bridge::ends('held', ['error' => ['code' => 'unclear', 'detail' => '']]));
        self::assertStringContainsString('Needs a decision', self::moveHere());
        $this->called('job.held', self::end([], 'held'));
        self::assertStringContainsString('Needs a decision', self::moveHere());
        self::assertCount(
            2,
            preg_grep('/waits to be moved/', Billing::activityTexts()),
            'on each service once',
        );
        $this->called('job.succeeded', self::end());
        self::assertMoved(1101);
    }

    public function testCheckNowFollowsWhatIsOnItsWay(): void
    {
        self::single(1101);
        self::answers(Bridge::accepts());
        self::moveHere();
        self::answers();
        self::assertSame('success', enombridge_check(Billing::params()));
        self::assertMoved(1101);
    }
}
