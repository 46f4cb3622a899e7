<?php

namespace EnomBridge\Tests;

/**
 * What WHMCS's public sample of a provisioning module (github.com/WHMCS/sample-provisioning-module, MIT) holds every
 * module to: each function called with nothing gives its type. Here also: fast, silent, and without a call.
 */
final class FunctionsTest extends TestCase
{
    /** @return iterable<string, array{string, string}> */
    public static function functions(): iterable
    {
        $types = [
            'array' => ['ConfigOptions', 'MetaData', 'TestConnection', 'AdminCustomButtonArray', 'AdminServicesTabFields',
                'ServiceSingleSignOn', 'ClientArea', 'ListAccounts'],
            'string' => ['CreateAccount', 'SuspendAccount', 'UnsuspendAccount', 'TerminateAccount', 'ChangePassword', 'ChangePackage',
                'Renew', 'check', 'sendAgain', 'sendAnyway', 'moveHere', 'moveBack', 'AdminLink'],
            'null' => ['UsageUpdate', 'MetricProvider', 'CustomActions'],
        ];
        foreach ($types as $type => $names) {
            foreach ($names as $name) {
                yield $name => [$name, $type];
            }
        }
    }

    /** @dataProvider functions */
    public function testAFunctionThatIsGivenNothingAnswersInItsTypeWithoutACall(string $name, string $type): void
    {
        $found = ("enombridge_$name")([]);
        self::assertSame($type, strtolower(get_debug_type($found)));
        $this->assertNoCall();
        self::assertUnexpectedNothing();
        self::assertNotSame('success', $found);
        self::assertNotTrue(is_array($found) ? $found['success'] ?? null : null);
    }

    public function testEveryFunctionOfTheModuleIsAmongThem(): void
    {
        $ours = array_filter(get_defined_functions()['user'], fn (string $name) => str_starts_with($name, 'enombridge_'));
        $tested = array_map(fn (array $one) => 'enombridge_' . strtolower($one[0]), iterator_to_array(self::functions()));
        self::assertEqualsCanonicalizing([...array_values($tested), 'enombridge_plans', 'enombridge_said'], array_values($ours));
    }

    public function testNothingButAnAccountlessFaultComesOfAHalfSetUpServer(): void
    {
        foreach (['serverhostname', 'serverusername', 'serverpassword'] as $missing) {
            $said = enombridge_CreateAccount(Billing::params([$missing => '', 'serverip' => '']));
            self::assertStringContainsString('server needs', $said);
        }
        $this->assertNoCall();
    }

    public function testThereAreNoMoreThan24OptionsAndTheirPlacesStay(): void
    {
        $options = enombridge_ConfigOptions();
        self::assertSame(['Plan', 'AddressFrom', 'Field', 'Local', 'InProgress', 'TicketDepartment', 'Webmail', 'Incoming', 'Outgoing',
            'IncomingPort', 'OutgoingPort', 'DomainCheck',
            'Sells', 'Included', 'SeatsFrom', 'PlanFrom'], array_keys($options));
        self::assertLessThanOrEqual(24, count($options));
        foreach ($options as $option) {
            self::assertContains($option['Type'], ['text', 'password', 'yesno', 'dropdown', 'radio', 'textarea']);
            self::assertNotSame('', $option['FriendlyName']);
        }
        self::assertTrue(is_callable($options['Plan']['Loader']));
    }

    public function testMetaDataNamesWhatServerSyncNeeds(): void
    {
        $found = enombridge_MetaData();
        self::assertSame(['1.1', true, 'username', 'configoption1'], [
            $found['APIVersion'], $found['RequiresServer'], $found['ListAccountsUniqueIdentifierField'], $found['ListAccountsProductField'],
        ]);
    }

    public function testEachButtonHasItsFunction(): void
    {
        foreach (enombridge_AdminCustomButtonArray() as $function) {
            self::assertTrue(function_exists("enombridge_$function"));
        }
    }

    public function testAProductAddonIsTurnedDown(): void
    {
        self::assertStringContainsString('not for product add-ons', enombridge_CreateAccount(Billing::params(['addonId' => 77])));
        $this->assertNoCall();
    }

    public function testTheLogoFitsWhmcsAndTheDescriptionIsJson(): void
    {
        [$width] = getimagesize(MODULE . '/logo.png');
        self::assertLessThanOrEqual(500, $width);
        $described = json_decode(file_get_contents(MODULE . '/whmcs.json'), true, 8, JSON_THROW_ON_ERROR);
        self::assertSame(['1.0', 'whmcs-servers', 'enombridge'], [$described['schema'], $described['type'], $described['name']]);
        self::assertFileExists(MODULE . '/' . $described['logo']['filename']);
    }
}
