<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Address;

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

    /** @return iterable<string, array{string, string}> what was typed, and how the bridge writes it */
    public static function spellings(): iterable
    {
        yield 'ß' => ['info@straße.example', 'info@xn--strae-oqa.example'];
        yield 'ß at the end' => ['info@faß.de', 'info@xn--fa-hia.de'];
        yield 'a final sigma' => ['info@βόλος.example', 'info@xn--nxasmm1c.example'];
        yield 'sigmas in capitals' => ['info@ΒΌΛΟΣ.example', 'info@xn--nxasmq6b.example'];
        yield 'ü' => ['info@MÜNCHEN.example', 'info@xn--mnchen-3ya.example'];
        yield 'an A-label' => ['info@XN--MNCHEN-3YA.example', 'info@xn--mnchen-3ya.example'];
        yield 'what no rule of this PHP makes of it' => ['info@ẞ.example', 'info@xn--something-else.example'];
        yield 'capitals' => ['Info@Example.COM', 'info@example.com'];
    }

    /** @dataProvider spellings */
    public function testTheAddressThatWasSentIsNotAnotherOne(string $typed, string $answered): void
    {
        foreach ([[], ['idn_to_ascii']] as $missing) {
            $this->setUp();
            Machine::$missing = $missing;
            Billing::$more = ['customfields' => ['Mailbox address' => $typed]];
            Bridge::says(Bridge::ends('succeeded', ['address' => $answered]));
            self::assertSame('success', Billing::run('CreateAccount'));
            self::assertSame('success', Billing::run('ChangePackage'), 'an upgrade');
            self::assertSame($answered, Bridge::last()->data()['address']);
            self::assertArrayNotHasKey('Attention', enombridge_AdminServicesTabFields(Billing::params()));
            Billing::$more = ['customfields' => ['Mailbox address' => 'other@example.net']];
            self::assertStringContainsString('cannot be renamed', Billing::run('ChangePackage'));
        }
    }

    public function testAMailboxThatIsTakenOverWasAskedForInItsOwnSpelling(): void
    {
        Billing::$more = ['customfields' => ['Mailbox address' => 'info@ẞ.example']];
        Bridge::says(Bridge::tells(['address' => 'info@xn--something-else.example', 'state' => 'active']));
        enombridge_check(Billing::params());
        Bridge::says(Bridge::ends('succeeded', ['address' => 'info@xn--something-else.example']));
        self::assertSame('success', Billing::run('ChangePackage'));
    }

    public function testWithoutIntlOnlyWhatIsSureIsARenaming(): void
    {
        Machine::$missing = ['idn_to_ascii'];
        self::assertFalse(Address::differ('info@straße.example', 'info@xn--strae-oqa.example'));
        self::assertTrue(Address::differ('jane@straße.example', 'info@xn--strae-oqa.example'));
        self::assertTrue(Address::differ('info@example.com', 'info@example.net'));
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
