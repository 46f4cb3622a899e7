<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Password;

/** Enom's rule for passwords. */
final class PasswordTest extends TestCase
{
    public function testThoseThatKeepTheRuleFit(): void
    {
        foreach (['Abcdefgh1-', 'A1*bcdefgh', 'A1@bcdefgh', 'A1_bcdefgh', 'A1/bcdefgh', 'A1.bcdefgh', 'ABCDEFGHIJ1234567.90'] as $password) {
            self::assertTrue(Password::fits($password), $password);
        }
        foreach (['', 'Abcdefg1-', 'abcdefgh1-', 'Abcdefghi-', 'Abcdefgh12', 'ABCDEFGHIJ1234567.901', 'Abc efgh1-', 'Abc"efgh1-', "Abcdefgh1-\n", 'Äbcdefgh1-A', "A1-\0bcdefgh"] as $password) {
            self::assertFalse(Password::fits($password), $password);
        }
    }

    public function testFreshOnesFitAndDiffer(): void
    {
        $made = array_map(fn () => Password::fresh(), range(1, 300));
        foreach ($made as $password) {
            self::assertTrue(Password::fits($password), $password);
        }
        self::assertCount(300, array_unique($made));
    }
}
