<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Catchup;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** The ends of jobs that callbacks did not bring. */
final class ResultsTest extends TestCase
{
    /** @param list<list<array<string, mixed>>> $pages */
    private function results(array $pages): void
    {
        $number = 0;
        Bridge::does(Bridge::refuses(503), ['results' => function (Request $request) use ($pages, &$number) {
            $page = $pages[$number++] ?? [];
            return Bridge::tells(['items' => $page, 'next' => $page === [] ? null : "1795414733.$number/job_$number"])($request);
        }]);
    }

    private function place(): ?string
    {
        return Capsule::table(Store::RESULTS)->where('server', Billing::SERVER)->value('after');
    }

    public function testTheFirstRunBeginsAnHourAgoInWordsThatTheBridgeReads(): void
    {
        $this->results([]);
        Catchup::run();
        $after = Bridge::queries('results')[0]->data()['after'];
        self::assertMatchesRegularExpression('/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/', $after);
        self::assertEqualsWithDelta(Clock::now() - 3600, strtotime($after), 5);
        self::assertNull($this->place());
    }

    public function testThePlaceIsKeptAndContinued(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('CreateAccount');
        $receipt = $this->concluded(['status' => 'succeeded', 'waiting_for' => null]);
        $this->results([[$receipt], [['service_id' => 'a77']]]);
        Catchup::run();
        $asked = array_map(fn (Request $request) => $request->data()['after'], Bridge::queries('results'));
        self::assertSame(['1795414733.1/job_1', '1795414733.2/job_2'], array_slice($asked, 1));
        self::assertSame('1795414733.2/job_2', $this->place());
        self::assertSame('Active', Billing::status());
        self::assertNull($this->pending());

        $this->results([]);
        Catchup::run();
        self::assertSame('1795414733.2/job_2', Bridge::queries('results')[3]->data()['after']);
        self::assertSame('1795414733.2/job_2', $this->place(), 'when there is nothing new, the former one is kept');
    }

    public function testOneThatCannotBeTakenDoesNotStopTheOthers(): void
    {
        Billing::addService(1043);
        Bridge::says(Bridge::accepts());
        Billing::run('CreateAccount');
        Billing::run('CreateAccount', 1043);
        Billing::answer('ModuleCreate', fn (array $values) => $values['serviceid'] === 1042 ? throw new \Error('broken') : ['result' => 'success']);
        $garbage = [[], 7, null, 'x', ['service_id' => 1042], ['service_id' => ['1042']]];
        $this->results([[...$garbage, $this->concluded(['status' => 'succeeded']), $this->concluded(['status' => 'succeeded'], 1043)]]);
        Catchup::run();
        self::assertNotNull($this->pending());
        self::assertNull($this->pending(1043));
        self::assertNotNull($this->place());
    }

    public function testAPlaceThatTheBridgeDoesNotKnowIsForgottenAndPendingOnesAreRepeatedAllTheSame(): void
    {
        Bridge::says(Bridge::refuses(503));
        Billing::run('CreateAccount');
        Clock::pass(120);
        Capsule::table(Store::RESULTS)->insert(['server' => Billing::SERVER, 'after' => 'of another bridge']);
        Bridge::does(Bridge::accepts(), ['results' => Bridge::refuses(422, 'Not a place in the results.')]);
        Catchup::run();
        self::assertNull($this->place());
        self::assertTrue($this->pending()->accepted);
    }

    public function testABridgeThatGoesRoundInCirclesIsLeft(): void
    {
        Bridge::does(Bridge::refuses(503), ['results' => Bridge::tells(['items' => [], 'next' => 'always/the-same'])]);
        Catchup::run();
        self::assertCount(2, Bridge::queries('results'));

        $number = 0;
        Bridge::does(Bridge::refuses(503), ['results' => function (Request $request) use (&$number) {
            return Bridge::tells(['items' => [], 'next' => (string) $number++])($request);
        }]);
        Bridge::$requests = [];
        Catchup::run();
        self::assertCount(50, Bridge::queries('results'));
    }

    public function testOpenOnesAndOthersServicesAreLeft(): void
    {
        Bridge::says(Bridge::accepts());
        Billing::run('CreateAccount');
        $this->results([[
            $this->concluded(['status' => 'running']), $this->concluded(['status' => 'succeeded', 'service_id' => 'a1042']),
            $this->concluded(['status' => 'succeeded', 'service_id' => '999999']),
        ]]);
        Catchup::run();
        self::assertNotNull($this->pending());
        self::assertSame(1, Capsule::table('mod_enombridge')->count(), 'no rows for services that are not there');
    }

    public function testABridgeThatIsAwayIsSaidOnce(): void
    {
        Bridge::says(Bridge::refuses(503, 'Paused.'));
        Catchup::run();
        self::assertSame(['enom-bridge: The bridge does not accept requests right now. On the bridge server, run: enom-bridge doctor'], Billing::activityTexts());
        self::assertCount(1, Bridge::$requests);
    }
}
