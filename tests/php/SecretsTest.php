<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Callback;
use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Masker;
use EnomBridge\Kit\Signature;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** Secrets that are planted, and looked for in everything that goes to a log, a ticket or a person. */
final class SecretsTest extends TestCase
{
    /** @var list<mixed> */
    private array $said = [];

    /** @return iterable<string, array{string}> */
    public static function passwords(): iterable
    {
        yield 'special characters' => ['P&w<9>"\'x+/=.A1'];
        yield 'digits only' => ['73619284650317'];
        yield 'one that keeps the rule' => ['Sample-Pass.01~'];
        yield 'not ASCII' => ['pässwörd-Ünï€7'];
        yield 'with HTML in it already' => ['A1&amp;b&lt;c&#039;d.'];
    }

    /** All forms of the password and of the server's secret, as the bridge would repeat them. */
    private function echo(string $password): string
    {
        return implode(' | ', [...Secrets::spellings($password), ...Secrets::spellings(Billing::SECRET), substr(Billing::SECRET, 6),
            bin2hex(Signature::key(Billing::SECRET))]);
    }

    private function assertNowhere(string $password): void
    {
        $shown = [$this->said, Billing::$moduleLog, Billing::$activities, Billing::calls('OpenTicket')];
        $texts = [];
        array_walk_recursive($shown, function (mixed $value) use (&$texts): void {
            $texts[] = (string) (is_object($value) ? serialize($value) : $value);
        });
        Store::prepare(); // this may be the first test
        $kept = array_map(fn (object $row) => array_diff_key((array) $row, ['pending' => 0]), Capsule::table('mod_enombridge')->get()->all());
        $all = implode("\n", $texts) . json_encode($kept, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
        $planted = [...Secrets::spellings($password), ...Secrets::spellings(Billing::SECRET), substr(Billing::SECRET, 6), bin2hex(Signature::key(Billing::SECRET))];
        foreach ($planted as $spelling) {
            self::assertFalse(str_contains($all, $spelling), "found $spelling in: " . substr($all, max(0, strpos($all, $spelling) - 300), 700));
        }
        self::assertNotSame([], Billing::$moduleLog, 'nothing was logged, so nothing was looked at');
    }

    /** @dataProvider passwords */
    public function testTheyAreNowhereThoughTheBridgeRepeatsThemInEachKindOfAnswer(string $password): void
    {
        Billing::change(['password' => Billing::seal($password)]);
        $echo = $this->echo($password);
        $error = ['code' => 'refused', 'message' => $echo, 'detail' => $echo, 'remote' => $echo];
        $answers = [
            Bridge::ends('succeeded', ['message' => $echo, 'verified' => ['existence' => $echo]]),
            Bridge::ends('failed', ['message' => $echo, 'error' => $error]),
            Bridge::ends('held', ['message' => $echo, 'error' => $error]),
            Bridge::ends('cancelled', ['message' => $echo, 'error' => ['code' => $echo] + $error]),
            Bridge::ends('queued', ['message' => $echo], 202),
            Bridge::refuses(422, $echo, ['title' => $echo, 'errors' => [$echo => [$echo]]]),
            Bridge::refuses(503, $echo),
            Bridge::reply(200, "<html>$echo</html>"),
            Bridge::reply(400, $echo, ['content-type' => 'text/plain']),
            fn (Request $request) => Bridge::reply(500, $request->body . bin2hex($request->body)),
        ];
        foreach ($answers as $answer) {
            Bridge::says($answer);
            foreach (['CreateAccount', 'ChangePassword', 'SuspendAccount', 'UnsuspendAccount'] as $function) {
                Billing::change(['password' => Billing::seal($password)]); // one that Enom would refuse was replaced
                $this->said[] = Billing::run($function);
            }
            Billing::change(['password' => Billing::seal($password)]);
            $this->said[] = enombridge_AdminServicesTabFields(Billing::params());
            $this->said[] = enombridge_check(Billing::params());
            $this->said[] = enombridge_sendAgain(Billing::params());
        }
        $this->assertNowhere($password);
    }

    /** @dataProvider passwords */
    public function testTheyAreNowhereThoughQueriesRepeatThem(string $password): void
    {
        Billing::change(['password' => Billing::seal($password)]);
        $echo = $this->echo('unrelated') . Billing::SECRET;
        foreach ([Bridge::tells(['account' => ['paused' => $echo], 'plans' => ['x' => $echo]]), Bridge::tells(['account' => ['problem' => $echo]]), Bridge::refuses(422, $echo),
            Bridge::tells(['items' => [['address' => 'a@example.com', 'state' => 'active', 'plan' => $echo]], 'next' => null]), Bridge::refuses(502, $echo)] as $answer) {
            Bridge::says($answer);
            $this->said[] = enombridge_TestConnection(Billing::serverParams());
            $this->said[] = enombridge_ListAccounts(Billing::serverParams());
            $this->said[] = enombridge_ServiceSingleSignOn(Billing::params());
            $this->said[] = enombridge_ClientArea(Billing::params());
            enombridge_UsageUpdate(Billing::serverParams());
            try {
                $this->said[] = enombridge_plans(Billing::serverParams());
            } catch (\Throwable $error) {
                $this->said[] = $error->getMessage();
            }
        }
        $this->assertNowhere($password);
    }

    /** @dataProvider passwords */
    public function testTheyAreNowhereThoughCallbacksAndResultsRepeatThem(string $password): void
    {
        Billing::change(['password' => Billing::seal($password), 'domainstatus' => 'Active']);
        $echo = $this->echo($password);
        foreach (['job.held', 'job.failed', 'job.succeeded'] as $type) {
            Bridge::says(Bridge::accepts());
            $this->said[] = Billing::run('ChangePassword');
            $callback = $this->concluded(['message' => $echo, 'error' => ['code' => 'refused', 'detail' => $echo]]);
            Billing::fail('ModuleChangePw', implode(' | ', Secrets::spellings($password)));
            $this->said[] = $this->called($type, $callback);
            Bridge::does(Bridge::fails('refused', $echo, $echo), ['results' => Bridge::tells(['items' => [['status' => substr($type, 4)] + $callback], 'next' => null])]);
            Clock::pass(4000);
            Catchup::run();
            $this->said[] = enombridge_AdminServicesTabFields(Billing::params());
            $this->said[] = enombridge_check(Billing::params());
        }
        $this->assertNowhere($password);
    }

    /** @dataProvider passwords */
    public function testTheyAreNowhereThoughAnExceptionHoldsThem(string $password): void
    {
        Billing::change(['password' => Billing::seal($password)]);
        Billing::answer('EncryptPassword', fn (array $values) => throw new \RuntimeException("cannot seal {$values['password2']} of " . Billing::SECRET));
        foreach (['CreateAccount', 'ChangePassword'] as $function) {
            $this->said[] = Billing::run($function);
        }
        Billing::answer('DecryptPassword', fn (array $values) => throw new \RuntimeException('cannot open ' . $values['password2']));
        Catchup::run();
        $this->said[] = Callback::answer(['REQUEST_METHOD' => 'POST'], ['server' => '3'], '{}');
        Database::vanish();
        $this->said[] = enombridge_CreateAccount(['password' => htmlspecialchars($password, ENT_QUOTES), 'serviceid' => 1, 'serverhostname' => 'localhost',
            'serverusername' => 'x', 'serverpassword' => Billing::SECRET, 'customfields' => ['Mailbox address' => 'john@example.com']]);
        Database::clear();
        $this->assertNowhere($password);
    }

    public function testAPasswordThatTheModuleMadeUpIsNowhereEither(): void
    {
        Billing::change(['password' => Billing::seal('weak')]);
        $made = null;
        Bridge::says(function (Request $request) use (&$made) {
            $made = $request->data()['password'];
            return Bridge::fails('password_rejected', "Enom does not like $made.", "No: $made")($request);
        });
        $this->said[] = Billing::run('CreateAccount');
        $this->assertNowhere($made);
        self::assertNotSame('weak', $made);

        $throws = function (array $values): never {
            throw new \RuntimeException("cannot seal {$values['password2']}");
        };
        Billing::change(['password' => Billing::seal('weak')]);
        Billing::answer('EncryptPassword', $throws);
        $this->said[] = Billing::run('CreateAccount');
        $this->assertNowhere(Billing::unseal(Billing::row()->password));
    }

    public function testNoListOfSecretsIsGivenToTheLogItself(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        foreach (Billing::$moduleLog as $call) {
            self::assertSame([], $call[5]);
        }
        self::assertStringContainsString('********', Billing::$moduleLog[0][2]);
        self::assertStringContainsString('john@example.com', Billing::$moduleLog[0][2]);
    }

    public function testEachSpellingIsMaskedAndTheRestIsLeft(): void
    {
        foreach (self::passwords() as [$password]) {
            $masker = new Masker([$password, '', null, 7, []]);
            foreach (Secrets::spellings($password) as $spelling) {
                self::assertSame('before ******** after', $masker->mask("before $spelling after"), $spelling);
            }
        }
        self::assertSame('nothing', (new Masker([]))->mask('nothing'));
        self::assertSame('nothing', (new Masker(['', null]))->mask('nothing'));
    }
}
