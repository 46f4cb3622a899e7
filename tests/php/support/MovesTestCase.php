<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Record;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Move;

/** Beside the service with three seats, where `ann` is: single mailboxes of the same client. */
abstract class MovesTestCase extends SeatsTestCase
{
    /** @var array<string, int> which service has a mailbox at the bridge */
    protected static array $owners = [];

    protected function setUp(): void
    {
        parent::setUp();
        Capsule::table('tblproducts')->insert(
            ['id' => 6, 'servertype' => 'enombridge', 'configoption1' => 'basic'],
        );
        Machine::session('admin');
        self::$owners = ['ann@example.com' => Billing::SERVICE];
        self::answers();
    }

    /** One with the mailbox box<number>@example.com. @param array<string, mixed> $changes */
    protected static function single(int $number, array $changes = []): string
    {
        $address = "box$number@example.com";
        Billing::addService(
            $number,
            $changes + ['packageid' => 6, 'username' => $address, 'domainstatus' => 'Active'],
        );
        $record = Record::of($number);
        $record->has($address, $address);
        $record->state = 'active';
        $record->save();
        self::$owners[$address] = $number;
        return $address;
    }

    /**
     * The bridge answers from now on; hooks with this, if it is given.
     *
     * @param array<string, array<string, mixed>> $boxes what is special about a mailbox
     */
    protected static function answers(mixed $hooks = null, array $boxes = []): void
    {
        $listed = function (Request $request) use ($boxes): string {
            $names = array_keys(self::$owners, (int) $request->data()['service_id'], true);
            $items = array_map(
                fn (string $name) => self::box(
                    (string) strstr($name, '@', true),
                    $boxes[$name] ?? [],
                ),
                $names,
            );
            return Bridge::reply(
                200,
                ['type' => 'service.mailboxes', 'data' => ['items' => $items, 'next' => null]],
            );
        };
        self::bridge([], $hooks ?? self::moves(...), ['service.mailboxes' => $listed]);
    }

    /** What the bridge does with a hook. */
    protected static function moves(Request $request): string
    {
        $data = $request->data();
        self::assertSame('mailbox.change_service', $request->type());
        $changed = self::$owners[$data['address']] !== (int) $data['service_id'];
        self::$owners[$data['address']] = (int) $data['service_id'];
        return Bridge::ends(
            'succeeded',
            ['changed' => $changed, 'from_service_id' => $data['from_service_id']],
        )($request);
    }

    protected static function moveHere(): string
    {
        return enombridge_moveHere(Billing::params());
    }

    protected static function moveBack(): string
    {
        return enombridge_moveBack(Billing::params());
    }

    /** A field of staff's page. @return list<string> its lines */
    protected static function field(string $label, int $service = Billing::SERVICE): array
    {
        $html = enombridge_AdminServicesTabFields(Billing::params([], $service))[$label] ?? '';
        return array_map(
            fn (string $line) => html_entity_decode($line, ENT_QUOTES),
            $html === '' ? [] : explode('<br>', $html),
        );
    }

    /** One of these lines. */
    protected static function line(
        int $number,
        string $status,
        string $what,
        string $address = '',
    ): string {
        $address = $address ?: "box$number@example.com";
        return "Service $number ($status), $address, next due 2030-01-31, 3.00 Monthly: $what";
    }

    /** @return list<string> */
    protected static function coming(): array
    {
        return self::field('Single mailboxes of this domain');
    }

    /** @return list<string> */
    protected static function going(): array
    {
        return self::field('Back to single services');
    }

    /**
     * What the bridge would say in a callback of the hook that it was sent last.
     *
     * @param array<string, mixed> $changes
     * @return array<string, mixed>
     */
    protected static function end(array $changes = [], string $status = 'succeeded'): array
    {
        return $changes + [
            'status' => $status,
            'state' => 'active',
        ] + Bridge::receipt(self::hook(), $status);
    }

    /** @param list<int> $services */
    protected static function assertMoved(int ...$services): void
    {
        foreach ($services as $service) {
            self::assertSame('Cancelled', Billing::status($service));
            self::assertSame('', Record::of($service)->address);
            self::assertTrue(Move::of($service)?->hasTaken());
            $text = "box$service@example.com was moved from service $service to service 1042";
            $told = preg_grep("/$text\\./", Billing::activityTexts());
            self::assertCount(1, preg_grep("/ - Service ID: $service\\z/", $told));
            self::assertCount(1, preg_grep('/ - Service ID: 1042\z/', $told));
        }
    }

    /** @param list<int> $services */
    protected static function assertSingle(int ...$services): void
    {
        foreach ($services as $service) {
            self::assertSame(
                ['Active', "box$service@example.com"],
                [Billing::status($service), Record::of($service)->address],
            );
            self::assertFalse(Move::of($service)?->isOpen() ?? false);
        }
    }
}
