<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Client;

/** Each answer of the bridge: what WHMCS is told, and what stays pending afterwards. */
final class AnswersTest extends TestCase
{
    private const ALL = ['CreateAccount', 'SuspendAccount', 'UnsuspendAccount', 'TerminateAccount', 'ChangePassword', 'ChangePackage', 'Renew'];

    /** @return iterable<string, array{string}> */
    public static function functions(): iterable
    {
        foreach (self::ALL as $name) {
            yield $name => [$name];
        }
    }

    /** @dataProvider functions */
    public function testSucceededIsSuccessWhetherChangedOrNot(string $function): void
    {
        foreach ([true, false] as $changed) {
            Bridge::says(Bridge::ends('succeeded', ['changed' => $changed]));
            self::assertSame('success', Billing::run($function));
            self::assertNull($this->pending());
        }
        self::assertCount(2, array_unique(array_map(fn (Request $request) => $request->id(), Bridge::$requests)), 'an id was used for two events');
    }

    /** @return iterable<string, array{string}> */
    public static function codes(): iterable
    {
        $all = 'refused not_found not_ours conflict password_rejected password_needed domain_not_in_account pak_full purchase_needed plan_unknown '
            . 'unsupported credentials ip_not_allowed insufficient_funds unavailable unclear garbled unsafe overtaken';
        foreach (explode(' ', $all) as $code) {
            yield $code => [$code];
        }
    }

    /** @dataProvider codes */
    public function testFailedIsASentenceWithCodeAndJobAndNothingStaysPending(string $code): void
    {
        Bridge::says(Bridge::fails($code, 'Enom said no.'));
        $said = Billing::run('CreateAccount');
        self::assertMatchesRegularExpression("/^Failed: [A-Z].*\. \($code, job_[0-9A-F]+\)$/", $said);
        self::assertStringNotContainsString('said no', $said, 'words of the bridge or of Enom');
        self::assertNull($this->pending());
        self::assertSame('Pending', Billing::status());
        $first = Bridge::last()->id();
        Billing::run('CreateAccount');
        self::assertNotSame($first, Bridge::last()->id(), 'a final answer ends an id');
    }

    public function testTheCustomerIsToldThePasswordRuleAndNoInternals(): void
    {
        Bridge::says(Bridge::fails('password_rejected', 'Enom: Err1 from SOME-HOST'));
        $said = Billing::run('ChangePassword');
        self::assertStringStartsWith('This password cannot be used.', $said);
        self::assertStringContainsString('10 to 20 characters', $said);
        self::assertStringNotContainsString('SOME-HOST', $said);
        self::assertStringNotContainsString('job_', $said);
    }

    public function testUnsuspendAfterALockOutIsSentAgainWithThePassword(): void
    {
        Bridge::says(Bridge::fails('password_needed'), Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run('UnsuspendAccount'));
        self::assertArrayNotHasKey('password', Bridge::$requests[0]->data());
        self::assertSame('Sample-Pass.01', Bridge::$requests[1]->data()['password']);
        self::assertNotSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
        self::assertNull($this->pending());
    }

    public function testAPasswordThatIsNeededTwiceOrMissingIsAskedForOnlyOnce(): void
    {
        Bridge::says(Bridge::fails('password_needed'));
        self::assertStringContainsString('password_needed', Billing::run('UnsuspendAccount'));
        self::assertCount(2, Bridge::$requests);

        Billing::change(['password' => Billing::seal('')]);
        self::assertStringContainsString('password_needed', Billing::run('UnsuspendAccount'));
        self::assertCount(3, Bridge::$requests);
    }

    public function testHeldStaysPendingUnderItsIdAndTellsStaffOnce(): void
    {
        Bridge::says(Bridge::ends('held', ['error' => ['code' => 'unclear', 'message' => 'x', 'detail' => 'Nobody knows.']]));
        $said = Billing::run('TerminateAccount');
        self::assertMatchesRegularExpression('/^Needs a decision: It is not known whether Enom did it\. \(unclear\) .*jobs explain job_/', $said);
        Billing::run('TerminateAccount');
        self::assertSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
        self::assertTrue($this->pending()->held);
        self::assertCount(1, Billing::calls('OpenTicket'));
        self::assertSame('Pending', Billing::status());
    }

    public function testCancelledAndObservedAreNoSuccess(): void
    {
        Bridge::says(Bridge::ends('cancelled', ['error' => ['code' => 'overtaken']]));
        self::assertMatchesRegularExpression('/^Not done: A newer request replaced it\. \(overtaken, job_/', Billing::run('SuspendAccount'));
        self::assertNull($this->pending());

        Bridge::says(Bridge::ends('succeeded', ['observed_only' => true, 'changed' => false, 'plan' => []]));
        self::assertStringContainsString('only observes', Billing::run('CreateAccount'));
        self::assertNull($this->pending());
        self::assertSame('', $this->kept()->address);
        self::assertSame('The password was not changed. Please contact us.', Billing::run('ChangePassword'));
    }

    /** @dataProvider functions */
    public function testAcceptedIsNoSuccessAndIsAskedForUnderTheSameId(string $function): void
    {
        Bridge::says(Bridge::accepts());
        $said = Billing::run($function);
        self::assertStringContainsString($function === 'ChangePassword' ? 'is being set' : 'In progress', $said);
        self::assertTrue($this->pending()->accepted);
        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run($function));
        self::assertSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
        self::assertEquals(Bridge::$requests[0]->message(), Bridge::$requests[1]->message());
        self::assertNull($this->pending());
    }

    public function testOtherDataOrAnotherActionMakesANewId(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('SuspendAccount');
        Billing::$more = ['suspendreason' => 'Abuse'];
        Billing::run('SuspendAccount');
        Billing::run('UnsuspendAccount');
        Billing::run('ChangePassword');
        Billing::change(['password' => Billing::seal('Another-Pass.2')]);
        Billing::run('ChangePassword');
        self::assertCount(5, array_unique(array_map(fn (Request $request) => $request->id(), Bridge::$requests)));
    }

    /** @return iterable<string, array{int, string}> */
    public static function refusals(): iterable
    {
        foreach ([400, 403, 404, 409, 413, 415, 422] as $status) {
            yield "HTTP $status" => [$status];
        }
    }

    /** @dataProvider refusals */
    public function testARefusalIsToldAndIsNotPending(int $status): void
    {
        Bridge::says(Bridge::refuses($status, 'Not like this.', ['errors' => ['data.plan' => ['No such plan.', 'Send another.']]]));
        $said = Billing::run('CreateAccount');
        self::assertMatchesRegularExpression('/^The bridge did not accept it: [A-Z].*\.$/', $said);
        self::assertStringNotContainsString('Not like this', $said);
        self::assertStringNotContainsString('Send another', $said);
        if ($status === 422) {
            self::assertStringContainsString('invalid values: the plan (choose one from the list', $said);
        }
        self::assertNull($this->pending());
        Billing::run('CreateAccount');
        self::assertNotSame(Bridge::$requests[0]->id(), Bridge::$requests[1]->id());
    }

    public function testAWrongSignatureIsToldWithItsRemedyAndStaysPending(): void
    {
        Bridge::says(Bridge::refuses(401, 'Not signed.'));
        self::assertMatchesRegularExpression('/secret and the source.*clocks.*sent again automatically/', Billing::run('CreateAccount'));
        self::assertFalse($this->pending()->accepted);
        self::assertStringStartsWith('The mail system cannot be reached', Billing::run('ChangePassword'));
    }

    /** @return iterable<string, array{mixed}> */
    public static function absences(): iterable
    {
        foreach ([500, 502, 503, 429, 408] as $status) {
            yield "HTTP $status as a problem" => [Bridge::refuses($status, 'Come again.')];
            yield "HTTP $status as HTML" => [Bridge::reply($status, '<html><h1>Bad Gateway</h1></html>', ['content-type' => 'text/html'])];
        }
        foreach (['{}', '[]', 'null', '7', '"job"', '', '{"status":"succeeded"}', '{"data":{}}', str_repeat('[', 100), "\xff\xfe", '{"job":'] as $body) {
            $shown = rawurlencode(substr($body, 0, 30));
            yield "200 and $shown" => [Bridge::reply(200, $body)];
            yield "202 and $shown" => [Bridge::reply(202, $body)];
        }
        yield 'a page of a hoster' => [Bridge::reply(200, '<html>Welcome!</html>', ['content-type' => 'text/html'])];
        yield 'a refusal that is not of the bridge' => [Bridge::reply(403, '<html>Forbidden</html>', ['content-type' => 'text/html'])];
        yield 'a refusal that is JSON of another' => [Bridge::reply(404, ['error' => 'no such route'])];
        yield 'a redirect' => [Bridge::reply(302, '', ['location' => 'http://127.0.0.1:1/'])];
        yield 'a permanent redirect' => [Bridge::reply(308, '', ['location' => 'http://127.0.0.1:1/'])];
        yield 'nothing at all' => [''];
        yield 'half of an answer' => ["HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"job\": "];
        yield 'no HTTP' => ["SSH-2.0-OpenSSH_9.2\r\n"];
        yield 'no content' => [Bridge::reply(204, '')];
        yield 'a gigantic body' => [(function () {
            yield "HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n";
            for ($piece = 0; $piece < 80; $piece++) {
                yield str_repeat(' ', 1 << 16);
            }
        })()];
        yield 'a receipt at the end of a gigantic body' => [fn (Request $request) => Bridge::reply(200, str_repeat(' ', 5 << 20) . json_encode(Bridge::receipt($request, 'succeeded')))];
        $own = fn (array $changes) => Bridge::ends('succeeded', $changes);
        yield 'a receipt of another hook' => [$own(['hook' => 'whmcs_1_Create_0000000000000000'])];
        yield 'a receipt of another service' => [$own(['service_id' => '9'])];
        yield 'a receipt of another action' => [$own(['action' => 'mailbox.terminate'])];
        yield 'a receipt without an address' => [$own(['address' => null])];
        yield 'a receipt with markup for an address' => [$own(['address' => '<script>alert(1)</script>@example.com'])];
        yield 'a receipt with an endless address' => [$own(['address' => str_repeat('a', 400) . '@example.com'])];
        yield 'a receipt with a sequence in words' => [$own(['sequence' => 'seven'])];
        yield 'a receipt with an endless job' => [$own(['job' => str_repeat('j', 500)])];
        yield 'a receipt that has not ended' => [$own(['status' => 'running'])];
        yield 'a receipt of no known status' => [$own(['status' => 'exploded'])];
        yield 'a receipt of no known state' => [$own(['state' => 'on fire'])];
    }

    /** @dataProvider absences */
    public function testWhateverElseComesIsNoSuccessAndStaysPendingUnderItsId(mixed $answer): void
    {
        Bridge::says($answer);
        self::assertMatchesRegularExpression('/^Not done yet: .*sent again automatically/', Billing::run('CreateAccount'));
        self::assertSame('Pending', Billing::status());
        self::assertCount(1, Bridge::$requests);
        self::assertUnexpectedNothing();
        $pending = $this->pending();
        self::assertFalse($pending->accepted);

        Bridge::says(Bridge::ends('succeeded'));
        self::assertSame('success', Billing::run('CreateAccount'));
        self::assertSame($pending->id, Bridge::last()->id());
    }

    public function testAReceiptWithOddDetailsIsTakenWithoutAWarning(): void
    {
        $odd = [['error' => 'text'], ['error' => ['code' => ['x']]], ['error' => ['detail' => 'only']], ['error' => [1, 2]], ['verified' => 'all'],
            ['verified' => ['existence' => ['no']]], ['verified' => null], ['error' => ['code' => 7, 'detail' => []]]];
        foreach ($odd as $changes) {
            Bridge::says(Bridge::ends('failed', $changes));
            self::assertStringStartsWith('Failed: The bridge reported a reason that this module does not know.', Billing::run('CreateAccount'));
            self::assertNull($this->pending());
        }
        foreach ([['detail' => ['x']], ['title' => ['x']], ['errors' => 'x'], ['errors' => [['x' => ['y']]]]] as $changes) {
            Bridge::says(Bridge::refuses(422, 'No.', $changes));
            self::assertStringStartsWith('The bridge did not accept it', Billing::run('CreateAccount'));
        }
        self::assertUnexpectedNothing();
    }

    public function testARefusedConnectionIsAway(): void
    {
        $params = Billing::params(['serverport' => '1']);
        self::assertStringStartsWith('Not done yet: The bridge cannot be reached', enombridge_CreateAccount($params));
        self::assertNotNull($this->pending());
    }

    public function testSilenceIsAway(): void
    {
        Bridge::$hurry = 100;
        Bridge::says((function () {
            while (true) {
                yield null;
            }
        })());
        self::assertStringStartsWith('Not done yet: The bridge cannot be reached', Billing::run('SuspendAccount'));
        self::assertFalse($this->pending()->told);
    }

    public function testASlowDripEndsWithTheTotalTime(): void
    {
        Bridge::$hurry = 100;
        Bridge::says((function () {
            yield "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
            while (true) {
                yield ' ';
                yield null;
            }
        })());
        self::assertStringStartsWith('Not done yet: The bridge cannot be reached', Billing::run('CreateAccount'));
        self::assertNotNull($this->pending());
    }

    public function testTheCallIsBoundVerifiedAndUnredirected(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('CreateAccount');
        $options = Bridge::$options[0];
        self::assertSame(
            [5, 25, false, true, 2, ''],
            array_map(fn (int $name) => $options[$name], [CURLOPT_CONNECTTIMEOUT, CURLOPT_TIMEOUT, CURLOPT_FOLLOWLOCATION, CURLOPT_SSL_VERIFYPEER,
                CURLOPT_SSL_VERIFYHOST, CURLOPT_PROXY]),
        );
        $request = Bridge::last();
        self::assertSame(['POST', '/hooks/source-3', 'application/json'], [$request->method, $request->path, $request->headers['content-type']]);
        self::assertSame('wait=' . Client::WAIT, $request->headers['prefer']);
        self::assertLessThanOrEqual(20, Client::WAIT);
        self::assertMatchesRegularExpression('/\A[A-Za-z0-9_:-]{1,128}\z/', $request->id());
    }

    public function testTheServiceIsNamedAfterItsMailbox(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        self::assertSame('john@example.com', Billing::row()->username);
        Billing::run('SuspendAccount');
        self::assertCount(1, Billing::calls('UpdateClientProduct'));
    }
}
