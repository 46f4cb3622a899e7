<?php

namespace WHMCS\Module\Server\Enombridge;

/** Utilities > Logs > Module Log and Activity Log; what goes in has its secrets masked already. */
final class Log
{
    private readonly Masker $masker;

    /** @param array<mixed> $secrets values that must not be seen */
    public function __construct(array $secrets)
    {
        $this->masker = new Masker($secrets);
    }

    public function call(string $action, string $request, string $response, string $processed): void
    {
        // The secrets themselves are not given to WHMCS as "replace" values: they would only travel further.
        logModuleCall('enombridge', $action, $this->masker->mask($request), $this->masker->mask($response), $this->masker->mask($processed), []);
    }

    public static function activity(string $text, int $service, int $client = 0): void
    {
        logActivity("enom-bridge: $text - Service ID: $service", $client);
    }
}
