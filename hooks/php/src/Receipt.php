<?php

namespace EnomBridge\Kit;

/**
 * What the bridge tells of a job, wherever it stands: in an answer, a callback or a query.
 *
 * Rule 1: what is no receipt is turned down here, and what is odd about one is put right here. Behind this every name is
 * there, in its type, no longer than its column, and an address holds nothing that means anything as HTML.
 */
final class Receipt
{
    public const ENDS = ['succeeded', 'failed', 'held', 'cancelled'];
    public const OPEN = ['queued', 'running'];

    private const FORMS = [
        'job' => '/\A[A-Za-z0-9_:-]{1,64}\z/',
        'hook' => '/\A[A-Za-z0-9_:-]{1,128}\z/',
        'action' => '/\A[a-z_.]{1,64}\z/',
        'address' => '/\A[A-Za-z0-9._-]{1,64}@[A-Za-z0-9.-]{1,253}\z/',
        'service_id' => '/\A[^\x00-\x1f]{1,64}\z/',
        'status' => '/\A(succeeded|failed|held|cancelled|queued|running)\z/',
        'state' => '/\A(active|suspended|absent|unknown)\z/',
        'message' => '/\A.{0,4096}\z/s',
    ];

    /**
     * @param array<mixed> $found
     * @return ?array<string, mixed> null: it is no receipt
     */
    public static function read(array $found): ?array
    {
        $receipt = [];
        $ofService = is_string($found['action'] ?? null) && str_starts_with($found['action'], 'service.');
        foreach (self::FORMS as $name => $form) {
            if ($name === 'address' && $ofService) {
                $receipt[$name] = ''; // it is about each mailbox of the service
                continue;
            }
            $value = $found[$name] ?? null;
            if (!is_string($value) || !preg_match($form, $value)) {
                return null;
            }
            $receipt[$name] = $value;
        }
        if (!is_int($found['sequence'] ?? null)) {
            return null;
        }
        $error = is_array($found['error'] ?? null) ? $found['error'] : [];
        return $receipt + [
            'sequence' => $found['sequence'],
            'verified' => array_filter(is_array($found['verified'] ?? null) ? $found['verified'] : [], 'is_string'),
            'error' => array_filter(array_intersect_key($error, ['code' => 0, 'detail' => 0]), 'is_string'),
            'observed_only' => !empty($found['observed_only']),
            'changed' => !empty($found['changed']),
        ];
    }

    /** The address of a mailbox as the bridge writes it; empty: it is none. */
    public static function address(mixed $found): string
    {
        return is_string($found) && preg_match(self::FORMS['address'], $found) ? $found : '';
    }

    /**
     * The number of the service that it is about; null: something else that shares the source.
     *
     * @param array<string, mixed> $receipt
     */
    public static function service(array $receipt): ?int
    {
        return preg_match('/\A[1-9][0-9]{0,9}\z/', $receipt['service_id']) ? (int) $receipt['service_id'] : null;
    }

    /**
     * The same with its sentences masked: a bridge that repeats a secret must not put it before people.
     *
     * @param array<string, mixed> $receipt
     * @return array<string, mixed>
     */
    public static function masked(array $receipt, Masker $masker): array
    {
        $receipt['message'] = $masker->mask($receipt['message']);
        $receipt['error'] = array_map($masker->mask(...), $receipt['error']);
        $receipt['verified'] = array_map($masker->mask(...), $receipt['verified']);
        return $receipt;
    }

    /** The code of its error, or nothing. @param array<string, mixed> $receipt */
    public static function code(array $receipt): string
    {
        $code = $receipt['error']['code'] ?? '';
        return preg_match('/\A[a-z_]{1,64}\z/', $code) ? $code : '';
    }

    /**
     * What staff is told of it: sentences of our own, found by the code. The bridge's and Enom's
     * words stay in the log of calls.
     *
     * @param array<string, mixed> $receipt @return array<string, string>
     */
    public static function told(array $receipt): array
    {
        $code = self::code($receipt);
        return ['what' => Text::among('code', $code), 'code' => $code ?: '-', 'job' => $receipt['job']];
    }
}
