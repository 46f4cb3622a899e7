<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Signature;
use EnomBridge\Kit\Unsigned;

/** The deliveries that the bridge's own tests verify, made and verified here byte for byte. */
final class SignatureTest extends TestCase
{
    /** @return iterable<string, array{array<string, string>, string}> */
    public static function samples(): iterable
    {
        foreach (glob(\EnomBridge\Tests\SAMPLES . '/*/headers.json') as $file) {
            $folder = dirname($file);
            yield basename($folder) => [json_decode(file_get_contents($file), true, 4, JSON_THROW_ON_ERROR), file_get_contents("$folder/body.json")];
        }
    }

    public function testThereIsASampleOfEveryAction(): void
    {
        $actions = array_map(fn ($action) => $action->value, Action::cases());
        // What no function of a module sends
        $named = ['mailbox.set_aliases', 'mailbox.set_forwarding', 'mailbox.change_service', 'service.suspend', 'service.unsuspend', 'service.terminate'];
        $known = array_unique([...$actions, ...$named]);
        self::assertEqualsCanonicalizing([...$known, 'job.withdraw', 'invalid'], array_keys(iterator_to_array(self::samples())));
    }

    /** @param array<string, string> $headers @dataProvider samples */
    public function testSigningGivesTheHeadersOfTheSample(array $headers, string $body): void
    {
        $signed = Signature::sign($headers['webhook-id'], (int) $headers['webhook-timestamp'], $body, self::secret());
        self::assertSame($headers, ['content-type' => 'application/json'] + $signed);
    }

    /** @param array<string, string> $headers @dataProvider samples */
    public function testTheSampleIsAcceptedWithinItsWindowOnly(array $headers, string $body): void
    {
        $time = (int) $headers['webhook-timestamp'];
        foreach ([0, 300, -300] as $off) {
            Signature::verify($headers, $body, self::secret(), $time + $off);
        }
        foreach ([301, -301, 1 << 40, -$time] as $off) {
            self::assertFalse(self::accepts($headers, $body, $time + $off), "$off s off");
        }
    }

    /** @param array<string, string> $headers @dataProvider samples */
    public function testTheSampleIsRefusedWithAnythingChanged(array $headers, string $body): void
    {
        $time = (int) $headers['webhook-timestamp'];
        foreach ([0, intdiv(strlen($body), 2), strlen($body) - 1] as $place) {
            $changed = $body;
            $changed[$place] = $changed[$place] ^ "\x01";
            self::assertFalse(self::accepts($headers, $changed, $time));
        }
        self::assertFalse(self::accepts($headers, "$body ", $time));
        self::assertFalse(self::accepts(['webhook-id' => $headers['webhook-id'] . 'x'] + $headers, $body, $time));
        self::assertFalse(self::accepts(['webhook-timestamp' => (string) ($time + 1)] + $headers, $body, $time));
        self::assertFalse(self::accepts(['webhook-timestamp' => '0' . $time] + $headers, $body, $time));
        self::assertFalse(self::accepts(['webhook-signature' => strtolower($headers['webhook-signature'])] + $headers, $body, $time));
        self::assertFalse(self::accepts(['webhook-signature' => substr($headers['webhook-signature'], 3)] + $headers, $body, $time));
        foreach (array_keys($headers) as $name) {
            if ($name !== 'content-type') {
                self::assertFalse(self::accepts([$name => ''] + $headers, $body, $time));
                self::assertFalse(self::accepts(array_diff_key($headers, [$name => 0]), $body, $time));
            }
        }
    }

    public function testOfManyBitsNoneMayChange(): void
    {
        [$headers, $body] = iterator_to_array(self::samples())['mailbox.create'];
        $time = (int) $headers['webhook-timestamp'];
        $signature = substr($headers['webhook-signature'], 3);
        for ($bit = 0; $bit < 256; $bit++) {
            $bytes = base64_decode($signature);
            $bytes[intdiv($bit, 8)] = $bytes[intdiv($bit, 8)] ^ chr(1 << $bit % 8);
            self::assertFalse(self::accepts(['webhook-signature' => 'v1,' . base64_encode($bytes)] + $headers, $body, $time));
        }
    }

    public function testOnlyASecretOfItsFormIsTakenAndItIsNotRepeated(): void
    {
        $wrong = ['', 'whsec_', 'whsec_AAAA', 'secret', 'whsec_' . str_repeat('!', 44), 'whsec_' . base64_encode(str_repeat('x', 23)),
            'whsec_' . base64_encode(str_repeat('x', 65)), 'WHSEC_' . base64_encode(str_repeat('x', 32)), base64_encode(str_repeat('x', 32))];
        foreach ($wrong as $secret) {
            try {
                Signature::key($secret);
                self::fail("taken: $secret");
            } catch (Fault $fault) {
                self::assertStringContainsString('begins with whsec_', $fault->getMessage());
                self::assertTrue($secret === '' || $secret === 'whsec_' || $secret === 'secret' || !str_contains($fault->getMessage(), $secret));
            }
        }
        foreach ([24, 32, 64] as $length) {
            self::assertSame($length, strlen(Signature::key(' whsec_' . base64_encode(str_repeat('x', $length)) . "\n")));
        }
    }

    /** @param array<string, string> $headers */
    private static function accepts(array $headers, string $body, int $now): bool
    {
        try {
            Signature::verify($headers, $body, self::secret(), $now);
            return true;
        } catch (Unsigned) {
            return false;
        }
    }

    private static function secret(): string
    {
        return file_get_contents(\EnomBridge\Tests\SAMPLES . '/secret');
    }
}
