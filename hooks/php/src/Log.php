<?php

namespace EnomBridge\Kit;

/** The platform's logs; what goes in has its secrets masked already. */
final class Log
{
    public readonly Masker $masker;

    /** @param array<mixed> $secrets values that must not be seen */
    public function __construct(private readonly array $secrets)
    {
        $this->masker = new Masker($secrets);
    }

    /** One that does not show these either. */
    public function hiding(string ...$more): self
    {
        return array_filter($more, 'strlen') === [] ? $this : new self([...$this->secrets, ...$more]);
    }

    public function call(string $action, string $request, string $response, string $processed): void
    {
        $masked = array_map($this->masker->mask(...), [$request, $response, $processed]);
        Kit::platform()->logCall($action, ...$masked);
    }

    /**
     * What nobody thought of. Returns a sentence for people. Never throws: what is told here may be
     * that the database is away, and with it the platform's own log.
     */
    public function unexpected(string $what, \Throwable $error): string
    {
        // Not the trace as PHP writes it: that shows the beginnings of arguments, and so of secrets.
        $places = array_map(fn (array $frame) => ($frame['file'] ?? '-') . ':' . ($frame['line'] ?? 0), $error->getTrace());
        array_unshift($places, $error->getFile() . ':' . $error->getLine());
        $shown = [get_class($error) . ': ' . $error->getMessage(), ...$places];
        try {
            $this->call($what, '', implode("\n", $shown), 'unexpected');
        } catch (\Throwable) {
        }
        return Text::of('unexpected');
    }

    /** A sentence for staff. 0: of no service, of no client. */
    public static function activity(string $text, int $service, int $client = 0): void
    {
        Kit::platform()->tellStaff($text, $service, $client);
    }
}
