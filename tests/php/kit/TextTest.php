<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Answer;
use EnomBridge\Kit\Change;
use EnomBridge\Kit\Text;
use const EnomBridge\Tests\KIT;

/**
 * The kit's sentences: none is missing, none comes out with a hole in it, each names the platform.
 */
final class TextTest extends TestCase
{
    /** For the pages of a plug-in: nothing here uses them. */
    private const OFFERED = ['check_now', 'send_again', 'send_anyway', 'link_bridge', 'staff_bridge', 'staff_warning',
        'your_mailbox', 'address', 'status', 'client_active', 'client_suspended', 'client_progress', 'client_none',
        'settings', 'incoming', 'outgoing', 'login', 'open_webmail', 'sign_in_failed', 'busy_client'];

    /** @return array<string, string> */
    private static function lines(): array
    {
        return require KIT . '/lang/english.php';
    }

    public function testEachKeyThatTheCodeNamesIsThereAndNoOther(): void
    {
        $source = implode(array_map('file_get_contents', glob(KIT . '/*.php')));
        preg_match_all("/'([A-Za-z_]+)'/", $source, $found);
        $used = array_merge($found[1], self::OFFERED, self::composed());
        self::assertSame([], array_values(array_diff(array_keys(self::lines()), $used)));
        preg_match_all("/Text::of\\('([A-Za-z_]+)'[,)]/", $source, $found);
        self::assertSame([], array_values(array_diff([...$found[1], ...self::composed(), ...self::OFFERED], array_keys(self::lines()))));
        self::assertGreaterThan(20, count($found[1]));
    }

    /** @return list<string> */
    private static function composed(): array
    {
        $keys = ['password_refused_client', 'state_active', 'state_suspended', 'state_absent', 'state_unknown'];
        foreach (['accepted', 'away', 'unsigned', 'refused', 'failed', 'held', 'cancelled', 'observed'] as $kind) {
            array_push($keys, "{$kind}_staff", "{$kind}_client");
        }
        foreach (['held', 'failed', 'cancelled', 'observed'] as $kind) {
            $keys[] = "{$kind}_notice";
        }
        array_push($keys, ...array_map(fn (Change $change) => "change_$change->value", Change::cases()));
        array_push($keys, ...array_map(fn (Action $action) => "action_$action->name", Action::cases()));
        foreach (['code', 'problem', 'field', 'account', 'fact', 'how', 'job', 'client_code', 'failed_client'] as $family) {
            $isOfIt = fn (string $key) => $key === $family || str_starts_with($key, "{$family}_");
            array_push($keys, ...array_filter(array_keys(self::lines()), $isOfIt));
        }
        return $keys;
    }

    public function testThePlatformIsNamedAndItsOwnWordsGoFirst(): void
    {
        self::assertSame('It was withdrawn, because Cornershop no longer wants it.', Text::among('code', 'withdrawn'));
        self::assertSame('The shop gives it back.', Text::of('lifted'));
        foreach (Text::lines('english') as $line) {
            self::assertStringNotContainsString('{billing}', $line);
        }
    }

    public function testALanguageThatIsMissingOrNoNameIsEnglish(): void
    {
        self::assertSame('Ihr Postfach', Text::of('your_mailbox', [], 'german'));
        foreach (['klingon', '', '../../../etc/passwd'] as $language) {
            self::assertSame('Your mailbox', Text::of('your_mailbox', [], $language));
        }
    }

    public function testEveryLanguageHasOnlyKeysThatEnglishHasWithTheSameHoles(): void
    {
        foreach (glob(KIT . '/lang/*.php') as $file) {
            foreach (require $file as $key => $line) {
                preg_match_all('/\{[a-z]+\}/', $line, $holes);
                preg_match_all('/\{[a-z]+\}/', self::lines()[$key], $known);
                self::assertEqualsCanonicalizing($known[0], $holes[0], "$file $key");
            }
        }
    }

    public function testAFieldThatTheBridgeRefusesIsNamedInWords(): void
    {
        $problem = (string) json_encode(['title' => 'Not valid', 'errors' => ['data.plan' => ['No.'], 'data.<b>' => ['No.']]]);
        $answer = Answer::read('hooks', 422, $problem);
        self::assertSame('refused', $answer->kind);
        self::assertSame(['plan', '<b>'], $answer->fields);
        self::assertStringContainsString('the plan (choose one', $answer->problem);
        self::assertStringNotContainsString('<b>', $answer->problem);
    }
}
