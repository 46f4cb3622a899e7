<?php

namespace EnomBridge\Kit;

/** The one place from which the bridge is called: signed, 5 s to connect, 25 s in all, TLS verified, no redirects. */
final class Client
{
    public const WAIT = 20; // seconds that the bridge may hold its answer

    private const CONNECT = 5;
    private const TOTAL = 25;
    private const MOST = 4 << 20; // bytes of an answer; a page of 200 receipts is a tenth of this

    public function __construct(
        private readonly Bridge $bridge,
        private readonly Log $log,
        private readonly int $total = self::TOTAL,
    ) {
    }

    /** The same, with fewer seconds for each call: somebody waits for a page. */
    public function within(int $seconds): self
    {
        return new self($this->bridge, $this->log, $seconds);
    }

    /** @param array<string, mixed> $data */
    public function hook(string $id, string $type, string $timestamp, array $data, int $wait): Answer
    {
        $log = $this->log->hiding((string) ($data['password'] ?? ''));
        $about = ['hook' => $id, 'action' => $type, 'service_id' => (string) ($data['service_id'] ?? '')];
        $read = fn (int $status, string $body) => Answer::read('hooks', $status, $body, $about);
        return $this->post('hooks', $id, compact('type', 'timestamp', 'data'), $wait, $log, $read)->masked($log->masker, $log->masker);
    }

    /** Takes back a hook of which nothing was done yet, or that may never have come. */
    public function withdraw(Pending $pending): Answer
    {
        $id = Kit::platform()->sender() . '_withdraw_' . bin2hex(random_bytes(12));
        $log = $this->log->hiding($pending->password());
        $message = ['type' => 'job.withdraw', 'timestamp' => gmdate('Y-m-d\TH:i:s\Z'), 'data' => ['hook' => $pending->id]];
        $read = fn (int $status, string $body) => Answer::ofWithdrawal($status, $body, $pending->id);
        return $this->post('hooks', $id, $message, 0, $log, $read)->masked($log->masker, $log->masker);
    }

    /** How a hook that the bridge has stands: as its answer to the hook itself would be. */
    public function job(Pending $pending): Answer
    {
        $client = new self($this->bridge, $this->log->hiding($pending->password()), $this->total);
        $answer = $client->query('job', ['hook' => $pending->id]);
        $receipt = $answer->kind === 'answered' ? Receipt::read($answer->receipt) : null;
        return $receipt !== null && $receipt['hook'] === $pending->id ? Answer::of($receipt) : $answer;
    }

    /** @param array<string, mixed> $data */
    public function query(string $type, array $data = []): Answer
    {
        $id = 'qry_' . bin2hex(random_bytes(12));
        $timestamp = gmdate('Y-m-d\TH:i:s\Z');
        $read = fn (int $status, string $body) => Answer::read('query', $status, $body);
        return $this->post('query', $id, compact('type', 'timestamp', 'data'), 0, $this->log, $read)->masked($this->log->masker, $this->bridge->log()->masker);
    }

    /**
     * @param array<string, mixed> $message
     * @param callable(int, string): Answer $read
     */
    private function post(string $what, string $id, array $message, int $wait, Log $log, callable $read): Answer
    {
        $message['data'] = $message['data'] ?: new \stdClass();
        $body = (string) json_encode($message, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE);
        $headers = ['content-type' => 'application/json', ...Signature::sign($id, time(), $body, $this->bridge->secret)];
        if ($wait > 0) {
            $headers['prefer'] = "wait=$wait";
        }
        [$status, $got] = $this->send("{$this->bridge->url}/$what/{$this->bridge->source}", $headers, $body);
        $answer = $status === 0 ? Answer::away(Text::of('away', ['why' => $got])) : $read($status, $got);
        // Receipts of many services at once are not written down: what they might repeat, this log does not know to mask.
        $shown = $message['type'] === 'results' && $answer->kind === 'answered' ? count((array) ($answer->receipt['items'] ?? [])) . ' receipts' : $got;
        $log->call($message['type'], "$what $id\n$body", $status === 0 ? $got : "$status\n$shown", $answer->problem ?: $answer->kind);
        return $answer;
    }

    /**
     * @param array<string, string> $headers
     * @return array{int, string} status and body, or 0 and what went wrong
     */
    private function send(string $url, array $headers, string $body): array
    {
        $got = '';
        $curl = curl_init($url);
        curl_setopt_array($curl, [
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => [...array_map(fn ($name, $value) => "$name: $value", array_keys($headers), $headers), 'expect:'],
            CURLOPT_CONNECTTIMEOUT => min(self::CONNECT, $this->total),
            CURLOPT_TIMEOUT => $this->total,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_PROXY => '', // nor one of the environment
            CURLOPT_WRITEFUNCTION => function ($curl, string $chunk) use (&$got): int {
                $got .= $chunk;
                return strlen($got) > self::MOST ? 0 : strlen($chunk);
            },
        ]);
        $done = curl_exec($curl);
        $status = (int) curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        $why = curl_error($curl);
        curl_close($curl);
        return $done === false || $status === 0 ? [0, $why ?: 'no answer'] : [$status, $got];
    }
}
