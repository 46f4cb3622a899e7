<?php

namespace EnomBridge\Kit;

/** The event `mailbox.nearly_full`: on its way up a mailbox has reached the threshold of its plan. */
final class NearlyFull
{
    public const TYPE = 'mailbox.nearly_full';

    private function __construct(
        public readonly string $id, // the same each time that it is sent
        public readonly int $service,
        public readonly string $address,
        public readonly int $used, // bytes
        public readonly int $quota,
        public readonly int $percent,
    ) {
    }

    /**
     * Null: it is none, or is about something else that shares the source.
     *
     * @param mixed $message what was signed
     */
    public static function read(string $id, mixed $message): ?self
    {
        $data = is_array($message) ? $message['data'] ?? null : null;
        if (!is_array($data) || ($message['type'] ?? null) !== self::TYPE) {
            return null;
        }
        $address = Receipt::address($data['address'] ?? null);
        $named = is_string($data['service_id'] ?? null) ? $data['service_id'] : '';
        $service = Receipt::service(['service_id' => $named]);
        $figures = array_map(
            fn (string $name) => is_int($data[$name] ?? null) ? max(0, $data[$name]) : null,
            ['used_bytes', 'quota_bytes', 'percent'],
        );
        $isWhole = $address !== '' && $service !== null && !in_array(null, $figures, true);
        return $isWhole ? new self($id, $service, $address, ...$figures) : null;
    }
}
