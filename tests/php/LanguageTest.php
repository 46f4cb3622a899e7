<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Change;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Text;
use WHMCS\Module\Server\Enombridge\Option;

/** lang/: no sentence is missing, none is left over, none comes out with a hole in it, and none is the bridge's own. */
final class LanguageTest extends TestCase
{
    private const FOLDERS = [MODULE . '/lang', KIT . '/lang']; // the module's own go before the kit's
    private const KINDS = ['accepted', 'away', 'unsigned', 'refused', 'failed', 'held', 'cancelled', 'observed'];

    /** @return array<string, string> */
    private static function lines(): array
    {
        return array_merge(...array_map(fn (string $folder) => require "$folder/english.php", array_reverse(self::FOLDERS)));
    }

    /** @return list<string> keys that the code puts together */
    private static function composed(): array
    {
        $keys = ['customfields_empty', 'configoptions_empty', 'state_active', 'state_suspended', 'state_absent', 'state_unknown'];
        foreach (Option::cases() as $option) {
            array_push($keys, "option_{$option->name}", "option_{$option->name}_help");
        }
        foreach (self::KINDS as $kind) {
            array_push($keys, "{$kind}_staff", "{$kind}_client");
        }
        array_push($keys, 'password_refused_client', ...array_map(fn (Change $change) => "change_$change->value", Change::cases()));
        array_push($keys, ...array_map(fn (Action $action) => "action_$action->name", Action::cases()));
        foreach (['held', 'failed', 'cancelled', 'observed'] as $kind) {
            $keys[] = "{$kind}_notice";
        }
        array_push($keys, ...CustomersWordsTest::composed());
        return $keys;
    }

    /** @return array{list<string>, list<string>} the keys named in a call of Text::of, and every text of the code */
    private static function named(): array
    {
        $called = $texts = [];
        foreach ([...glob(MODULE . '/lib/*.php'), ...glob(KIT . '/*.php'), MODULE . '/enombridge.php'] as $file) {
            $source = file_get_contents($file);
            preg_match_all("/Text::of\\('([A-Za-z_]+)'[,)]/", $source, $found);
            array_push($called, ...$found[1]);
            preg_match_all("/Text::among\\('([a-z_]+)'/", $source, $found);
            foreach (array_unique($found[1]) as $family) {
                array_push($called, $family, ...array_filter(array_keys(self::lines()), fn (string $key) => str_starts_with($key, "{$family}_")));
            }
            foreach (token_get_all($source) as $token) {
                if (is_array($token) && $token[0] === T_CONSTANT_ENCAPSED_STRING) {
                    $texts[] = substr($token[1], 1, -1);
                }
            }
        }
        foreach (glob(MODULE . '/templates/*.tpl') as $file) {
            preg_match_all('/\$text\.([A-Za-z_]+)/', file_get_contents($file), $found);
            array_push($called, ...$found[1]);
        }
        return [$called, $texts];
    }

    public function testEveryUsedKeyIsThere(): void
    {
        $used = array_unique([...self::named()[0], ...self::composed()]);
        self::assertSame([], array_values(array_diff($used, array_keys(self::lines()))));
        self::assertGreaterThan(60, count($used));
    }

    public function testEveryKeyIsUsed(): void
    {
        [$called, $texts] = self::named();
        self::assertSame([], array_values(array_diff(array_keys(self::lines()), $called, $texts, self::composed())));
    }

    public function testNoKeyStandsThereTwice(): void
    {
        foreach (self::FOLDERS as $folder) {
            $lines = require "$folder/english.php";
            preg_match_all("/^    '([A-Za-z0-9_]+)' =>/m", file_get_contents("$folder/english.php"), $found);
            self::assertSame(count($found[1]), count($lines));
            self::assertSame($found[1], array_keys($lines));
        }
    }

    public function testCustomersAreToldNoInternals(): void
    {
        foreach (self::lines() as $key => $line) {
            if (str_ends_with($key, '_client') || str_starts_with($key, 'client_') || isset(CustomersWordsTest::lines('german')[$key])) {
                self::assertDoesNotMatchRegularExpression('/\{job\}|\{detail\}|enom|bridge|WHMCS|Retry|Module/i', $line, $key);
            }
        }
    }

    public function testNoSentenceComesOutWithAHole(): void
    {
        $error = ['code' => 'refused', 'detail' => 'No room.'];
        $answers = [Bridge::ends('succeeded'), Bridge::ends('succeeded', ['observed_only' => true]), Bridge::ends('failed', ['error' => $error]), Bridge::ends('failed'),
            Bridge::ends('held', ['error' => $error]), Bridge::ends('cancelled'), Bridge::accepts(), Bridge::refuses(401), Bridge::refuses(403), Bridge::refuses(422), Bridge::refuses(503), ''];
        $said = [];
        foreach ($answers as $answer) {
            Bridge::says($answer);
            foreach (['CreateAccount', 'SuspendAccount', 'UnsuspendAccount', 'TerminateAccount', 'ChangePassword', 'ChangePackage', 'Renew', 'check', 'sendAgain'] as $function) {
                $said[] = ("enombridge_$function")(Billing::params());
            }
            $said[] = enombridge_AdminServicesTabFields(Billing::params());
            $said[] = enombridge_TestConnection(Billing::serverParams());
        }
        foreach (['domain' => [2 => 'domain'], 'option' => [2 => 'option'], 'field' => [2 => 'field', 3 => 'Other']] as $settings) {
            Billing::configure($settings);
            $said[] = Billing::run('CreateAccount');
        }
        Billing::configure([2 => 'field', 3 => 'Mailbox address']);
        $said[] = enombridge_CreateAccount(Billing::params(['customfields' => ['Mailbox address' => 'john']]));
        foreach (['job.succeeded', 'job.failed', 'job.held', 'job.cancelled'] as $type) {
            Billing::change(['domainstatus' => 'Active']);
            Bridge::says(Bridge::accepts());
            Billing::run('SuspendAccount');
            Billing::change(['domainstatus' => $type === 'job.succeeded' ? 'Fraud' : 'Active']);
            $this->called($type, $this->concluded(['job' => "job_$type"[0] . md5($type)]));
        }
        $all = [$said, Billing::$activities, Billing::calls('OpenTicket'), enombridge_ConfigOptions(), enombridge_MetaData()];
        array_walk_recursive($all, function (mixed $text): void {
            self::assertDoesNotMatchRegularExpression('/\{[a-z]+\}|\(\)|\(; |  /', (string) $text);
        });
    }

    public function testAForeignTextWithBracesStaysAsItIs(): void
    {
        self::assertSame('Not done: {code} {job} (x, job_1)', Text::of('cancelled_staff', ['what' => '{code} {job}', 'code' => 'x', 'job' => 'job_1']));
        self::assertSame('a ‹b› c', Text::plain("a\n<b>\t c "));
    }

    public function testACustomerReadsItsOwnLanguageAndStaffReadsTheirs(): void
    {
        $german = require KIT . '/lang/german.php';
        Machine::session('client');
        Billing::$more = ['clientsdetails' => ['language' => 'German']];
        $answers = ['accepted' => Bridge::accepts(), 'failed' => Bridge::fails('refused'), 'held' => Bridge::ends('held'), 'cancelled' => Bridge::ends('cancelled'),
            'observed' => Bridge::ends('succeeded', ['observed_only' => true]), 'away' => Bridge::refuses(503), 'unsigned' => Bridge::refuses(401),
            'refused' => Bridge::refuses(403), 'password_refused' => Bridge::fails('password_rejected')];
        foreach ($answers as $kind => $answer) {
            Bridge::says($answer);
            self::assertSame($german["{$kind}_client"], Billing::run('ChangePassword'), $kind);
        }
        self::assertSame($german['sign_in_failed'], enombridge_ServiceSingleSignOn(Billing::params())['errorMsg']);
        self::assertSame($german['failed_client'], enombridge_ChangePassword(['serverhostname' => ''] + Billing::params()), 'what is for staff is not told to a customer');
        self::assertSame($german['client_none'], enombridge_ClientArea(Billing::params())['templateVariables']['text']['client_none']);
        Bridge::says(Bridge::fails('refused'));
        self::assertStringStartsWith('Failed', Billing::run('SuspendAccount'));
        $_SESSION = ['adminid' => 1, 'adminlang' => 'klingon'];
        self::assertStringStartsWith('Failed', Billing::run('SuspendAccount'));
    }

    public function testEachLanguageHasOnlyKeysThatEnglishHas(): void
    {
        foreach ([...glob(MODULE . '/lang/*.php'), ...glob(KIT . '/lang/*.php')] as $file) {
            $lines = require $file;
            self::assertSame([], array_keys(array_diff_key($lines, self::lines())), $file);
            foreach ($lines as $key => $line) {
                preg_match_all('/\{[a-z]+\}/', $line, $holes);
                preg_match_all('/\{[a-z]+\}/', self::lines()[$key], $known);
                self::assertEqualsCanonicalizing(...[...array_map(fn (array $names) => array_diff($names, ['{billing}']), [$known[0], $holes[0]]), "$file $key"]);
            }
        }
    }

    public function testReceiptsKnowTheStatesOfAJob(): void
    {
        self::assertSame(['succeeded', 'failed', 'held', 'cancelled', 'queued', 'running'], [...Receipt::ENDS, ...Receipt::OPEN]);
    }
}
