<?php

namespace EnomBridge\Tests\Kit;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Callback;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Signature;
use EnomBridge\Tests\Bridge;
use EnomBridge\Tests\Clock;
use EnomBridge\Tests\Errors;
use EnomBridge\Tests\Machine;

/** A shop with one service for every test; whatever PHP warned of fails it. */
abstract class TestCase extends \PHPUnit\Framework\TestCase
{
    protected Shop $shop;

    protected function setUp(): void
    {
        Errors::$seen = [];
        Clock::$ahead = 0.0;
        Machine::reset();
        Bridge::reset();
        $this->shop = Shop::anew();
        [Purchase::$early, Purchase::$objection, Purchase::$keeps] = [false, null, true];
        Purchase::$waits = null;
    }

    protected function assertPostConditions(): void
    {
        self::assertSame([], Errors::$seen);
    }

    protected function pending(string $about = 'status'): ?Pending
    {
        return Record::of(Shop::SERVICE)->pending[$about] ?? null;
    }

    /** It was asked for and accepted, and its end is not known. */
    protected function accepted(Action $action, string $status = 'running'): Pending
    {
        $this->shop->change('status', $status);
        Bridge::says(Bridge::accepts());
        $this->shop->run($action);
        Bridge::reset();
        $pending = $this->pending($action->about());
        self::assertTrue($pending?->accepted);
        return $pending;
    }

    /**
     * The bridge's callback of this hook; the status with which it is answered.
     *
     * @param array<string, mixed> $changes
     */
    protected function called(string $type, Pending $pending, array $changes = []): int
    {
        $data = $changes + [
            'job' => 'job_01M83GXBYG0M6C9ZWDX804MBXK', 'hook' => $pending->id, 'action' => $pending->action->value,
            'address' => $pending->data['address'], 'service_id' => $pending->data['service_id'], 'sequence' => 8,
            'state' => 'active', 'changed' => true, 'verified' => ['existence' => 'verified'],
            'message' => 'Done and confirmed.', 'error' => null,
        ];
        $body = (string) json_encode(['type' => $type, 'timestamp' => '2026-11-23T06:18:52Z', 'data' => $data]);
        return $this->posted($body, Signature::sign('cb_job_1', Clock::now(), $body, Shop::SECRET));
    }

    /** @param array<string, string> $headers */
    protected function posted(string $body, array $headers, string $method = 'POST'): int
    {
        $request = ['REQUEST_METHOD' => $method];
        foreach ($headers as $name => $value) {
            $request['HTTP_' . strtr(strtoupper($name), '-', '_')] = $value;
        }
        return Callback::answer($request, ['server' => (string) Shop::BRIDGE], $body)[0];
    }

    /** @return list<string> the types of all hooks that went out */
    protected static function sent(): array
    {
        return array_map(fn ($request) => $request->type(), Bridge::hooks());
    }
}
