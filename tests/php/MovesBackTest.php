<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Record;
use WHMCS\Module\Server\Enombridge\Move;

/** Mailboxes of a service with seats that go back to single services. */
final class MovesBackTest extends MovesTestCase
{
    public function testWhatCameIsShownWithWhereItGoesAndTheOthersNeedAService(): void
    {
        self::single(1101);
        self::assertSame([], self::going(), 'nothing could go anywhere');
        self::moveHere();
        self::assertSame([
            'ann@example.com: Order a service for it first.',
            self::line(1101, 'Cancelled', 'this mailbox can go back there.'),
        ], self::going());
        Bridge::$requests = [];
        self::assertSame(
            'Done: box1101@example.com. Not done: ann@example.com: Order a service for it first.',
            self::moveBack(),
        );
        self::assertEquals(
            [
                [
                    'service_id' => '1101',
                    'address' => 'box1101@example.com',
                    'from_service_id' => '1042',
                    'customer_id' => '7',
                ],
            ],
            array_map(fn (Request $one) => $one->data(), Bridge::hooks()),
        );
        self::assertSingle(1101);
        self::assertNull(Move::of(1101));
        self::assertSame([], self::going());
        self::assertSame('active', Record::of(1101)->state);
        self::assertCount(
            2,
            preg_grep(
                '/box1101@example.com was given back from service 1042 to service 1101/',
                Billing::activityTexts(),
            ),
        );
        Bridge::$requests = [];
        self::answers(Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run('SuspendAccount', 1101));
        self::assertSame('box1101@example.com', self::hook()->data()['address']);
    }

    public function testAServiceThatStaffOrderedForItTakesIt(): void
    {
        self::$owners = [
            'box1201@example.com' => Billing::SERVICE,
            'box1202@example.com' => Billing::SERVICE,
        ];
        Billing::addService(1201, ['packageid' => 6, 'username' => 'box1201@example.com']);
        Billing::addService(1202, ['packageid' => 6, 'domainstatus' => 'Active']);
        Billing::addService(
            1203,
            ['packageid' => 6, 'userid' => 8, 'username' => 'ann@example.com'],
        );
        self::assertSame([], self::coming(), 'it has no mailbox that could come');
        self::assertCount(2, self::going());
        self::assertSame('success', self::moveBack());
        foreach ([1201, 1202] as $number) {
            self::assertSingle($number);
            self::assertSame("box$number@example.com", Billing::row($number)->username);
        }
        self::assertSame([], Billing::$welcomes);
    }

    public function testWhatFailsIsStillKnownAndCanBeTriedAgain(): void
    {
        self::single(1101);
        self::moveHere();
        unset(self::$owners['ann@example.com']);
        self::answers(Bridge::fails('conflict'));
        self::assertStringContainsString('does not allow this', self::moveBack());
        self::assertMoved(1101);
        self::assertNotEmpty(
            preg_grep(
                '/box1101.* was not moved from service 1042 to service 1101/',
                Billing::activityTexts(),
            ),
        );
        self::answers(Bridge::accepts());
        self::moveBack();
        self::assertStringStartsWith(
            'The mailbox box1101@example.com is being moved',
            Billing::run('SuspendAccount'),
            'it comes or goes',
        );
        self::assertSame(
            200,
            $this->called('job.succeeded', self::end(['service_id' => '1101']))[0],
        );
        self::assertSingle(1101);
    }

    public function testACustomerRemovesNothingThatIsOnItsWay(): void
    {
        $address = self::single(1101);
        self::moveHere();
        self::answers(Bridge::accepts());
        self::moveBack();
        Machine::session('client');
        Bridge::$requests = [];
        Machine::session('admin');
        $line = self::going()[1];
        self::assertStringEndsWith(': It is being moved, and that completes by itself.', $line);
        Machine::session('client');
        Bridge::$requests = [];
        $said = self::sends(['do' => 'password', 'mailbox' => $address] + self::GOOD);
        self::assertStringStartsWith('Something is being done', $said[0]['text']);
        self::assertSame([], Bridge::hooks());
        self::answers(Bridge::ends('succeeded'));
        $said = self::sends(['do' => 'password', 'mailbox' => 'ann@example.com'] + self::GOOD);
        self::assertSame('The new password of ann@example.com is set.', $said[0]['text']);
    }

    public function testOneThatWaitsForItsDeletionStays(): void
    {
        self::single(1101);
        self::moveHere();
        self::answers(
            boxes: [
                'box1101@example.com' => [
                    'state' => 'suspended',
                    'delete_after' => '2026-12-14T10:00:00Z',
                ],
            ],
        );
        Bridge::$requests = [];
        self::assertStringContainsString('waits for its deletion', self::going()[1]);
        self::assertStringContainsString('waits for its deletion', self::moveBack());
        self::assertSame([], Bridge::hooks());
    }

    public function testAFormerServiceThatWasGivenAwayOrRevivedTakesNothing(): void
    {
        self::single(1101);
        self::single(1102);
        self::moveHere();
        Billing::change(['userid' => 8], 1101);
        Billing::change(['domainstatus' => 'Terminated'], 1102);
        self::assertSame([], self::going());
        self::assertSame(
            'There is no service that a mailbox of example.com could go back to. '
                . 'Order one for it first.',
            self::moveBack(),
        );
        self::assertMoved();
    }

    public function testThereAndBackAndThereAgain(): void
    {
        self::single(1101);
        unset(self::$owners['ann@example.com']);
        foreach ([1, 2] as $time) {
            Billing::$activities = [];
            self::assertSame('success', self::moveHere());
            self::assertMoved(1101);
            self::assertSame('success', self::moveBack());
            self::assertSingle(1101);
        }
    }

    public function testAnEndThatWasCutOffGoesOn(): void
    {
        self::single(1101);
        unset(self::$owners['ann@example.com']);
        self::moveHere();
        Billing::fail('UpdateClientProduct', 'No database');
        self::assertStringContainsString('could not complete its part', self::moveBack());
        self::assertTrue(Move::of(1101)->isOpen());
        Billing::answer(
            'UpdateClientProduct',
            fn (array $values) => Billing::change(
                ['domainstatus' => $values['status']],
                $values['serviceid'],
            ) ?? ['result' => 'success'],
        );
        self::assertSame(
            200,
            $this->called('job.succeeded', self::end(['service_id' => '1101']))[0],
        );
        self::assertSingle(1101);
    }
}
