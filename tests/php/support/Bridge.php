<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Pending;

/**
 * A bridge on loopback that says what the test tells it, and keeps every request.
 *
 * It lives in the process of the test: `carry` gives it its turns while libcurl is at work, so an answer can look into
 * the database of that very moment, or call the module again.
 */
final class Bridge
{
    public static int $port = 0;

    /** @var list<Request> */
    public static array $requests = [];

    /** @var list<array<int, mixed>> the options of each call */
    public static array $options = [];

    /** How many times quicker time-outs are. */
    public static int $hurry = 0;

    /** @var ?resource */
    private static $listener = null;

    /** @var array<int, array{socket: resource, got: string, answer: ?\Generator, left: string, thinking: bool}> */
    private static array $connections = [];

    /** @var list<callable(Request): mixed> */
    private static array $answers = [];

    public static function reset(): void
    {
        if (self::$listener === null) {
            self::$listener = stream_socket_server('tcp://127.0.0.1:0');
            stream_set_blocking(self::$listener, false);
            self::$port = (int) substr(strrchr(stream_socket_get_name(self::$listener, false), ':'), 1);
        }
        self::$requests = self::$options = self::$answers = self::$connections = [];
        self::$hurry = 0;
    }

    /**
     * Each request takes the next answer; the last one stays. An answer is what `reply` makes, raw bytes, a generator of
     * pieces (null waits for the next turn), or a function of the request that gives one of these.
     */
    public static function says(mixed ...$answers): void
    {
        self::$answers = array_map(fn ($answer) => is_callable($answer) ? $answer : fn () => $answer, array_values($answers));
    }

    /** @param array<string, string> $headers */
    public static function reply(int $status, array|string $body, array $headers = []): string
    {
        $text = is_array($body) ? json_encode($body, JSON_INVALID_UTF8_SUBSTITUTE) : $body;
        $lines = ["HTTP/1.1 $status Said", 'content-length: ' . strlen($text), 'connection: close'];
        foreach ($headers + ['content-type' => 'application/json'] as $name => $value) {
            $lines[] = "$name: $value";
        }
        return implode("\r\n", $lines) . "\r\n\r\n$text";
    }

    /** An answer to a hook: its receipt with these changes. @param array<string, mixed> $changes */
    public static function ends(string $status, array $changes = [], int $http = 200): callable
    {
        return fn (Request $request) => self::reply($http, $changes + self::receipt($request, $status));
    }

    public static function accepts(): callable
    {
        return self::ends('queued', ['message' => 'Waiting for its turn.'], 202);
    }

    /** @param array<string, mixed> $error */
    public static function fails(string $code, string $detail = '', string $message = 'Enom refused it.'): callable
    {
        $error = ['code' => $code, 'message' => $message] + ($detail === '' ? [] : ['detail' => $detail]);
        return self::ends('failed', ['state' => 'unknown', 'changed' => false, 'verified' => [], 'message' => $message, 'error' => $error]);
    }

    /** @param array<string, mixed> $more */
    public static function refuses(int $status, string $detail = 'Some fields are not valid.', array $more = []): string
    {
        $problem = ['type' => 'about:blank', 'title' => 'Refused', 'status' => $status, 'detail' => $detail] + $more;
        return self::reply($status, $problem, ['content-type' => 'application/problem+json']);
    }

    /** @param array<string, mixed> $data */
    public static function tells(array $data): callable
    {
        return fn (Request $request) => self::reply(200, ['type' => $request->type(), 'data' => $data]);
    }

    /**
     * Answers hooks with the one, and queries of a type and withdrawals (`job.withdraw`) with what is named for it. A hook that
     * it never got is withdrawn; of a job it tells what it would answer to the hook.
     *
     * @param array<string, mixed> $others
     */
    public static function does(mixed $hooks, array $others = []): void
    {
        self::says(function (Request $request) use ($hooks, $others) {
            $isHook = str_starts_with($request->path, '/hooks/') && $request->type() !== 'job.withdraw';
            $else = $request->type() === 'job.withdraw' ? self::dismisses() : self::tells(['items' => [], 'next' => null]);
            $answer = $isHook ? $hooks : ($others[$request->type()] ?? $else);
            return is_callable($answer) ? $answer($request) : $answer;
        });
    }

    /** To a withdrawal of a hook that never came. */
    public static function dismisses(): callable
    {
        return fn (Request $request) => self::reply(200, ['hook' => $request->data()['hook'], 'status' => 'dismissed']);
    }

    /** To a withdrawal, or to the question for a job: how that hook of this pending one stands. @param array<string, mixed> $changes */
    public static function stands(string $status, Pending $pending, array $changes = []): callable
    {
        return function (Request $request) use ($status, $pending, $changes) {
            $receipt = $changes + self::about($pending->id, $pending->action->value, $pending->data, $status);
            return self::reply(200, $request->type() === 'job' ? ['type' => 'job', 'data' => $receipt] : $receipt);
        };
    }

    /** A bridge of before there were withdrawals. */
    public static function knowsNoWithdrawal(): callable
    {
        return fn () => self::refuses(422, more: ['errors' => ['type' => ['Not a type that is taken here.']]]);
    }

    /** @return array<string, mixed> */
    public static function receipt(Request $request, string $status): array
    {
        return self::about($request->id(), $request->type(), $request->data(), $status);
    }

    /** @param array<string, mixed> $data @return array<string, mixed> */
    private static function about(string $hook, string $type, array $data, string $status): array
    {
        $states = ['mailbox.suspend' => 'suspended', 'mailbox.terminate' => 'absent'];
        $open = in_array($status, ['queued', 'running'], true);
        return [
            'job' => 'job_' . substr(strtoupper(md5($hook)), 0, 26), 'hook' => $hook, 'action' => $type,
            'address' => $data['address'] ?? '', 'service_id' => $data['service_id'] ?? '', 'sequence' => 7,
            'status' => $status, 'waiting_for' => $open ? 'turn' : null, 'state' => $open ? 'unknown' : $states[$type] ?? 'active',
            'changed' => $status === 'succeeded', 'verified' => $status === 'succeeded' ? ['existence' => 'verified'] : [],
            'message' => $status === 'succeeded' ? 'Done and confirmed.' : 'It is as it is.', 'error' => null,
        ];
    }

    /** @return list<Request> without withdrawals */
    public static function hooks(): array
    {
        return array_values(array_filter(self::$requests, fn (Request $request) => str_starts_with($request->path, '/hooks/') && $request->type() !== 'job.withdraw'));
    }

    /** @return list<string> the hooks that were withdrawn */
    public static function withdrawn(): array
    {
        $found = array_filter(self::$requests, fn (Request $request) => str_starts_with($request->path, '/hooks/') && $request->type() === 'job.withdraw');
        return array_values(array_map(fn (Request $request) => $request->data()['hook'], $found));
    }

    /** @return list<Request> */
    public static function queries(string $type): array
    {
        return array_values(array_filter(self::$requests, fn (Request $request) => str_starts_with($request->path, '/query/') && $request->type() === $type));
    }

    public static function last(): Request
    {
        return self::$requests[array_key_last(self::$requests)];
    }

    /** curl_exec with turns for the bridge, if it lives in this process. */
    public static function carry(\CurlHandle $curl): bool
    {
        if (self::$listener === null) {
            return curl_exec($curl);
        }
        $multi = curl_multi_init();
        curl_multi_add_handle($multi, $curl);
        do {
            curl_multi_exec($multi, $running);
            self::turn();
            if ($running) {
                curl_multi_select($multi, 0.001);
            }
        } while ($running);
        $result = curl_multi_info_read($multi)['result'];
        curl_multi_remove_handle($multi, $curl);
        curl_multi_close($multi);
        return $result === CURLE_OK;
    }

    /** Takes what has come and sends what is ready; never waits. */
    public static function turn(): void
    {
        while ($socket = @stream_socket_accept(self::$listener, 0)) {
            stream_set_blocking($socket, false);
            self::$connections[(int) $socket] = ['socket' => $socket, 'got' => '', 'answer' => null, 'left' => '', 'thinking' => false];
        }
        foreach (array_keys(self::$connections) as $key) {
            self::proceed($key);
        }
    }

    private static function proceed(int $key): void
    {
        if (!isset(self::$connections[$key]) || self::$connections[$key]['thinking']) {
            return;
        }
        $connection = &self::$connections[$key];
        if ($connection['answer'] === null) {
            $connection['got'] .= (string) @fread($connection['socket'], 1 << 20);
            $request = Request::read($connection['got']);
            if ($request === null) {
                return;
            }
            self::$requests[] = $request;
            $connection['thinking'] = true; // the answer may give turns itself
            $connection['answer'] = self::pieces(self::next()($request), $request);
            $connection['thinking'] = false;
        }
        while ($connection['left'] !== '' || $connection['answer']->valid()) {
            if ($connection['left'] === '') {
                $piece = $connection['answer']->current();
                $connection['answer']->next();
                if ($piece === null) {
                    return;
                }
                $connection['left'] = $piece;
            }
            $written = @fwrite($connection['socket'], $connection['left']);
            if ($written === false) {
                break;
            }
            $connection['left'] = substr($connection['left'], $written);
            if ($connection['left'] !== '') {
                return; // the other side reads in this very process
            }
        }
        fclose($connection['socket']);
        unset(self::$connections[$key]);
    }

    private static function next(): callable
    {
        $answer = self::$answers[0] ?? fn () => self::reply(500, 'No test expected this.');
        if (count(self::$answers) > 1) {
            array_shift(self::$answers);
        }
        return $answer;
    }

    private static function pieces(mixed $answer, Request $request): \Generator
    {
        if ($answer instanceof \Closure) {
            $answer = $answer($request);
        }
        if (is_string($answer)) {
            yield from str_split($answer, 1 << 16);
        } else {
            yield from $answer;
        }
    }
}
