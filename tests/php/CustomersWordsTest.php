<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Text;

/** What a customer reads: every sentence has a key, every key its sentence in each language, and no key is left over. */
final class CustomersWordsTest extends TestCase
{
    private const LANGUAGES = ['english', 'german', 'spanish'];
    private const FOLDERS = [MODULE . '/lang', KIT . '/lang'];
    private const CLASSES = ['Page', 'Form', 'Dns', 'Size', 'Warning', 'Bar', 'MailboxForm', 'SeatsForm', 'SeatsPage'];
    private const FOR_STAFF = ['refused_visitor', 'mail_failed', 'mail_sent', 'deleted', 'staff_dns_provider'];
    private const PURPOSES = ['mx', 'spf', 'dkim', 'dmarc', 'autodiscovery'];
    private const STATES = ['ok', 'missing', 'wrong', 'advised', 'unknown'];

    /** @return array<string, string> of the module and the kit, without what English would lend */
    public static function lines(string $language): array
    {
        return array_merge(...array_map(fn (string $folder) => require "$folder/$language.php", array_reverse(self::FOLDERS)));
    }

    /** @return list<string> keys that the code puts together */
    public static function composed(): array
    {
        $keys = ['failed_client_conflict', 'password_of_each', 'all_Suspend', 'all_Unsuspend', 'all_Terminate'];
        foreach (['add', 'password', 'remove', 'aliases', 'forwarding'] as $what) {
            array_push($keys, "going_$what", "done_$what", "failed_$what");
        }
        foreach (['Create', 'Suspend', 'Unsuspend', 'Terminate', 'ChangePassword', 'ChangePlan'] as $action) {
            $keys[] = "doing_$action";
        }
        foreach (['ready', 'not_ready', 'unknown'] as $state) {
            array_push($keys, "dns_receives_$state", "dns_sends_$state");
        }
        foreach (self::STATES as $state) {
            $keys[] = "dns_state_$state";
            array_push($keys, ...array_map(fn (string $purpose) => "dns_{$purpose}_$state", self::PURPOSES));
        }
        return [...$keys, ...array_map(fn (string $purpose) => "dns_$purpose", self::PURPOSES)];
    }

    /** @return list<string> */
    private static function codes(): array
    {
        $page = file_get_contents(__DIR__ . '/../../docs/errors.md');
        preg_match('/^## Codes$(.*?)^## /ms', $page, $section);
        preg_match_all('/^\| `([a-z_]+)` \|/m', $section[1], $found);
        return $found[1];
    }

    /** @return list<string> every key of a sentence that a customer can meet */
    private static function keys(): array
    {
        $keys = self::composed();
        preg_match_all('/\$text\.([a-z_]+)/', file_get_contents(MODULE . '/templates/overview.tpl'), $found);
        array_push($keys, ...$found[1]);
        foreach (self::CLASSES as $class) {
            $source = file_get_contents(MODULE . "/lib/$class.php");
            preg_match_all("/(?:Text::of\\(|said\\((?:'[a-z]+', )?|=> |\\? |: )'([a-z]+(?:_[A-Za-z]+)*)'[,)\\s]/", $source, $found);
            array_push($keys, ...array_intersect($found[1], array_keys(self::lines('english'))));
        }
        $ofClients = fn (string $key) => (bool) preg_match('/_client(_|\z)|\Aclient_/', $key) && $key !== 'check_client';
        array_push($keys, ...array_filter(array_keys(self::lines('english')), $ofClients));
        array_push($keys, 'sign_in_failed', 'host_port', 'host_port_security', 'decimal_point', 'date_form');
        return array_values(array_unique(array_diff($keys, self::FOR_STAFF)));
    }

    public function testEveryLanguageHasEveryKeyOfACustomerAndNoOther(): void
    {
        self::assertGreaterThan(110, count(self::keys()));
        foreach (self::LANGUAGES as $language) {
            self::assertSame([], array_values(array_diff(self::keys(), array_keys(self::lines($language)))), "$language lacks");
        }
        foreach (['german', 'spanish'] as $language) {
            self::assertSame([], array_values(array_diff(array_keys(self::lines($language)), self::keys())), "$language has for nobody");
        }
    }

    public function testEveryCodeOfTheBridgeHasASentenceInEachLanguage(): void
    {
        self::assertGreaterThan(20, count(self::codes()));
        foreach (self::LANGUAGES as $language) {
            foreach (self::codes() as $code) {
                self::assertArrayHasKey("client_code_$code", self::lines($language), $language);
            }
            $told = preg_grep('/\Aclient_code_/', array_keys(self::lines($language)));
            self::assertSame([], array_values(array_diff($told, array_map(fn (string $code) => "client_code_$code", [...self::codes(), 'seats_full']))), $language);
        }
    }

    public function testNoTranslationIsTheEnglishSentence(): void
    {
        $same = ['webmail', 'date_form', 'status', 'dns_state_ok', 'dns_name', 'decimal_point', 'host_port', 'host_port_security'];
        foreach (['german', 'spanish'] as $language) {
            $copies = array_keys(array_intersect_assoc(self::lines($language), self::lines('english')));
            self::assertSame([], array_values(array_diff($copies, $same)), $language);
        }
        $copies = array_keys(array_intersect_assoc(self::lines('spanish'), self::lines('german')));
        self::assertSame([], array_values(array_diff($copies, $same)));
    }

    /** @return list<string> what stands in a template, or in what it is made of, without a key */
    private static function bare(string $template): array
    {
        $html = preg_replace('/\{\*.*?\*\}/s', '', $template);
        $shown = preg_replace('/(?:aria-label|title|alt|placeholder|data-copy|data-copied)="([^"]*)"/', '>$1<', $html);
        $text = preg_replace(['/\{[^}]*\}/', '/<[^>]*>/', '/&[a-z]+;/'], ['', '|', ''], $shown);
        return array_values(array_filter(array_map('trim', explode('|', $text)), fn (string $part) => preg_match('/\pL/u', $part) === 1));
    }

    public function testTheTemplateHasNoSentenceWithoutAKey(): void
    {
        foreach (glob(MODULE . '/templates/*.tpl') as $file) {
            self::assertSame([], self::bare(file_get_contents($file)), $file);
        }
        self::assertSame(['Hello'], self::bare('<p class="a">{if $a}Hello{/if}</p>'), 'such a one is found');
        self::assertSame(['Copy me'], self::bare('<p title="Copy me">{$a|escape}</p>'));
    }

    /** @return list<string> literals of a source that read like a sentence */
    private static function sentences(string $source): array
    {
        $texts = array_filter(token_get_all($source), fn ($token) => is_array($token) && in_array($token[0], [T_CONSTANT_ENCAPSED_STRING, T_ENCAPSED_AND_WHITESPACE], true));
        return array_values(preg_grep('/[a-z]{2,} [a-z]{2,} [a-z]{2,}|\A[\'"][A-Z][a-z]+ [a-z]+|[a-z]\.[\'"]\z/', array_column($texts, 1)));
    }

    public function testTheCodeHasNoSentenceWithoutAKey(): void
    {
        foreach (self::CLASSES as $class) {
            self::assertSame([], self::sentences(file_get_contents(MODULE . "/lib/$class.php")), $class);
        }
        self::assertSame(["'Please try again.'"], self::sentences("<?php return 'Please try again.';"), 'such a one is found');
        self::assertDoesNotMatchRegularExpression('/[\'"][A-Z][a-z]+ [a-z]+/', str_replace("'use strict'", '', file_get_contents(MODULE . '/assets/page.js')));
    }

    public function testThePageIsInTheLanguageThatWhmcsChooses(): void
    {
        $heading = function (string $of, ?string $session = null): string {
            $_SESSION = ['uid' => Billing::CLIENT] + ($session === null ? [] : ['Language' => $session]);
            Billing::$more = ['clientsdetails' => ['language' => $of]];
            return enombridge_ClientArea(Billing::params())['templateVariables']['text']['your_mailbox'];
        };
        self::assertSame('Ihr Postfach', $heading('German'), "the customer's own");
        self::assertSame('Su buzón', $heading('german', 'spanish'), 'the one chosen for this session');
        self::assertSame('Your mailbox', $heading(''), 'of nobody');
        \WHMCS\Database\Capsule::table('tblconfiguration')->insert(['setting' => 'Language', 'value' => 'spanish']);
        self::assertSame('Su buzón', $heading(''), "the installation's");
        self::assertSame('Your mailbox', $heading('klingon'), 'one that there is not');
        $_SESSION = ['adminid' => 1, 'Language' => 'spanish'];
        self::assertSame('Your mailbox', Text::of('your_mailbox', [], \WHMCS\Module\Server\Enombridge\Language::clients(['clientsdetails' => ['language' => 'english']])), 'a session of staff chooses nothing for a customer');
    }
}
