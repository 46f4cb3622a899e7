<?php

namespace EnomBridge\Tests;

/** One request as it arrived at the bridge. */
final class Request
{
    /** @param array<string, string> $headers names in lower case */
    public function __construct(
        public readonly string $method,
        public readonly string $path,
        public readonly array $headers,
        public readonly string $body,
    ) {
    }

    /** The whole of it, or null while a part is missing. */
    public static function read(string $raw): ?self
    {
        [$head, $body] = explode("\r\n\r\n", $raw, 2) + [1 => null];
        if ($body === null) {
            return null;
        }
        $lines = explode("\r\n", $head);
        [$method, $path] = explode(' ', array_shift($lines));
        $headers = [];
        foreach ($lines as $line) {
            [$name, $value] = explode(':', $line, 2);
            $headers[strtolower($name)] = trim($value);
        }
        return strlen($body) < (int) ($headers['content-length'] ?? 0) ? null : new self($method, $path, $headers, $body);
    }

    public function id(): string
    {
        return $this->headers['webhook-id'] ?? '';
    }

    /** @return array<string, mixed> */
    public function message(): array
    {
        return json_decode($this->body, true, 32, JSON_THROW_ON_ERROR);
    }

    /** @return array<string, mixed> */
    public function data(): array
    {
        return $this->message()['data'];
    }

    public function type(): string
    {
        return $this->message()['type'];
    }
}
