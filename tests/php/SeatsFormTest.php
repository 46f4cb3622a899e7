<?php

namespace EnomBridge\Tests;


/** What a customer does with the mailboxes of a domain, and for whom it is done. */
final class SeatsFormTest extends SeatsTestCase
{
    public function testAddSendsTheNumberOfSeatsTheSizeAndTheCustomer(): void
    {
        self::assertSame('cay@example.com is ready.', self::sends(['do' => 'add', 'local' => ' Cay '] + self::GOOD)[0]['text']);
        self::assertSame(['service_id' => '1042', 'address' => 'cay@example.com', 'password' => 'Another-Pass.02', 'seats' => 3, 'plan' => 'basic', 'customer_id' => '7'], Bridge::hooks()[0]->data());
        Billing::$more['configoptions']['Mailbox size'] = 'large';
        self::sends(['do' => 'add', 'local' => 'dan'] + self::GOOD);
        self::assertSame('large', Bridge::hooks()[1]->data()['plan']);
    }

    public function testEachAnswerIsASentenceOfTheCustomersLanguage(): void
    {
        $_SESSION['Language'] = 'spanish';
        $error = ['error' => ['code' => 'seats_full', 'message' => 'English.']];
        $answers = [
            [Bridge::accepts(), 'Se está creando cay@example.com'], [Bridge::ends('held'), 'Antes tenemos que revisarlo'],
            [Bridge::ends('failed', $error), 'No se ha creado cay@example.com. Todos los buzones contratados'], [Bridge::ends('succeeded', ['observed_only' => true]), 'No se ha creado'],
            [Bridge::refuses(422, more: ['errors' => ['data.password' => ['No.']]]), 'Esta contraseña no se puede usar'],
            [Bridge::refuses(422, more: ['errors' => ['data.address' => ['No.']]]), 'Este nombre no se puede usar'],
            [Bridge::refuses(403), 'El sistema de correo no ha aceptado'], [Bridge::refuses(503), 'En este momento no se puede acceder'],
        ];
        foreach ($answers as [$answer, $said]) {
            self::bridge([self::box('ann')], $answer);
            self::assertStringStartsWith($said, self::sends(['do' => 'add', 'local' => 'cay'] + self::GOOD)[0]['text']);
        }
    }

    public function testNothingIsAddedWhileWhmcsHasAskedForSomethingForAll(): void
    {
        self::bridge([self::box('ann')], Bridge::refuses(503));
        Billing::run('SuspendAccount');
        self::assertFalse(self::page()['mayChange']);
        Bridge::$requests = [];
        $said = array_column(self::sends(['do' => 'add', 'local' => 'cay'] + self::GOOD), 'text');
        self::assertSame('Your mailboxes are being suspended.', $said[0]);
        self::assertStringStartsWith('Something is being done', $said[1]);
        self::assertSame([], Bridge::hooks(), 'a newer mailbox would stay out of the suspension');
    }

    public function testAHookIsSentAndThenWaitedForUnderItsId(): void
    {
        $answers = [Bridge::accepts(), Bridge::ends('succeeded')];
        self::bridge([self::box('ann')], function (Request $request) use (&$answers) {
            return (count($answers) > 1 ? array_shift($answers) : $answers[0])($request);
        });
        self::assertSame('cay@example.com is ready.', self::sends(['do' => 'add', 'local' => 'cay'] + self::GOOD)[0]['text']);
        [$first, $second] = Bridge::hooks();
        self::assertSame([$first->id(), $first->data()], [$second->id(), $second->data()]);
        self::assertSame([null, 'wait=20'], [$first->headers['prefer'] ?? null, $second->headers['prefer'] ?? null]);
    }

    public function testWhatNobodyAnsweredIsAskedForUntilItIsKnown(): void
    {
        self::bridge([self::box('ann')], Bridge::refuses(503));
        self::sends(['do' => 'password', 'mailbox' => 'ann@example.com'] + self::GOOD);
        self::page();
        self::assertSame('The new password of ann@example.com is being set.', self::page()['messages'][0]['text']);
        Clock::$ahead = 90.0;
        self::assertSame('The password of ann@example.com was not changed. The mail system is not available right now. We are working on it.', self::page()['messages'][0]['text']);
        self::assertSame([], self::page()['messages']);
    }

    public function testAliasesAndForwardingAreSentWhole(): void
    {
        self::sends(['do' => 'aliases', 'mailbox' => 'ann@example.com', 'aliases' => "Sales\r\ninfo@example.com, sales"]);
        self::assertSame(['mailbox.set_aliases', ['sales@example.com', 'info@example.com']], [self::hook()->type(), self::hook()->data()['aliases']]);
        self::sends(['do' => 'forwarding', 'mailbox' => 'ann@example.com', 'forward' => "a@example.net\nb@example.org", 'copy' => 'on']);
        self::assertSame([['a@example.net', 'b@example.org'], true], [self::hook()->data()['forward_to'], self::hook()->data()['keep_copy']]);
        self::sends(['do' => 'forwarding', 'mailbox' => 'ann@example.com', 'forward' => '']);
        self::assertSame([[], false], [self::hook()->data()['forward_to'], self::hook()->data()['keep_copy']]);
        $sent = count(Bridge::hooks());
        self::assertStringContainsString('must be in example.com', self::sends(['do' => 'aliases', 'mailbox' => 'ann@example.com', 'aliases' => 'a@example.net'])[0]['text']);
        self::assertStringContainsString('20 at most', self::sends(['do' => 'forwarding', 'mailbox' => 'ann@example.com', 'forward' => implode("\n", array_map(fn (int $n) => "a$n@example.net", range(1, 21)))])[0]['text']);
        self::assertStringContainsString('20 at most', self::sends(['do' => 'forwarding', 'mailbox' => 'ann@example.com', 'forward' => 'nobody'])[0]['text']);
        self::assertStringContainsString('not ann@example.com itself', self::sends(['do' => 'forwarding', 'mailbox' => 'ann@example.com', 'forward' => "a@example.net\nAnn@example.com"])[0]['text']);
        self::assertStringContainsString('none may be ann@example.com itself', self::sends(['do' => 'aliases', 'mailbox' => 'ann@example.com', 'aliases' => 'sales ann'])[0]['text']);
        self::assertCount($sent, Bridge::hooks());
    }

    public function testWhatTheBridgeFindsWrongInAListIsSaidOfThatList(): void
    {
        $forms = ['aliases' => ['aliases', ['aliases' => 'a..b'], 'These addresses cannot be used'], 'forwarding' => ['forward_to', ['forward' => 'a@example.net'], 'Enter whole addresses']];
        foreach ($forms as $do => [$field, $fields, $said]) {
            foreach (["data.$field", "data.$field.0"] as $named) {
                self::bridge([self::box('ann')], Bridge::refuses(422, more: ['errors' => [$named => ['No.']]]));
                self::assertStringStartsWith($said, self::sends(['do' => $do, 'mailbox' => 'ann@example.com'] + $fields)[0]['text'], $named);
            }
        }
    }

    public function testAMailboxIsRemovedOnceItWasAskedForAndConfirmed(): void
    {
        $confirm = ['do' => 'remove_sure', 'mailbox' => 'ann@example.com', 'sure' => 'on'];
        self::assertStringStartsWith('Nothing was removed', self::sends($confirm)[0]['text'], 'not asked for');
        self::sends(['do' => 'remove', 'mailbox' => 'ann@example.com']);
        self::assertStringStartsWith('Nothing was removed', self::sends(['sure' => ''] + $confirm)[0]['text'], 'not confirmed');
        self::assertStringStartsWith('Nothing was removed', self::sends(['mailbox' => 'bob@example.com'] + $confirm)[0]['text'], 'another was asked for');
        Clock::$ahead = 901.0;
        self::assertStringStartsWith('Nothing was removed', self::sends($confirm)[0]['text'], 'too long ago');
        self::assertSame([], Bridge::hooks());
        self::sends(['do' => 'remove', 'mailbox' => 'ann@example.com']);
        self::assertSame('ann@example.com is removed.', self::sends($confirm)[0]['text']);
        self::assertSame(['mailbox.terminate'], array_map(fn (Request $hook) => $hook->type(), Bridge::hooks()));
        self::assertStringStartsWith('Nothing was removed', self::sends($confirm)[0]['text'], 'once');
    }

    public function testAnAddressThatAMailboxHasBesideItsOwnIsNotAdded(): void
    {
        self::bridge([self::box('ann', ['aliases' => ['sales@example.com']])]);
        $said = self::sends(['do' => 'add', 'local' => 'Sales'] + self::GOOD)[0]['text'];
        self::assertSame('sales@example.com is a further address of ann@example.com. Remove it there first.', $said);
        self::assertSame([], Bridge::hooks());
    }

    /** @return iterable<string, array{string, array<string, string>}> every form of the page */
    public static function forms(): iterable
    {
        yield 'add' => ['add', ['local' => 'cay'] + self::GOOD];
        yield 'password' => ['password', ['mailbox' => 'ann@example.com'] + self::GOOD];
        yield 'webmail' => ['webmail', ['mailbox' => 'ann@example.com']];
        yield 'remove' => ['remove', ['mailbox' => 'ann@example.com']];
        yield 'remove, confirmed' => ['remove_sure', ['mailbox' => 'ann@example.com', 'sure' => 'on']];
        yield 'aliases' => ['aliases', ['mailbox' => 'ann@example.com', 'aliases' => 'sales']];
        yield 'forwarding' => ['forwarding', ['mailbox' => 'ann@example.com', 'forward' => 'a@example.net']];
    }

    /** @param array<string, string> $fields @dataProvider forms */
    public function testAnothersIdsOpenNothingWhateverTheForm(string $do, array $fields): void
    {
        $strangers = [
            'another client' => [['uid' => 8], [], []], 'nobody' => [[], [], []], 'staff' => [['adminid' => 1], [], []],
            'another client, whom WHMCS believes' => [['uid' => 8], [], ['userid' => 8]], 'a forged form' => [['uid' => Billing::CLIENT], ['proof' => 'x'], []],
        ];
        if (isset($fields['mailbox'])) {
            $strangers['the mailbox of another service'] = [['uid' => Billing::CLIENT], ['mailbox' => 'mary@example.net'], []];
        }
        foreach ($strangers as $who => [$session, $changes, $params]) {
            Billing::$activities = Bridge::$requests = [];
            $_SESSION = $session + ['enombridge_remove' => [Billing::SERVICE, $fields['mailbox'] ?? '', \time()]];
            self::sends(['do' => $do] + $changes + $fields, $params + Billing::params());
            self::assertSame([], Bridge::hooks(), "$who, $do");
            self::assertSame([], Bridge::queries('mailbox.sign_in'), "$who, $do");
            self::assertNotEmpty(preg_grep("/Refused on the customer's page/", Billing::activityTexts()), "$who, $do");
        }
    }

    public function testWebmailIsOfTheMailboxThatWasChosen(): void
    {
        self::bridge([self::box('ann')], more: ['mailbox.sign_in' => Bridge::tells(['url' => 'https://mail.example.com/in?token=1'])]);
        self::sends(['do' => 'webmail', 'mailbox' => 'ann@example.com']);
        self::assertSame(['303 Location: https://mail.example.com/in?token=1'], Machine::$headers);
        self::assertSame('ann@example.com', Bridge::queries('mailbox.sign_in')[0]->data()['address']);
        self::assertSame('clientarea.php?action=productdetails&id=1042', enombridge_ServiceSingleSignOn(Billing::params())['redirectTo']);
    }

    public function testTheBridgeIsAwayAndThePageSaysSo(): void
    {
        self::bridge([], more: ['service.mailboxes' => Bridge::refuses(503)]);
        $page = self::page();
        self::assertSame([[], []], [$page['mailboxes'], $page['seats']]);
        self::assertStringContainsString('They go on working', $page['messages'][0]['text']);
        foreach ([['do' => 'password', 'mailbox' => 'ann@example.com'], ['do' => 'add', 'local' => 'cay']] as $form) {
            self::assertStringContainsString('They go on working', self::sends($form + self::GOOD)[0]['text']);
        }
        self::assertSame([], Bridge::hooks());
    }
}
