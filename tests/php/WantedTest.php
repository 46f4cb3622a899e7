<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Change;
use EnomBridge\Kit\Verdict;
use EnomBridge\Kit\Wanted;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Hooks;
use WHMCS\Module\Server\Enombridge\Reason;
use WHMCS\Module\Server\Enombridge\Store;

/** Whether what WHMCS asked for is still wanted: each action, what changed meanwhile, and who had asked. */
final class WantedTest extends TestCase
{
    /**
     * keep: sent again; left to the bridge that has it; done, and WHMCS is told. drop: dropped, withdrawn, left to a person.
     * lift: as drop, and what was done is lifted. "overdue" is a suspension by WHMCS itself for an unpaid invoice.
     */
    private const TABLE = <<<'TABLE'
        asked   action           status reason paid protected unpaid product terms doubt
        cron    Create           drop   keep   keep keep      keep   keep    keep  keep
        cron    Suspend          drop   keep   keep keep      keep   keep    keep  keep
        cron    Suspend/overdue  drop   keep   lift lift      keep   keep    keep  keep
        cron    Unsuspend        drop   drop   keep keep      keep   keep    keep  keep
        cron    Terminate        drop   drop   lift lift      drop   drop    drop  drop
        cron    ChangePassword   drop   keep   keep keep      keep   keep    keep  keep
        cron    ChangePlan       drop   keep   keep keep      keep   drop    keep  keep
        cron    Renew            drop   keep   keep keep      drop   keep    keep  keep
        admin   Create           drop   keep   keep keep      keep   keep    keep  keep
        admin   Suspend          drop   keep   keep keep      keep   keep    keep  keep
        admin   Unsuspend        drop   keep   keep keep      keep   keep    keep  keep
        admin   Terminate        drop   keep   keep keep      keep   keep    keep  keep
        admin   ChangePassword   drop   keep   keep keep      keep   keep    keep  keep
        admin   ChangePlan       drop   keep   keep keep      keep   keep    keep  keep
        admin   Renew            drop   keep   keep keep      keep   keep    keep  keep
        TABLE;

    /** @return iterable<string, array{Asked, Action, bool, ?Change, Verdict}> */
    public static function cases(): iterable
    {
        $head = preg_split('/\s+/', trim(strtok(self::TABLE, "\n")));
        $lines = array_map(fn (string $line) => array_combine($head, preg_split('/\s+/', trim($line))), array_slice(explode("\n", self::TABLE), 1));
        foreach ($lines as $line) {
            [$name, $overdue] = explode('/', $line['action']) + [1 => ''];
            $action = constant(Action::class . "::$name");
            foreach ($line['asked'] === 'cron' ? [Asked::Cron, Asked::Client] : [Asked::Admin] as $asked) {
                yield "$asked->value $line[action] nothing" => [$asked, $action, $overdue !== '', null, Verdict::Keep];
                foreach (Change::cases() as $change) {
                    yield "$asked->value $line[action] $change->value" => [$asked, $action, $overdue !== '', $change, Verdict::from($line[$change->value])];
                }
            }
        }
    }

    /** @dataProvider cases */
    public function testTheTableIsTheRule(Asked $asked, Action $action, bool $overdue, ?Change $change, Verdict $verdict): void
    {
        self::assertSame($verdict, $change === null ? Verdict::Keep : Wanted::rule($action, $asked, $overdue, $change));
    }

    /** @dataProvider cases */
    public function testWhatTheBridgeDoesNotHaveIsSentAgainOrDropped(Asked $asked, Action $action, bool $overdue, ?Change $change, Verdict $verdict): void
    {
        $this->ask($asked, $action, $overdue, Bridge::refuses(503));
        $hook = $this->pending()->id;
        $this->happens($change);
        if ($change === Change::Doubt) { // nor is it known who had asked, and that counts as cron
            $verdict = Wanted::rule($action, Asked::Cron, $overdue, $change);
        }
        Clock::pass(120);
        Bridge::does(Bridge::accepts());
        Catchup::run();
        if ($verdict === Verdict::Keep) {
            self::assertSame([[$hook], []], [array_map(fn (Request $request) => $request->id(), Bridge::hooks()), Bridge::withdrawn()]);
            self::assertTrue($this->pending()->accepted);
            self::assertSame([], Billing::$activities);
            return;
        }
        self::assertSame([[], [$hook]], [Bridge::hooks(), Bridge::withdrawn()]);
        self::assertNull($this->pending());
        self::assertMatchesRegularExpression('/ was not done: .* after it had been requested\./', Billing::activityTexts()[0]);
        self::assertCount($action === Action::Terminate ? 1 : 0, Billing::calls('OpenTicket'));
        Catchup::run();
        self::assertSame([[], [$hook]], [Bridge::hooks(), Bridge::withdrawn()], 'once');
    }

    /** @dataProvider cases */
    public function testWhatTheBridgeHasIsLeftToItOrWithdrawn(Asked $asked, Action $action, bool $overdue, ?Change $change, Verdict $verdict): void
    {
        foreach (['accepted' => Bridge::accepts(), 'held' => Bridge::ends('held')] as $how => $answer) {
            $this->setUp();
            $this->ask($asked, $action, $overdue, $answer);
            $pending = $this->pending();
            $this->happens($change);
            Bridge::does(Bridge::refuses(500), ['job.withdraw' => Bridge::stands('cancelled', $pending, ['error' => ['code' => 'withdrawn']])]);
            Catchup::run();
            self::assertSame([], Bridge::hooks());
            // A doubt alone repeats nothing.
            $withdrawn = $verdict !== Verdict::Keep && $change !== Change::Doubt;
            self::assertSame($withdrawn ? [$pending->id] : [], Bridge::withdrawn(), $how);
            self::assertSame($withdrawn, $this->pending() === null, $how);
            self::assertSame([], array_filter(Billing::$api, fn (array $call) => str_starts_with($call[0], 'Module')));
        }
    }

    /** @dataProvider cases */
    public function testWhatWasDoneLateIsToldLeftToAPersonOrLifted(Asked $asked, Action $action, bool $overdue, ?Change $change, Verdict $verdict): void
    {
        $this->ask($asked, $action, $overdue, Bridge::accepts());
        $callback = $this->concluded();
        $before = Billing::status();
        $this->happens($change);
        Bridge::says(Bridge::accepts());
        self::assertSame(200, $this->called('job.succeeded', $callback)[0]);
        $lifts = $verdict === Verdict::Lift && $action === Action::Suspend;
        if ($action !== Action::Unsuspend) {
            self::assertSame($lifts ? [['serviceid' => 1042]] : [], Billing::calls('ModuleUnsuspend'));
        }
        $leaves = $verdict !== Verdict::Keep && !$lifts && $change !== Change::Doubt;
        self::assertCount($leaves ? 1 : 0, preg_grep('/ was done at Enom, but meanwhile /', Billing::activityTexts()));
        self::assertCount($leaves ? 1 : 0, Billing::calls('OpenTicket'));
        self::assertNull($lifts ? null : $this->pending());
        if ($change !== Change::Status) {
            self::assertSame($leaves ? $before : $action->leadsTo() ?? $before, Billing::status());
        }
    }

    private function ask(Asked $asked, Action $action, bool $overdue, mixed $answer): void
    {
        $functions = ['Create' => ['CreateAccount', 'Pending'], 'Suspend' => ['SuspendAccount', 'Active'], 'Unsuspend' => ['UnsuspendAccount', 'Suspended'],
            'Terminate' => ['TerminateAccount', 'Active'], 'ChangePassword' => ['ChangePassword', 'Active'], 'ChangePlan' => ['ChangePackage', 'Active'],
            'Renew' => ['Renew', 'Active']];
        [$function, $status] = $functions[$action->name];
        Capsule::table('tblproducts')->insertOrIgnore(['id' => 6, 'servertype' => 'enombridge', 'configoption1' => 'basic', 'configoption6' => '9']);
        Billing::change(['domainstatus' => $status]);
        Billing::overdue();
        if ($action === Action::Suspend && !$overdue && $asked !== Asked::Admin) {
            Billing::$more = ['suspendreason' => 'Abuse: sends spam'];
        }
        Machine::session($asked->value);
        Bridge::says($answer);
        Billing::run($function);
        Machine::session('cron');
        Bridge::reset();
        Billing::$activities = Billing::$api = Billing::$more = [];
    }

    private function happens(?Change $change): void
    {
        $due = Billing::row()->nextduedate;
        match ($change) {
            null => null,
            Change::Status => Billing::change(['domainstatus' => 'Fraud']),
            Change::Reason => Billing::change(['suspendreason' => 'Abuse: sends spam']),
            Change::Paid => Billing::change(['nextduedate' => date('Y-m-d', Clock::now() + 86400)]),
            Change::Protected => Billing::change(['overideautosuspend' => 'on', 'overidesuspenduntil' => '2099-12-31']),
            Change::Unpaid => Billing::change(['nextduedate' => date('Y-m-d', strtotime("$due - 1 month"))]),
            Change::Product => Billing::change(['packageid' => 6]),
            Change::Terms => Billing::change(['amount' => '9.00']),
            Change::Doubt => self::asAnOlderVersionKeptIt(),
        };
    }

    /** The pending hooks lose what the version before did not keep. */
    public static function asAnOlderVersionKeptIt(): void
    {
        $kept = json_decode(Capsule::table(Store::TABLE)->value('pending'), true);
        foreach ($kept as &$one) {
            $one['due'] = $one['grounds']['due'];
            unset($one['grounds'], $one['asked_by'], $one['kept']);
        }
        Capsule::table(Store::TABLE)->update(['pending' => json_encode($kept)]);
    }

    /** @return iterable<string, array{callable(): mixed, Change}> */
    public static function facts(): iterable
    {
        $change = fn (array $values) => fn () => Billing::change($values);
        yield 'its due date is gone' => [$change(['nextduedate' => '0000-00-00']), Change::Paid];
        yield 'it became free' => [$change(['billingcycle' => 'Free Account']), Change::Paid];
        yield 'the invoice is paid' => [fn () => Capsule::table('tblinvoices')->update(['status' => 'Paid']), Change::Paid];
        yield 'the invoice is cancelled' => [fn () => Capsule::table('tblinvoices')->update(['status' => 'Cancelled']), Change::Paid];
        yield 'not to be suspended at all' => [$change(['overideautosuspend' => '1']), Change::Protected];
        yield 'not to be suspended, without a date' => [$change(['overideautosuspend' => 'on', 'overidesuspenduntil' => '0000-00-00']), Change::Protected];
        yield 'the group is exempt' => [fn () => self::exempt(), Change::Protected];
        yield 'an exception that is over already' => [$change(['overideautosuspend' => 'on', 'overidesuspenduntil' => '2020-01-01']), Change::Terms];
        yield 'another client' => [$change(['userid' => 8]), Change::Terms];
        yield 'another cycle' => [$change(['billingcycle' => 'Annually']), Change::Terms];
        yield 'a cancellation' => [fn () => Capsule::table('tblcancelrequests')->insert(['relid' => Billing::SERVICE]), Change::Terms];
    }

    private static function exempt(): void
    {
        Capsule::table('tblclientgroups')->insert(['id' => 3, 'susptermexempt' => 'on']);
        Capsule::table('tblclients')->where('id', Billing::CLIENT)->update(['groupid' => 3]);
    }

    /** @param callable(): mixed $happens @dataProvider facts */
    public function testEachFactCounts(callable $happens, Change $change): void
    {
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::refuses(503));
        $happens();
        Clock::pass(120);
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertSame([], Bridge::hooks());
        self::assertStringContainsString($change->told(\WHMCS\Module\Server\Enombridge\Hosting::required(Billing::SERVICE)), Billing::activityTexts()[0]);
    }

    public function testANewInvoiceIsNoPayment(): void
    {
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::refuses(503));
        Billing::invoice();
        Clock::pass(120);
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertCount(1, Bridge::hooks());
    }

    public function testWhoAskedIsASessionOrNobody(): void
    {
        foreach (['admin' => Asked::Admin, 'client' => Asked::Client, 'cron' => Asked::Cron] as $session => $asked) {
            $this->setUp();
            $this->ask($asked, Action::Terminate, false, Bridge::refuses(503));
            self::assertSame($asked, $this->pending()->asked_by, $session);
        }
        $this->setUp();
        Machine::$sapi = 'cli';
        $this->ask(Asked::Admin, Action::Terminate, false, Bridge::refuses(503));
        self::assertSame(Asked::Cron, $this->pending()->asked_by, 'a cron has no person, whatever stands in its session');
    }

    public function testAskingAgainCountsFromThen(): void
    {
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::refuses(503));
        $hook = $this->pending()->id;
        Billing::change(['amount' => '9.00']);
        $this->ask(Asked::Admin, Action::Terminate, false, Bridge::refuses(503));
        self::assertSame([$hook, Asked::Admin, '9.00'], [$this->pending()->id, $this->pending()->asked_by, $this->pending()->grounds['amount']]);
    }

    public function testASuspensionOfAServiceThatWasNotDueIsNotForMoney(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        Bridge::says(Bridge::refuses(503));
        Billing::run('SuspendAccount'); // by the API, whose reason is not told
        Billing::change(['nextduedate' => '2031-01-31']);
        Clock::pass(120);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame('Suspended', Billing::status());
    }

    public function testAReasonOfStaffGoesToWhmcsWithALateSuspension(): void
    {
        Billing::$more = ['suspendreason' => 'Abuse: sends spam'];
        foreach (['Abuse: sends spam' => [['serviceid' => 1042, 'suspendreason' => 'Abuse: sends spam']], 'Overdue on Payment' => [['serviceid' => 1042]]] as $reason => $calls) {
            $this->setUp();
            Billing::change(['domainstatus' => 'Active']);
            Billing::$more = ['suspendreason' => $reason];
            Bridge::says(Bridge::accepts());
            Billing::run('SuspendAccount');
            Billing::$more = [];
            $this->called('job.succeeded', $this->concluded());
            self::assertSame($calls, Billing::calls('ModuleSuspend'), $reason);
        }
    }

    public function testADeletionThatWaitsIsLiftedOnceItIsPaid(): void
    {
        foreach (['wait' => 'Active', 'success' => 'Terminated'] as $how => $status) {
            $this->setUp();
            Billing::configure([5 => $how]);
            $this->ask(Asked::Cron, Action::Terminate, false, Bridge::accepts());
            self::assertSame($status, Billing::status());
            $callback = $this->concluded(['state' => 'suspended']);
            $this->happens(Change::Paid);
            Bridge::says(Bridge::ends('succeeded'));
            $this->called('job.succeeded', $callback);
            self::assertSame(['mailbox.unsuspend'], array_map(fn (Request $request) => $request->type(), Bridge::$requests));
            self::assertSame('Active', Billing::status(), $how);
        }
    }

    public function testPaymentDoesNotLiftWhatStaffSuspendedMeanwhile(): void
    {
        $this->ask(Asked::Cron, Action::Suspend, true, Bridge::accepts());
        $callback = $this->concluded();
        $this->happens(Change::Paid);
        $this->happens(Change::Reason);
        $this->called('job.succeeded', $callback);
        self::assertSame([], Billing::calls('ModuleUnsuspend'));
    }

    public function testWhmcsOwnReasonIsKnownInTheLanguagesOfTheInstallation(): void
    {
        foreach (['', ' ', 'Overdue on Payment', 'overdue on payment'] as $reason) {
            self::assertTrue(Reason::isOverdue($reason));
        }
        foreach (['Abuse', 'Overdue on Payment, and abuse', '0'] as $reason) {
            self::assertFalse(Reason::isOverdue($reason));
        }
        self::assertSame(['zahlung überfällig', "it's overdue"], Reason::sentences("<?php\n\$_LANG['suspendreasonoverdue'] = \"Zahlung überfällig\";\n\$_LANG[\"suspendreasonoverdue\"]='It\\'s overdue';"));
    }

    public function testAnAnswerThatWasLostStillWithdrawsAndABridgeThatIsAwayIsAskedAgain(): void
    {
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::refuses(503));
        $pending = $this->pending();
        $this->happens(Change::Paid);
        foreach ([Bridge::refuses(503), '', Bridge::reply(200, '<html>'), Bridge::reply(200, ['hook' => 'another']), Bridge::refuses(401)] as $answer) {
            Clock::pass(120);
            Bridge::does(Bridge::accepts(), ['job.withdraw' => $answer]);
            Catchup::run();
            self::assertSame([], Bridge::hooks());
            self::assertNotNull($this->pending());
        }
        Bridge::does(Bridge::accepts(), ['job.withdraw' => Bridge::stands('cancelled', $pending, ['error' => ['code' => 'overtaken']])]);
        Catchup::run();
        self::assertNull($this->pending());
        self::assertSame('Active', Billing::status());
    }

    public function testWhatWasDoneBeforeItCouldBeWithdrawnIsConcluded(): void
    {
        $this->ask(Asked::Cron, Action::Suspend, true, Bridge::accepts());
        $pending = $this->pending();
        $this->happens(Change::Paid);
        Bridge::does(Bridge::ends('succeeded'), ['job.withdraw' => Bridge::stands('succeeded', $pending)]);
        Catchup::run();
        self::assertSame(['mailbox.unsuspend'], array_map(fn (Request $request) => $request->type(), Bridge::hooks()));
        self::assertSame('Active', Billing::status());
        self::assertNull($this->pending());
    }

    public function testWhatStaffOfTheBridgeCancelledAfterItHadBegunIsLifted(): void
    {
        $this->ask(Asked::Cron, Action::Suspend, true, Bridge::accepts());
        $pending = $this->pending();
        $this->happens(Change::Paid);
        Bridge::does(Bridge::ends('succeeded'), ['job.withdraw' => Bridge::stands('cancelled', $pending, ['changed' => true])]);
        Catchup::run();
        self::assertSame(['mailbox.unsuspend'], array_map(fn (Request $request) => $request->type(), Bridge::hooks()));
        self::assertNull($this->pending());
    }

    /** @return iterable<string, array{mixed, string}> */
    public static function keepers(): iterable
    {
        yield 'a purchase in doubt' => [fn () => Bridge::refuses(409), 'has already begun it, or does not know the outcome of a purchase'];
        yield 'begun' => [fn ($pending) => Bridge::stands('running', $pending), 'has already begun it'];
        yield 'held after a command' => [fn ($pending) => Bridge::stands('held', $pending), 'has already begun it'];
        yield 'a bridge that knows no withdrawal' => [fn () => Bridge::knowsNoWithdrawal(), 'too old to withdraw it'];
    }

    /** @param callable $answer @dataProvider keepers */
    public function testWhatTheBridgeKeepsIsToldOnceAndWaitedFor(callable $answer, string $told): void
    {
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::accepts());
        $pending = $this->pending();
        $callback = $this->concluded(['sequence' => 9]);
        $this->happens(Change::Paid);
        Bridge::does(Bridge::accepts(), ['job.withdraw' => $answer($pending)]);
        for ($time = 0; $time < 9; $time++) {
            Catchup::run();
            Clock::pass(300);
        }
        self::assertSame([], Bridge::hooks());
        self::assertCount(2, Bridge::withdrawn(), 'it is asked again after half an hour, not each time');
        self::assertCount(1, Billing::$activities);
        self::assertStringContainsString($told, Billing::activityTexts()[0]);
        self::assertSame($pending->id, $this->pending()->id);
        $this->called('job.succeeded', $callback);
        self::assertNull($this->pending());
        self::assertSame('Active', Billing::status());
    }

    public function testAnAcceptedTerminationIsWithdrawnInTheMomentOfThePayment(): void
    {
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::accepts());
        $pending = $this->pending();
        $this->happens(Change::Paid);
        Bridge::does(Bridge::accepts(), ['job.withdraw' => Bridge::stands('cancelled', $pending, ['error' => ['code' => 'withdrawn']])]);
        Hooks::paid(['invoiceid' => (int) Capsule::table('tblinvoices')->value('id')]);
        self::assertSame([$pending->id], Bridge::withdrawn());
        self::assertNull($this->pending());
    }

    public function testAndInTheMomentThatStaffSavesTheService(): void
    {
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::accepts());
        $pending = $this->pending();
        Bridge::does(Bridge::accepts(), ['job.withdraw' => Bridge::stands('cancelled', $pending)]);
        Hooks::edited(['serviceid' => Billing::SERVICE]);
        self::assertSame([], Bridge::$requests, 'nothing has changed');
        $this->happens(Change::Protected);
        Hooks::edited(['serviceid' => Billing::SERVICE]);
        self::assertSame([$pending->id], Bridge::withdrawn());
    }

    public function testAServiceThatBecameAnotherModulesIsWithdrawnAndForgotten(): void
    {
        $this->ask(Asked::Cron, Action::Create, false, Bridge::accepts());
        $hook = $this->pending()->id;
        Capsule::table('tblproducts')->update(['servertype' => 'other']);
        Bridge::does(Bridge::accepts(), ['job.withdraw' => Bridge::refuses(503)]);
        Catchup::run();
        self::assertNotNull($this->pending());
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertSame([$hook, $hook], Bridge::withdrawn());
        self::assertNull($this->pending());
    }

    public function testWhatATerminationTookThePlaceOfComesBackWhenThatIsDropped(): void
    {
        Billing::$more = ['suspendreason' => 'Abuse: sends spam'];
        $this->ask(Asked::Admin, Action::Suspend, false, Bridge::refuses(503));
        $abuse = $this->pending();
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::refuses(503));
        $this->happens(Change::Paid);
        Clock::pass(120);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame(['mailbox.suspend'], array_map(fn (Request $request) => $request->type(), Bridge::hooks()));
        self::assertSame($abuse->id, Bridge::hooks()[0]->id());
        self::assertSame('Suspended', Billing::status());
        self::assertNull($this->pending());
    }

    public function testOfASuspensionAndATerminationOfOneCronRunNothingIsLeftOnceItIsPaid(): void
    {
        foreach (['cancelled', 'succeeded'] as $how) {
            $this->setUp();
            $this->ask(Asked::Cron, Action::Suspend, true, Bridge::accepts());
            $suspend = $this->pending();
            $this->ask(Asked::Cron, Action::Terminate, false, Bridge::accepts());
            $terminate = $this->pending();
            $this->happens(Change::Paid);
            Bridge::does(Bridge::ends('succeeded'), ['job.withdraw' => function (Request $request) use ($suspend, $terminate, $how) {
                $hook = $request->data()['hook'];
                return Bridge::stands($hook === $suspend->id ? $how : 'cancelled', $hook === $suspend->id ? $suspend : $terminate)($request);
            }]);
            Hooks::paid(['invoiceid' => (int) Capsule::table('tblinvoices')->value('id')]);
            self::assertSame([$terminate->id, $suspend->id], Bridge::withdrawn());
            self::assertNull($this->pending());
            self::assertSame('Active', Billing::status());
            self::assertSame($how === 'succeeded' ? ['mailbox.unsuspend'] : [], array_map(fn (Request $request) => $request->type(), Bridge::hooks()), 'what was done is lifted');
        }
    }

    public function testAPasswordThatWaitsIsNotLostWithATerminationThatIsDropped(): void
    {
        Billing::change(['domainstatus' => 'Active']);
        $this->ask(Asked::Client, Action::ChangePassword, false, Bridge::refuses(503));
        $this->ask(Asked::Cron, Action::Terminate, false, Bridge::refuses(503));
        self::assertNull($this->pending(about: 'password'));
        $this->happens(Change::Paid);
        Clock::pass(120);
        Bridge::does(Bridge::ends('succeeded'));
        Catchup::run();
        self::assertSame('Sample-Pass.01', Bridge::hooks()[0]->data()['password']);
    }

    public function testOfWhatIsAskedForDayAfterDayOnlyTheNewestCounts(): void
    {
        $hooks = [];
        for ($day = 0; $day < 3; $day++) {
            foreach ([Action::Suspend, Action::Terminate] as $action) {
                $this->ask(Asked::Cron, $action, true, Bridge::accepts());
                $hooks[] = $this->pending()->id;
            }
            Clock::pass(3600);
        }
        self::assertCount(6, array_unique($hooks));
        Bridge::does(Bridge::accepts(), ['job' => Bridge::stands('queued', $this->pending())]);
        Catchup::run();
        self::assertSame([$hooks[0], $hooks[1], $hooks[2], $hooks[3]], Bridge::withdrawn(), 'two of each day but the last');
        self::assertSame([$hooks[4]], array_map(fn ($one) => $one->id, $this->pending()->replaced));
        Catchup::run();
        self::assertCount(4, Bridge::withdrawn());
        for ($day = 0; $day < 30; $day++) {
            $this->ask(Asked::Cron, Action::Suspend, true, Bridge::refuses(503));
            $this->ask(Asked::Cron, Action::Terminate, true, Bridge::refuses(503));
        }
        self::assertLessThanOrEqual(12, count($this->pending()->replaced));
        self::assertLessThan(20000, strlen($this->kept()->pending));
    }

    public function testWhatIsSentAgainTakesTheFormerBack(): void
    {
        $this->ask(Asked::Admin, Action::Create, false, Bridge::ends('held'));
        $held = $this->pending()->id;
        Bridge::says(Bridge::accepts());
        Machine::session('admin');
        enombridge_sendAgain(Billing::params());
        Machine::session('cron');
        Bridge::reset();
        Clock::pass(120);
        Bridge::does(Bridge::accepts());
        Catchup::run();
        self::assertSame([[], [$held]], [Bridge::hooks(), Bridge::withdrawn()]);
    }
}
