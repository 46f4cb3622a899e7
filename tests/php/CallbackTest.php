<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Signature;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** What the bridge posts to callback.php when a job has ended. */
final class CallbackTest extends TestCase
{
    /** Leaves a hook of this function pending at the bridge. */
    private function wait(string $function, int $service = Billing::SERVICE): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run($function, $service);
        Bridge::reset();
        Bridge::says(Bridge::refuses(500, 'A callback made a call.'));
        Billing::$moduleLog = Billing::$activities = Billing::$api = [];
    }

    /** @return iterable<string, array{string, string, string, string}> */
    public static function completions(): iterable
    {
        yield 'create' => ['CreateAccount', 'Pending', 'ModuleCreate', 'Active'];
        yield 'suspend' => ['SuspendAccount', 'Active', 'ModuleSuspend', 'Suspended'];
        yield 'unsuspend' => ['UnsuspendAccount', 'Suspended', 'ModuleUnsuspend', 'Active'];
        yield 'terminate' => ['TerminateAccount', 'Suspended', 'ModuleTerminate', 'Terminated'];
        yield 'plan' => ['ChangePackage', 'Active', 'ModuleChangePackage', 'Active'];
        yield 'password' => ['ChangePassword', 'Active', 'ModuleChangePw', 'Active'];
    }

    /** @dataProvider completions */
    public function testSuccessLetsWhmcsRunItsOwnFunctionWithoutAnotherCall(string $function, string $before, string $command, string $after): void
    {
        Billing::change(['domainstatus' => $before]);
        $this->wait($function);
        self::assertSame($before, Billing::status());
        $callback = $this->concluded();
        self::assertSame(200, $this->called('job.succeeded', $callback)[0]);
        self::assertSame($after, Billing::status());
        self::assertCount(1, Billing::calls($command));
        self::assertSame($function === 'CreateAccount' ? ['1042'] : [], Billing::$welcomes);
        self::assertNull($this->pending());
        $this->assertNoCall();

        self::assertSame(200, $this->called('job.succeeded', $callback)[0], 'the same callback again');
        self::assertCount(1, Billing::calls($command));
        self::assertNull($this->kept()->lock_until);
    }

    public function testTheMarkIsGoneAfterwards(): void
    {
        $this->wait('CreateAccount');
        $this->called('job.succeeded', $this->concluded());
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        self::assertCount(1, Bridge::$requests);
    }

    public function testTheMarkIsForThatActionAndServiceOnly(): void
    {
        Billing::addService(1043);
        $this->wait('CreateAccount');
        $said = [];
        Billing::answer('ModuleCreate', function () use (&$said) {
            $said = [Billing::run('CreateAccount'), Billing::run('CreateAccount', 1043)];
            return ['result' => 'success'];
        });
        $this->called('job.succeeded', $this->concluded());
        self::assertSame('success', $said[0]);
        self::assertStringStartsWith('Not done yet', $said[1]);
    }

    public function testARenewalIsDoneWithoutACommand(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        $this->wait('Renew');
        self::assertSame(200, $this->called('job.succeeded', $this->concluded())[0]);
        self::assertNull($this->pending());
        self::assertSame([], array_filter(Billing::$api, fn (array $call) => str_starts_with($call[0], 'Module')));
    }

    public function testAChangedPasswordIsKeptByWhmcsAsItWasSent(): void
    {
        $password = 'P&w<9>"\'x+/=.A1';
        Billing::change(['domainstatus' => 'Active', 'password' => Billing::seal($password)]);
        $this->wait('ChangePassword');
        Billing::change(['password' => Billing::seal('Former-Pass.1')]);
        $this->called('job.succeeded', $this->concluded());
        self::assertSame(['serviceid' => 1042, 'servicepassword' => $password], Billing::calls('ModuleChangePw')[0]);
        self::assertSame($password, Billing::unseal(Billing::row()->password));
    }

    public function testWhatWhmcsCouldNotCompleteStaysPendingAndComesAgain(): void
    {
        $this->wait('CreateAccount');
        $callback = $this->concluded();
        Billing::fail('ModuleCreate');
        $answer = $this->called('job.succeeded', $callback);
        self::assertSame([503, '60'], [$answer[0], $answer[1]['Retry-After']]);
        self::assertNotNull($this->pending());
        self::assertSame('Pending', Billing::status());
        self::assertNull($this->kept()->lock_until);
        Billing::answer('ModuleCreate', fn () => throw new \RuntimeException('broken'));
        self::assertSame(503, $this->called('job.succeeded', $callback)[0]);
        self::assertNotNull($this->pending());
        Billing::answer('ModuleCreate', fn () => null);
        self::assertSame(503, $this->called('job.succeeded', $callback)[0]);
    }

    public function testABusyServiceIsAnswered503(): void
    {
        $this->wait('CreateAccount');
        Capsule::table(Store::TABLE)->update(['lock_owner' => 'another', 'lock_until' => Clock::now() + 60]);
        $answer = $this->called('job.succeeded', $this->concluded());
        self::assertSame([503, '5'], [$answer[0], $answer[1]['Retry-After']]);
        self::assertNotNull($this->pending());
        self::assertLessThan(1, Clock::$ahead, 'a callback waits for nobody');
    }

    public function testACallbackThatComesWhileTheHookIsBeingSentIsBusy(): void
    {
        $answer = null;
        Bridge::says(function (Request $request) use (&$answer) {
            $answer = $this->called('job.succeeded', $this->concluded());
            return Bridge::ends('succeeded')($request);
        });
        self::assertSame('success', Billing::run('CreateAccount'));
        self::assertSame(503, $answer[0]);
    }

    public function testALowerSequenceOfTheSameHookIsIgnored(): void
    {
        $this->wait('SuspendAccount');
        $this->called('job.held', $this->concluded(['sequence' => 9]));
        self::assertSame(200, $this->called('job.failed', $this->concluded(['sequence' => 8, 'job' => 'job_older']))[0]);
        self::assertTrue($this->pending()->held);
        $this->called('job.succeeded', $this->concluded(['sequence' => 10, 'job' => 'job_newer']));
        self::assertNull($this->pending());
    }

    public function testABridgeThatCountsFromTheBeginningIsHeard(): void
    {
        Bridge::says(Bridge::ends('succeeded', ['sequence' => 900]));
        Billing::run('CreateAccount');
        Billing::change(['domainstatus' => 'Active']);
        $this->wait('SuspendAccount');
        $this->called('job.succeeded', $this->concluded(['sequence' => 1]));
        self::assertNull($this->pending());
    }

    public function testAnotherHookIsIgnored(): void
    {
        $this->wait('SuspendAccount');
        $foreign = ['hook' => 'whmcs_1042_Suspend_0000000000000000', 'sequence' => PHP_INT_MAX, 'address' => 'other@example.net'];
        foreach (['job.succeeded', 'job.failed', 'job.held', 'job.cancelled'] as $type) {
            self::assertSame(200, $this->called($type, $foreign + $this->concluded())[0]);
        }
        self::assertNotNull($this->pending());
        self::assertSame([], Billing::calls('ModuleSuspend'));
        self::assertSame([], Billing::$activities);
        self::assertSame(200, $this->called('job.succeeded', $this->concluded())[0]);
        self::assertNull($this->pending());
    }

    public function testADeletedServiceIsAnsweredAndForgotten(): void
    {
        $this->wait('CreateAccount');
        $callback = $this->concluded();
        Capsule::table('tblhosting')->delete();
        self::assertSame(200, $this->called('job.succeeded', $callback)[0]);
        self::assertNull($this->pending());
        self::assertSame([], Billing::calls('ModuleCreate'));
    }

    public function testAServiceOfAnotherModuleIsLeftAlone(): void
    {
        $this->wait('CreateAccount');
        $callback = $this->concluded();
        Capsule::table('tblproducts')->update(['servertype' => 'cpanel']);
        self::assertSame(200, $this->called('job.succeeded', $callback)[0]);
        self::assertSame([], Billing::calls('ModuleCreate'));
    }

    public function testAStatusThatContradictsIsLeftToAPerson(): void
    {
        $this->wait('CreateAccount');
        Billing::change(['domainstatus' => 'Cancelled']);
        self::assertSame(200, $this->called('job.succeeded', $this->concluded())[0]);
        self::assertSame('Cancelled', Billing::status());
        self::assertSame([], Billing::calls('ModuleCreate'));
        self::assertStringContainsString('became Cancelled in WHMCS', Billing::calls('OpenTicket')[0]['message']);
        self::assertSame('Mailbox john@example.com', Billing::calls('OpenTicket')[0]['subject']);
        self::assertNull($this->pending());
    }

    public function testAStatusThatIsRightAlreadyIsNotSetAgain(): void
    {
        $this->wait('CreateAccount');
        Billing::change(['domainstatus' => 'Active']);
        $this->called('job.succeeded', $this->concluded());
        self::assertSame([], Billing::calls('ModuleCreate'));
        self::assertNull($this->pending());
        self::assertSame('john@example.com', Billing::row()->username);
    }

    public function testHeldOpensOneTicketPerJobHoweverOftenItComes(): void
    {
        $this->wait('CreateAccount');
        for ($time = 0; $time < 5; $time++) {
            self::assertSame(200, $this->called('job.held', $this->concluded())[0]);
        }
        self::assertCount(1, Billing::calls('OpenTicket'));
        self::assertSame(['9', 'Mailbox john@example.com'], [(string) Billing::calls('OpenTicket')[0]['deptid'], Billing::calls('OpenTicket')[0]['subject']]);
        self::assertCount(1, Billing::$activities);
        $this->called('job.held', $this->concluded(['job' => 'job_02', 'sequence' => 9]));
        self::assertCount(2, Billing::calls('OpenTicket'));
        self::assertTrue($this->pending()->held);
    }

    public function testWithoutADepartmentThereIsALineInTheLogOnly(): void
    {
        Billing::configure([6 => '']);
        $this->wait('CreateAccount');
        $this->called('job.held', $this->concluded());
        self::assertSame([], Billing::calls('OpenTicket'));
        self::assertCount(1, Billing::$activities);
    }

    public function testATicketThatCannotBeOpenedIsSaid(): void
    {
        Billing::fail('OpenTicket', 'Department <b>not</b> found');
        $this->wait('CreateAccount');
        self::assertSame(200, $this->called('job.held', $this->concluded())[0]);
        self::assertStringContainsString('Department ‹b›not', Billing::activityTexts()[1]);
    }

    public function testFailedAndCancelledAreToldOnceAndEndIt(): void
    {
        foreach (['job.failed' => 'Failed', 'job.cancelled' => 'Not done'] as $type => $text) {
            $this->setUp();
            $this->wait('CreateAccount');
            $callback = $this->concluded(['error' => ['code' => 'refused', 'detail' => 'No room.']]);
            $this->called($type, $callback);
            $this->called($type, $callback);
            self::assertNull($this->pending());
            self::assertSame('Pending', Billing::status());
            self::assertCount(1, Billing::$activities);
            self::assertStringContainsString("$text: Enom refused it. (refused, job_", Billing::activityTexts()[0]);
        }
    }

    public function testObservedOnlyChangesNothing(): void
    {
        // As a bridge of today says it, as one from before did, and by the type alone.
        $told = [['job.observed', ['observed_only' => true]], ['job.succeeded', ['observed_only' => true]], ['job.observed', []]];
        foreach ($told as [$type, $more]) {
            $this->setUp();
            $this->wait('CreateAccount');
            self::assertSame(200, $this->called($type, $this->concluded($more))[0]);
            self::assertSame('Pending', Billing::status());
            self::assertSame([], Billing::calls('ModuleCreate'));
            self::assertSame('', $this->kept()->address);
            self::assertStringContainsString('only observes', Billing::activityTexts()[0]);
        }
    }

    public function testWhatIsToldAsObservedIsTakenAsSuch(): void
    {
        foreach ([[], ['observed_only' => true], ['status' => 'failed']] as $changes) {
            $this->setUp();
            $this->wait('CreateAccount');
            self::assertSame(200, $this->called('job.observed', $this->concluded($changes))[0]);
            self::assertSame('Pending', Billing::status());
            self::assertSame([], Billing::calls('ModuleCreate'));
            self::assertSame(['', 'succeeded'], [$this->kept()->address, $this->kept()->job_status]);
            self::assertNull($this->pending());
            self::assertStringContainsString('only observes', Billing::activityTexts()[0]);
        }
    }

    public function testARejectionAfterAHoldIsHeardThoughItHasTheSameNumber(): void
    {
        foreach (['rejected' => 'An admin rejected it on the bridge.', 'overtaken' => 'A newer request replaced it.', 'withdrawn' => 'It was withdrawn'] as $code => $told) {
            $this->setUp();
            Billing::configure([5 => 'success']);
            Billing::change(['domainstatus' => 'Active']);
            $this->wait('SuspendAccount');
            self::assertSame('Suspended', Billing::status());
            $held = $this->concluded(['error' => ['code' => 'unsafe']]);
            $this->called('job.held', $held);
            self::assertTrue($this->pending()->held);
            self::assertSame(200, $this->called('job.cancelled', ['error' => ['code' => $code]] + $held)[0]);
            self::assertNull($this->pending());
            self::assertSame('Active', Billing::status(), 'what was told early is taken back');
            self::assertCount(2, Billing::$activities);
            self::assertStringContainsString("Not done: $told", Billing::activityTexts()[1]);
            self::assertStringContainsString('the service is Active again', Billing::calls('OpenTicket')[1]['message']);
        }
    }

    public function testATicketIsNotTheCustomers(): void
    {
        $this->wait('CreateAccount');
        $this->called('job.held', $this->concluded(['error' => ['code' => 'unsafe']]));
        $ticket = Billing::calls('OpenTicket')[0];
        self::assertArrayNotHasKey('clientid', $ticket);
        self::assertArrayNotHasKey('serviceid', $ticket);
        self::assertSame(['enom-bridge', 'support@example.net', true], [$ticket['name'], $ticket['email'], $ticket['noemail']]);
        self::assertStringContainsString('A safety limit of the bridge stopped it.', $ticket['message']);
        self::assertStringContainsString('Service 1042 of client 7, mailbox john@example.com.', $ticket['message']);
    }

    public function testWhoPaidMeanwhileIsBroughtBack(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Billing::overdue();
        $this->wait('SuspendAccount');
        Billing::change(['nextduedate' => '2031-01-31']);
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame(200, $this->called('job.succeeded', $this->concluded())[0]);
        self::assertSame([['serviceid' => 1042]], Billing::calls('ModuleUnsuspend'));
        self::assertSame('Active', Billing::status());
        self::assertSame(['mailbox.unsuspend'], array_map(fn (Request $request) => $request->type(), Bridge::$requests));
    }

    public function testALockOutThatIsHeardOfLateIsOpenedWithThePassword(): void
    {
        Billing::change(['domainstatus' => 'Suspended']);
        $this->wait('UnsuspendAccount');
        Bridge::says(Bridge::accepts());
        $locked = ['error' => ['code' => 'password_needed'], 'state' => 'suspended'];
        self::assertSame(200, $this->called('job.failed', $this->concluded($locked))[0]);
        self::assertSame('Sample-Pass.01', Bridge::last()->data()['password']);
        self::assertNotNull($this->pending());

        Bridge::reset();
        $this->called('job.failed', $this->concluded($locked + ['job' => 'job_02']));
        self::assertSame([], Bridge::$requests, 'with the password it is not tried once more');
        self::assertNull($this->pending());
    }

    public function testALockOutWithoutAKnownPasswordIsToldToStaff(): void
    {
        Billing::change(['domainstatus' => 'Suspended', 'password' => Billing::seal('')]);
        $this->wait('UnsuspendAccount');
        $this->called('job.failed', $this->concluded(['error' => ['code' => 'password_needed']]));
        self::assertSame([], Bridge::$requests);
        self::assertStringContainsString('no password for this service', Billing::activityTexts()[0]);
    }

    /** @return iterable<string, array{array<string, string>}> */
    public static function forgeries(): iterable
    {
        yield 'no headers' => [['webhook-id' => '', 'webhook-timestamp' => '', 'webhook-signature' => '']];
        yield 'another signature' => [['webhook-signature' => 'v1,' . base64_encode(str_repeat("\0", 32))]];
        yield 'another scheme' => [['webhook-signature' => 'v1a,AAAA']];
        yield 'another id' => [['webhook-id' => 'cb_job_2']];
        yield 'an id with a dot' => [['webhook-id' => 'cb.job']];
        yield 'another time' => [['webhook-timestamp' => '1']];
        yield 'a time in words' => [['webhook-timestamp' => 'now']];
        yield 'an endless time' => [['webhook-timestamp' => str_repeat('9', 30)]];
    }

    /** @param array<string, string> $changes @dataProvider forgeries */
    public function testWhatIsNotSignedIsRefusedAndLeavesNoTrace(array $changes): void
    {
        $this->wait('CreateAccount');
        $body = json_encode(['type' => 'job.succeeded', 'data' => $this->concluded()]);
        $headers = $changes + Signature::sign('cb_job_1', Clock::now(), $body, Billing::SECRET);
        self::assertSame([401, [], 'Not signed.'], $this->posted($body, $headers));
        $this->assertNoTrace();
    }

    public function testAnExpiredOrFutureOneIsRefused(): void
    {
        $this->wait('CreateAccount');
        $body = json_encode(['type' => 'job.succeeded', 'data' => $this->concluded()]);
        foreach ([-301, 301, -86400] as $off) {
            self::assertSame(401, $this->posted($body, Signature::sign('cb_job_1', Clock::now() + $off, $body, Billing::SECRET))[0]);
        }
        $this->assertNoTrace();
    }

    public function testEveryStrangerGetsTheSameAnswer(): void
    {
        Billing::addServer(4, ['type' => 'cpanel']);
        $this->wait('CreateAccount');
        $body = json_encode(['type' => 'job.succeeded', 'data' => $this->concluded()]);
        $signed = Signature::sign('cb_job_1', Clock::now(), $body, Billing::SECRET);
        $wrong = $this->posted($body, ['webhook-signature' => 'v1,x'] + $signed);
        foreach ([['server' => '99'], ['server' => '4'], ['server' => ''], ['server' => 'x'], ['server' => ['3']], [], ['server' => '-3'], ['server' => '9999999999999999999999']] as $query) {
            self::assertSame($wrong, $this->posted($body, $signed, $query));
        }
        $this->assertNoTrace();
    }

    public function testTheSecretOfAnotherServerDoesNotFit(): void
    {
        $other = 'whsec_' . base64_encode(str_repeat('o', 32));
        Billing::addServer(4, ['password' => Billing::seal($other)]);
        $this->wait('CreateAccount');
        $body = json_encode(['type' => 'job.succeeded', 'data' => $this->concluded()]);
        self::assertSame(401, $this->posted($body, Signature::sign('cb_job_1', Clock::now(), $body, $other))[0]);
        self::assertSame(401, $this->posted($body, Signature::sign('cb_job_1', Clock::now(), $body, Billing::SECRET), ['server' => '4'])[0]);
    }

    public function testAHalfSetUpServerWritesNothingOfStrangers(): void
    {
        Capsule::table('tblservers')->update(['username' => '']);
        $answer = $this->posted('{"type":"job.succeeded"}', ['webhook-id' => 'x']);
        self::assertNotSame(200, $answer[0]);
        self::assertSame([], [...Billing::$moduleLog, ...Billing::$activities]);
        Database::vanish();
        self::assertSame(503, $this->posted('{}', ['webhook-id' => 'x'])[0]);
        self::assertSame([], [...Billing::$moduleLog, ...Billing::$activities]);
    }

    public function testOnlyAPostOfABearableSizeIsRead(): void
    {
        self::assertSame(405, \EnomBridge\Kit\Callback::answer(['REQUEST_METHOD' => 'GET'], ['server' => '3'], '')[0]);
        self::assertSame(405, \EnomBridge\Kit\Callback::answer([], [], '')[0]);
        $body = str_repeat(' ', 65537);
        self::assertSame(413, $this->posted($body, Signature::sign('cb_job_1', Clock::now(), $body, Billing::SECRET))[0]);
        $this->assertNoTrace(false);
    }

    /** @return iterable<string, array{string}> */
    public static function otherBodies(): iterable
    {
        $whole = ['job' => 'job_1', 'hook' => 'h', 'action' => 'mailbox.create', 'address' => 'john@example.com', 'service_id' => '1042', 'sequence' => 8, 'state' => 'active', 'message' => 'm'];
        $body = fn (mixed $type, mixed $data) => [json_encode(['type' => $type, 'data' => $data])];
        foreach (['mailbox.create', 'mailbox.suspend', 'job.started', 'job.succeeded ', "job.succeeded\n", 'JOB.SUCCEEDED', '', 7, null, ['job.failed']] as $type) {
            yield 'type ' . rawurlencode(json_encode($type)) => $body($type, $whole);
        }
        foreach (array_keys($whole) as $name) {
            yield "no $name" => $body('job.succeeded', array_diff_key($whole, [$name => 0]));
            yield "a list as $name" => $body('job.succeeded', [$name => ['x']] + $whole);
        }
        foreach (['', 'x', '{', '[]', 'null', '7', '"text"', '{"type":"job.succeeded"}', '{"type":"job.succeeded","data":7}', str_repeat('[', 60000), "\xff"] as $number => $raw) {
            yield "body $number" => [$raw];
        }
    }

    /** @dataProvider otherBodies */
    public function testSignedButNoCallbackIsAnError(string $body): void
    {
        self::assertSame(422, $this->posted($body, Signature::sign('cb_job_1', Clock::now(), $body, Billing::SECRET))[0]);
        self::assertSame([], array_filter(Billing::$api, fn (array $call) => $call[0] !== 'DecryptPassword'));
    }

    public function testWhatIsOfNoProductIsTakenAndLeft(): void
    {
        foreach (['a77', '0', '01', 'mailbox-7', '99999999999', '1042 '] as $id) {
            $data = ['job' => 'job_1', 'hook' => 'h', 'action' => 'mailbox.create', 'address' => 'john@example.com', 'service_id' => $id, 'sequence' => 8, 'state' => 'active', 'message' => 'm'];
            self::assertSame(200, $this->called('job.succeeded', $data)[0]);
        }
        Store::prepare(); // this may be the first test
        self::assertSame(0, Capsule::table(Store::TABLE)->where('service', '!=', Billing::SERVICE)->count());
    }

    public function testSeveralSignaturesAreReadSoThatASecretCanBeChanged(): void
    {
        $this->wait('CreateAccount');
        $body = json_encode(['type' => 'job.succeeded', 'data' => $this->concluded()]);
        $headers = Signature::sign('cb_job_1', Clock::now(), $body, Billing::SECRET);
        $headers['webhook-signature'] = 'v1,AAAA v2,x ' . $headers['webhook-signature'];
        self::assertSame(200, $this->posted($body, $headers)[0]);
        $headers['webhook-signature'] = str_repeat('v1,AAAA ', 16) . $headers['webhook-signature'];
        self::assertSame(401, $this->posted($body, $headers)[0]);
    }

    private function assertNoTrace(bool $pending = true): void
    {
        self::assertSame([], Billing::$moduleLog);
        self::assertSame([], Billing::$activities);
        self::assertSame([], array_filter(Billing::$api, fn (array $call) => $call[0] !== 'DecryptPassword'));
        self::assertSame($pending, $pending && $this->pending() !== null);
        $this->assertNoCall();
    }
}
