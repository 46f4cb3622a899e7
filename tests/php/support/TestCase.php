<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Callback;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Signature;
use WHMCS\Database\Capsule;
use WHMCS\Module\Server\Enombridge\Store;

/** A fresh installation for every test; whatever PHP warned of fails it, also where the module caught it. */
abstract class TestCase extends \PHPUnit\Framework\TestCase
{
    protected function setUp(): void
    {
        Errors::$seen = [];
        Clock::$ahead = 0.0;
        Bridge::reset();
        Billing::reset();
        $_POST = [];
        $_SERVER['REQUEST_METHOD'] = 'GET';
    }

    protected function assertPostConditions(): void
    {
        self::assertSame([], Errors::$seen);
    }

    /** The hook that is pending, or the one about this. */
    protected function pending(int $service = Billing::SERVICE, ?string $about = null): ?Pending
    {
        $pending = Record::of($service)->pending;
        return ($about === null ? reset($pending) : $pending[$about] ?? null) ?: null;
    }

    /** The module's row as it is in the database. */
    protected function kept(int $service = Billing::SERVICE): object
    {
        return Capsule::table(Store::TABLE)->where('service', $service)->first();
    }

    /**
     * What the bridge would say of the pending hook in a callback.
     *
     * @param array<string, mixed> $changes
     * @return array<string, mixed>
     */
    protected function concluded(array $changes = [], int $service = Billing::SERVICE): array
    {
        $pending = $this->pending($service);
        $states = ['mailbox.suspend' => 'suspended', 'mailbox.terminate' => 'absent'];
        return $changes + [
            'job' => 'job_01M83GXBYG0M6C9ZWDX804MBXK', 'hook' => $pending->id, 'action' => $pending->action->value,
            'address' => $pending->data['address'], 'service_id' => (string) $service, 'sequence' => 8,
            'state' => $states[$pending->action->value] ?? 'active', 'changed' => true, 'verified' => ['existence' => 'verified'],
            'message' => 'Done and confirmed.', 'error' => null, 'finished_at' => '2026-11-23T06:18:52Z',
        ];
    }

    /**
     * Posts a callback to the module.
     *
     * @param array<string, mixed> $data
     * @return array{int, array<string, string>, string}
     */
    protected function called(string $type, array $data, int $server = Billing::SERVER): array
    {
        $body = json_encode(['type' => $type, 'timestamp' => '2026-11-23T06:18:52Z', 'data' => $data], JSON_INVALID_UTF8_SUBSTITUTE);
        return $this->posted($body, Signature::sign('cb_job_1', Clock::now(), $body, Billing::SECRET), ['server' => (string) $server]);
    }

    /**
     * @param array<string, string> $headers
     * @param array<string, mixed> $query
     * @return array{int, array<string, string>, string}
     */
    protected function posted(string $body, array $headers, array $query = ['server' => '3']): array
    {
        $request = ['REQUEST_METHOD' => 'POST'];
        foreach ($headers as $name => $value) {
            $request['HTTP_' . strtr(strtoupper($name), '-', '_')] = $value;
        }
        return Callback::answer($request, $query, $body);
    }

    /** No call went out since the test began. */
    protected function assertNoCall(): void
    {
        self::assertSame([], Bridge::$options, 'a call went out');
    }

    protected static function assertUnexpectedNothing(): void
    {
        self::assertNotContains('unexpected', array_column(Billing::$moduleLog, 4));
    }
}
