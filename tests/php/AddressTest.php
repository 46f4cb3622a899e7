<?php

namespace EnomBridge\Tests;

use WHMCS\Module\Server\Enombridge\Address;

/** Which mailbox a service is about. */
final class AddressTest extends TestCase
{
    /** @return iterable<string, array{array<string, mixed>, string}> */
    public static function orders(): iterable
    {
        yield 'a whole address' => [['customfields' => ['Mailbox address' => ' John@Example.COM ']], 'john@example.com'];
        yield 'a name and a domain' => [['customfields' => ['Mailbox address' => 'john'], 'domain' => 'Example.com'], 'john@example.com'];
        yield 'a whole address goes before the domain' => [['customfields' => ['Mailbox address' => 'john@example.net'], 'domain' => 'example.com'], 'john@example.net'];
        yield 'from an option' => [['configoption2' => 'option', 'configoption3' => 'Box', 'configoptions' => ['Box' => 'john@example.com']], 'john@example.com'];
        yield 'from the domain' => [['configoption2' => 'domain', 'domain' => 'example.com'], 'info@example.com'];
        yield 'from the domain with a name' => [['configoption2' => 'domain', 'configoption4' => 'post', 'domain' => 'example.com'], 'post@example.com'];
        yield 'escaped by WHMCS' => [['customfields' => ['Mailbox address' => 'o&#039;neil@example.com']], "o'neil@example.com"];
        yield 'IDN' => [['configoption2' => 'domain', 'domain' => 'MÜNCHEN.example.net'], 'info@mÜnchen.example.net']; // what Ü becomes is the bridge's to say
    }

    /** @param array<string, mixed> $changes @dataProvider orders */
    public function testItIsTakenFromWhereTheProductSays(array $changes, string $address): void
    {
        Bridge::says(Bridge::accepts());
        enombridge_SuspendAccount(Billing::params($changes));
        self::assertSame($address, Bridge::last()->data()['address']);
    }

    /** @return iterable<string, array{array<string, mixed>, string}> */
    public static function gaps(): iterable
    {
        yield 'no field' => [['customfields' => []], 'custom field "Mailbox address" of this service is empty'];
        yield 'an empty field' => [['customfields' => ['Mailbox address' => ' ']], 'custom field "Mailbox address"'];
        yield 'a field of another name' => [['configoption3' => 'E-mail'], 'custom field "E-mail"'];
        yield 'no option' => [['configoption2' => 'option'], 'configurable option "Mailbox address"'];
        yield 'a list in the field' => [['customfields' => ['Mailbox address' => ['x']]], 'custom field'];
        yield 'no domain' => [['configoption2' => 'domain'], 'has no domain'];
        yield 'a name without a domain' => [['customfields' => ['Mailbox address' => 'john']], 'has no @'];
    }

    /** @param array<string, mixed> $changes @dataProvider gaps */
    public function testWhatIsMissingIsNamedAndNothingIsSent(array $changes, string $named): void
    {
        self::assertStringContainsString($named, enombridge_CreateAccount(Billing::params($changes)));
        $this->assertNoCall();
    }

    public function testTheMailboxThatIsThereGoesBeforeWhatTheFieldsSayNow(): void
    {
        Bridge::says(Bridge::ends('succeeded'));
        Billing::run('CreateAccount');
        $renamed = Billing::params(['customfields' => ['Mailbox address' => 'jane@example.com']]);
        foreach (['SuspendAccount', 'UnsuspendAccount', 'ChangePassword', 'Renew', 'TerminateAccount'] as $function) {
            self::assertSame('success', ("enombridge_$function")($renamed));
            self::assertSame('john@example.com', Bridge::last()->data()['address']);
        }
        self::assertSame('success', enombridge_CreateAccount($renamed), 'after a termination it is a new mailbox');
        self::assertSame('jane@example.com', Bridge::last()->data()['address']);
        $calls = count(Bridge::$requests);
        self::assertStringContainsString('cannot be renamed', enombridge_ChangePackage(Billing::params()));
        self::assertCount($calls, Bridge::$requests);
    }

    public function testTwoSpellingsOfADomainAreNoRenaming(): void
    {
        self::assertFalse(Address::differ('info@MÜNCHEN.example', 'info@xn--mnchen-3ya.example'));
        self::assertFalse(Address::differ('Info@example.com', 'info@EXAMPLE.com'));
        self::assertTrue(Address::differ('info@example.com', 'info@example.net'));
        self::assertTrue(Address::differ('a@example.com', ''));
        foreach (['', '@', 'a@', '@b', "\xff@\xff", str_repeat('a', 5000), 'a@' . str_repeat('b', 5000)] as $odd) {
            self::assertFalse(Address::differ($odd, $odd));
        }
    }
}
