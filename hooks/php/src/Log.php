<?php

namespace WHMCS\Module\Server\Enombridge;

/** Utilities > Logs > Module Log and Activity Log; what goes in has its secrets masked already. */
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
        // The secrets themselves are not given to WHMCS as "replace" values: they would only travel further.
        logModuleCall('enombridge', $action, $this->masker->mask($request), $this->masker->mask($response), $this->masker->mask($processed), []);
    }

    public static function activity(string $text, int $service, int $client = 0): void
    {
        logActivity("enom-bridge: $text" . ($service > 0 ? " - Service ID: $service" : ''), $client);
    }
}
