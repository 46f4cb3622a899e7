<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Mailbox;
use EnomBridge\Kit\Password;
use EnomBridge\Tests\Bridge;
use EnomBridge\Tests\Request;

/** What is sent for each action, and what the platform is told of each answer. */
final class LifeTest extends TestCase
{
    public function testEachActionSendsItsDataUnderTheNameOfThePlatform(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        $more = [
            'mailbox.create' => ['password' => 'Sample-Pass.01', 'display_name' => 'John Doe', 'plan' => 'basic'],
            'mailbox.change_password' => ['password' => 'Sample-Pass.01'], 'mailbox.change_plan' => ['plan' => 'basic'],
            'mailbox.renew' => ['until' => '2030-01-31'],
        ];
        foreach (Action::cases() as $action) {
            self::assertNull($this->shop->run($action), $action->value);
            $request = Bridge::last();
            self::assertSame('/hooks/shop-main', $request->path);
            self::assertMatchesRegularExpression("/\\Ashop_11_{$action->name}_[0-9a-f]{16}\\z/", $request->id());
            $common = ['service_id' => '11', 'address' => 'john@example.com', 'customer_id' => '5'];
            self::assertEquals($common + ($more[$action->value] ?? []), $request->data());
        }
    }

    public function testTheStatusFollowsAndTheMailboxIsNamed(): void
    {
        Bridge::says(Bridge::ends('succeeded', ['address' => 'john@xn--exmple-cua.com']));
        $statuses = ['running' => Action::Create, 'paused' => Action::Suspend, 'over' => Action::Terminate];
        foreach ($statuses as $status => $action) {
            self::assertNull($this->shop->run($action));
            self::assertSame($status, $this->shop->row()['status']);
        }
        self::assertSame('john@xn--exmple-cua.com', $this->shop->row()['mailbox']);
    }

    public function testItIsKeptBeforeItIsSentAndSealed(): void
    {
        Bridge::says(function (Request $request) use (&$kept) {
            $kept = $this->pending();
            return Bridge::ends('succeeded')($request);
        });
        $this->shop->run(Action::Create);
        self::assertSame(Bridge::last()->id(), $kept->id);
        self::assertStringNotContainsString('Sample-Pass', json_encode($kept));
        self::assertSame('Sample-Pass.01', $kept->password());
        self::assertNull($this->pending());
    }

    public function testWhatTheBridgeDidNotAnswerGoesOutAgainUnderItsIdAsLongAsItIsTheSame(): void
    {
        Bridge::says(Bridge::refuses(503));
        self::assertStringStartsWith('Not done yet', $this->shop->run(Action::Create));
        $this->shop->run(Action::Create);
        $this->shop->change('password', 'Another-Pass.02');
        $this->shop->run(Action::Create);
        $ids = array_map(fn (Request $request) => $request->id(), Bridge::$requests);
        self::assertSame([true, false], [$ids[0] === $ids[1], $ids[1] === $ids[2]]);
    }

    /** @return iterable<string, array{mixed, string, bool}> */
    public static function answers(): iterable
    {
        yield 'accepted' => [Bridge::accepts(), 'In progress', true];
        yield 'failed' => [Bridge::fails('refused'), 'Failed: Enom refused it.', false];
        yield 'held' => [Bridge::ends('held', ['error' => ['code' => 'unsafe']]), 'Needs a decision', true];
        yield 'cancelled' => [Bridge::ends('cancelled'), 'Not done', false];
        yield 'only observed' => [Bridge::ends('succeeded', ['observed_only' => true]), 'Not done', false];
        yield 'not signed' => [Bridge::refuses(401), 'Not done yet', true];
        yield 'refused' => [Bridge::refuses(403), 'The bridge did not accept it', false];
        yield 'away' => ['', 'Not done yet', true];
        yield 'another program' => [Bridge::reply(200, '<html>'), 'Not done yet', true];
        yield 'the receipt of another hook' => [Bridge::ends('succeeded', ['hook' => 'x']), 'Not done yet', true];
    }

    /** @dataProvider answers */
    public function testOnlyAConfirmedEndIsSuccess(mixed $answer, string $said, bool $pending): void
    {
        $this->shop->change('status', 'running');
        Bridge::says($answer);
        self::assertStringStartsWith($said, $this->shop->run(Action::Suspend));
        self::assertSame($pending, $this->pending() !== null);
        self::assertSame('running', $this->shop->row()['status']);
    }

    public function testWhatIsToldEarlyIsSuccessAtOnce(): void
    {
        Purchase::$early = true;
        Bridge::says(Bridge::accepts());
        self::assertNull($this->shop->run(Action::Suspend));
        self::assertArrayNotHasKey('prefer', Bridge::last()->headers);
        self::assertStringStartsWith('In progress', $this->shop->run(Action::Create), 'this one never is');
        self::assertSame('wait=20', Bridge::last()->headers['prefer']);
    }

    public function testAPlatformThatCannotWaitIsToldThatItIsInProgress(): void
    {
        Bridge::says(Bridge::accepts());
        foreach ([4 => 'wait=4', 0 => null] as $waits => $sent) {
            Purchase::$waits = $waits;
            self::assertStringStartsWith('In progress', $this->shop->run(Action::Suspend));
            self::assertSame($sent, Bridge::last()->headers['prefer'] ?? null);
        }
        self::assertFalse($this->pending()->told);
    }

    public function testAHeldOneIsAPersonsToDecideAndSaidOnce(): void
    {
        Bridge::says(Bridge::ends('held', ['error' => ['code' => 'unsafe']]));
        $this->shop->run(Action::Create);
        $this->shop->run(Action::Create);
        self::assertCount(1, $this->shop->told);
        self::assertCount(1, $this->shop->alerts);
        self::assertStringStartsWith('john@example.com: Needs a decision', $this->shop->alerts[0]);
    }

    public function testALockOutIsLiftedWithThePassword(): void
    {
        Bridge::says(Bridge::fails('password_needed'), Bridge::ends('succeeded'));
        self::assertNull($this->shop->run(Action::Unsuspend));
        self::assertSame('Sample-Pass.01', Bridge::last()->data()['password']);
    }

    public function testAPasswordThatEnomWouldRefuseIsReplacedInThePlatformToo(): void
    {
        $this->shop->change('password', 'weak');
        Bridge::says(Bridge::ends('succeeded'));
        $this->shop->run(Action::Create);
        self::assertTrue(Password::fits($this->shop->row()['password']));
        self::assertSame($this->shop->row()['password'], Bridge::last()->data()['password']);

        $this->shop->change('password', 'weak');
        Purchase::$keeps = false;
        $this->expectException(Fault::class);
        $this->expectExceptionMessage('Cornershop did not save a new one');
        $this->shop->run(Action::Create);
    }

    public function testAnOrderThatSomethingSpeaksAgainstIsNotSent(): void
    {
        Purchase::$objection = 'Another customer has this domain.';
        self::assertSame(Purchase::$objection, $this->shop->run(Action::Create));
        self::assertSame([], Bridge::$requests);
        self::assertSame(['-: ' . Purchase::$objection], $this->shop->alerts);
        Bridge::says(Bridge::ends('succeeded'));
        self::assertNull($this->shop->run(Action::Suspend), 'it is about new mailboxes only');
    }

    public function testStaffMaySendItAnywayAndTheBridgeIsToldSo(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        $said = (new Mailbox(new Purchase(Shop::SERVICE)))->sendAnyway('Jo');
        self::assertStringStartsWith('There is nothing to send', (string) $said);
        Purchase::$objection = 'Another customer has this domain.';
        $this->shop->run(Action::Create);
        self::assertNull((new Mailbox(new Purchase(Shop::SERVICE)))->sendAnyway('Jo'));
        self::assertTrue(Bridge::last()->data()['domain_confirmed']);
        self::assertStringContainsString('Staff (admin Jo)', end($this->shop->told));
        $this->shop->change('wanted', 'john@example.net');
        self::assertNull($this->shop->run(Action::Terminate));
        self::assertSame(Purchase::$objection, $this->shop->run(Action::Create), 'another domain');
    }

    public function testANewAddressIsNoOtherMailbox(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        $this->shop->run(Action::Create);
        $this->shop->change('wanted', 'jane@example.com');
        $this->shop->run(Action::Suspend);
        self::assertSame('john@example.com', Bridge::last()->data()['address']);
        $this->expectExceptionMessage('was changed to jane@example.com, but its mailbox is john@example.com');
        $this->shop->run(Action::ChangePlan);
    }

    public function testWhatNeverWasNeedsNoEnding(): void
    {
        $this->shop->add(12, 'john@example.com');
        $this->shop->change('mailbox', 'john@example.com', 12);
        foreach (['not_found', 'not_ours'] as $code) {
            Bridge::says(Bridge::fails($code));
            self::assertNull($this->shop->run(Action::Terminate), $code);
        }
        $this->shop->change('mailbox', '', 12);
        self::assertStringStartsWith('Failed', $this->shop->run(Action::Terminate), 'it is nobody else\'s either');
    }

    public function testNoSecretReachesALog(): void
    {
        $echo = 'Sample-Pass.01 ' . Shop::SECRET . ' ' . base64_encode('Sample-Pass.01');
        $error = ['code' => 'refused', 'message' => $echo, 'detail' => $echo];
        Bridge::says(Bridge::ends('failed', ['message' => $echo, 'error' => $error]));
        $said = [$this->shop->run(Action::Create), ...$this->shop->told, ...array_merge(...$this->shop->calls)];
        foreach (explode(' ', $echo) as $secret) {
            self::assertStringNotContainsString($secret, implode("\n", $said));
        }
        self::assertStringContainsString('********', $this->shop->calls[0][1]);
    }
}
