<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Record;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Hooks;
use WHMCS\Module\Server\Enombridge\Move;

/** Single mailboxes that become those of one service. */
final class MovesTest extends MovesTestCase
{
    public function testStaffSeesFirstWhatCanComeAndWhyTheOthersCannot(): void
    {
        foreach (range(1101, 1108) as $number) {
            self::single($number);
        }
        Billing::change(['domainstatus' => 'Suspended'], 1102);
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount', 1103);
        Capsule::table('tblcancelrequests')->insert(['relid' => 1104]);
        $record = Record::of(1105);
        $record->address = $record->asked = 'former@example.com';
        $record->save();
        self::$owners['box1107@example.com'] = 999;
        $invoice = Billing::invoice('Unpaid', 1101);
        self::answers(boxes: ['box1106@example.com' => ['delete_after' => '2026-12-14T10:00:00Z']]);
        Bridge::$requests = [];
        self::assertSame([
            self::line(1101, 'Active', "can be moved here. It has an unpaid invoice: $invoice."),
            self::line(1102, 'Suspended', 'Not possible: the service is Suspended, not Active.'),
            self::line(
                1103,
                'Active',
                'Not possible now: something is pending for the service. Wait for its end.',
            ),
            self::line(1104, 'Active', 'Not possible: its cancellation was requested.'),
            self::line(
                1105,
                'Active',
                'Not possible: its address was changed, and its mailbox still has the former one. '
                    . 'Change the address back first.',
                'former@example.com',
            ),
            self::line(1106, 'Active', 'Not possible: the mailbox waits for its deletion.'),
            self::line(
                1107,
                'Active',
                'Not possible: the bridge does not know this mailbox of the service. '
                    . 'Press "Check now" there.',
            ),
            self::line(1108, 'Active', 'can be moved here.'),
        ], self::coming());
        self::assertSame([], Bridge::hooks(), 'nothing is sent by looking');
        self::single(1109);
        self::assertStringEndsWith(
            ': Not possible: all that were sold are in use, or go to the mailboxes above. Order more of them first.',
            self::coming()[8],
        );
    }

    public function testWhatIsAnothersOrElsewhereIsNeitherShownNorMoved(): void
    {
        self::single(1101, ['userid' => 8]);
        Billing::addServer(4);
        self::single(1102, ['server' => 4]);
        self::single(1103, ['username' => 'box@example.net', 'domainstatus' => 'Active']);
        $record = Record::of(1103);
        $record->has('box@example.net', 'box@example.net');
        $record->save();
        self::single(1104, ['domainstatus' => 'Cancelled']);
        $gone = Record::of(1104);
        $gone->has('', '');
        $gone->save();
        Bridge::$requests = [];
        self::assertSame([], self::coming());
        self::assertSame(
            'This client has no single mailbox in example.com on this server.',
            self::moveHere(),
        );
        self::assertSame([], Bridge::hooks());
        self::single(1105, ['domainstatus' => 'Terminated']);
        $waits = Record::of(1105);
        [
            $waits->address,
            $waits->state,
            $waits->sequence_of,
        ] = ['', 'suspended', 'box1105@example.com'];
        $waits->save();
        self::assertStringContainsString(
            'Service 1105 (Terminated), box1105@example.com',
            self::coming()[0],
        );
    }

    public function testEachIsMovedAndOnlyThenItsServiceEnds(): void
    {
        foreach ([1101, 1102] as $number) {
            self::single($number);
        }
        self::answers(function (Request $request): string {
            self::assertSame('Active', Billing::status((int) $request->data()['from_service_id']));
            return self::moves($request);
        });
        self::assertSame('success', self::moveHere());
        self::assertEquals([
            [
                'service_id' => '1042',
                'address' => 'box1101@example.com',
                'from_service_id' => '1101',
                'seats' => 3,
                'customer_id' => '7',
            ],
            [
                'service_id' => '1042',
                'address' => 'box1102@example.com',
                'from_service_id' => '1102',
                'seats' => 3,
                'customer_id' => '7',
            ],
        ], array_map(fn (Request $one) => $one->data(), Bridge::hooks()));
        self::assertMoved(1101, 1102);
        self::assertSame([], self::coming());
        self::assertSame(
            [],
            array_diff(
                array_keys($values = Billing::calls('UpdateClientProduct')[0]),
                ['serviceid', 'status'],
            ),
            json_encode($values) . ': nothing else of billing',
        );
        self::assertStringStartsWith(
            'The mailbox box1101@example.com was moved to service 1042',
            self::field('Moved', 1101)[0],
        );
    }

    public function testWhatTheBridgeRefusesStaysAsItWasWithItsReason(): void
    {
        self::single(1101);
        $old = Bridge::refuses(422, more: ['errors' => ['type' => ['Not a type.']]]);
        $answers = [
            'as many mailboxes as it may have' => Bridge::fails('seats_full'),
            'Update the bridge' => $old,
            'may not use this mail domain' => Bridge::refuses(403),
            'only observes' => Bridge::ends('succeeded', ['observed_only' => true]),
            'Enom has no such mailbox' => Bridge::fails('not_found'),
        ];
        foreach ($answers as $said => $answer) {
            self::answers($answer);
            self::assertStringContainsString($said, self::moveHere());
            self::assertSingle(1101);
            self::assertNull(Move::of(1101));
            $last = array_slice(Billing::activityTexts(), -2);
            self::assertStringContainsString(
                'box1101@example.com was not moved from service 1101 to service 1042.',
                $last[0],
            );
            self::assertStringContainsString($said, $last[1]);
        }
        self::answers();
        self::assertSame('success', self::moveHere());
    }

    public function testABridgeThatGoesAwayIsAskedNoFurtherAndTheNextPressFinishesTheRest(): void
    {
        foreach ([1101, 1102] as $number) {
            self::single($number);
        }
        self::answers(fn (Request $request) => match ($request->data()['from_service_id']) {
            '1101' => self::moves($request),
            default => Bridge::refuses(503),
        });
        self::assertMatchesRegularExpression(
            '/\ADone: box1101@example.com. Not done: box1102@example.com: Not done yet: .*requests/',
            self::moveHere(),
        );
        self::assertMoved(1101);
        self::assertSame('Active', Billing::status(1102));
        self::assertSame(
            'It is being moved, and that completes by itself.',
            substr(self::coming()[0], -48),
        );
        $sent = self::hook();
        self::answers();
        self::assertSame('success', self::moveHere());
        self::assertSame(
            [$sent->id(), $sent->data()],
            [self::hook()->id(), self::hook()->data()],
            'the same hook',
        );
        self::assertMoved(1101, 1102);
    }

    public function testTheFormerServiceTouchesNothingAfterwards(): void
    {
        self::single(1101);
        self::moveHere();
        Bridge::$requests = [];
        foreach (['SuspendAccount', 'UnsuspendAccount', 'ChangePackage', 'Renew'] as $function) {
            self::assertStringStartsWith(
                'The mailbox box1101@example.com was moved to service 1042',
                Billing::run($function, 1101),
                $function,
            );
        }
        self::assertSame('success', Billing::run('TerminateAccount', 1101));
        self::assertSame([], Bridge::hooks());
        self::assertSame('Terminated', Billing::status(1101));
        Hooks::deleted(['serviceid' => 1101]);
        self::assertNull(Move::of(1101));
        self::assertEmpty(preg_grep('/still exists? at Enom/', Billing::activityTexts()));
    }

    public function testAMailboxThatWasMadeAnewForTheFormerServiceIsItsOwn(): void
    {
        $address = self::single(1101);
        self::moveHere();
        self::answers(Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run('CreateAccount', 1101));
        self::assertSame('success', Billing::run('SuspendAccount', 1101));
        self::assertSame(
            ['mailbox.suspend', $address],
            [self::hook()->type(), self::hook()->data()['address']],
        );
    }

    public function testAServiceWithSeatsThatIsNotReadyTakesNothing(): void
    {
        self::single(1101);
        Billing::change(['domainstatus' => 'Suspended']);
        self::assertStringEndsWith('is Suspended, not Active.', self::coming()[0]);
        self::assertStringContainsString('is Suspended, not Active.', self::moveHere());
        Billing::change(['domainstatus' => 'Active']);
        self::answers(Bridge::accepts());
        Billing::run('SuspendAccount');
        Bridge::$requests = [];
        self::assertStringContainsString(
            'something is pending for the service with the mailboxes',
            self::moveHere(),
        );
        self::assertSame([], Bridge::hooks());
        self::assertSingle(1101);
    }

    public function testABridgeThatCannotBeAskedIsSaidSo(): void
    {
        self::single(1101);
        self::bridge([], more: ['service.mailboxes' => Bridge::refuses(503)]);
        self::assertStringStartsWith('the bridge cannot be asked now (', self::coming()[0]);
        self::assertStringContainsString('does not accept requests', self::moveHere());
        self::assertNull(Move::of(1101));
    }

    public function testOnASingleServiceTheButtonsSayWhy(): void
    {
        self::single(1101);
        foreach (['moveHere', 'moveBack'] as $function) {
            self::assertStringStartsWith(
                'This service is a single mailbox',
                ("enombridge_$function")(Billing::params([], 1101)),
            );
        }
        $this->assertNoCall();
    }

    public function testAFormerServiceWhoseProductSellsSeatsNowStaysASingleOne(): void
    {
        self::single(1101);
        self::moveHere();
        Capsule::table('tblproducts')->where('id', 6)->update(['configoption13' => 'seats']);
        Bridge::$requests = [];
        self::assertSame('success', Billing::run('TerminateAccount', 1101));
        self::assertStringStartsWith(
            'The mailbox box1101@example.com was moved',
            Billing::run('SuspendAccount', 1101),
        );
        self::assertSame([], Bridge::hooks());
    }
}
