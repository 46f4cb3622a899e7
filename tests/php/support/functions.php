<?php

/**
 * Functions of PHP as the kit and the module see them: a name without a namespace is looked for in their own one first.
 *
 * Sleeping moves the clock instead of waiting; while a call is on its way, the bridge of the test, which lives in this
 * process, gets its turns.
 */

namespace EnomBridge\Kit {
    use EnomBridge\Tests\Bridge;
    use EnomBridge\Tests\Clock;
    use EnomBridge\Tests\Machine;

    function time(): int
    {
        return \time() + (int) Clock::$ahead;
    }

    function microtime(bool $float = false): float
    {
        return \microtime(true) + Clock::$ahead;
    }

    function usleep(int $microseconds): void
    {
        Clock::$ahead += $microseconds / 1_000_000;
    }

    function curl_setopt_array(\CurlHandle $curl, array $options): bool
    {
        Bridge::$options[] = $options;
        $quicker = [];
        foreach ([CURLOPT_TIMEOUT => CURLOPT_TIMEOUT_MS, CURLOPT_CONNECTTIMEOUT => CURLOPT_CONNECTTIMEOUT_MS] as $name => $thousandths) {
            if (Bridge::$hurry > 0) {
                $quicker[$thousandths] = intdiv($options[$name] * 1000, Bridge::$hurry);
                unset($options[$name]);
            }
        }
        return \curl_setopt_array($curl, $options + $quicker);
    }

    function function_exists(string $name): bool
    {
        return !in_array($name, Machine::$missing, true) && \function_exists($name);
    }

    function curl_exec(\CurlHandle $curl): bool
    {
        return Bridge::carry($curl);
    }
}

namespace WHMCS\Module\Server\Enombridge {
    use EnomBridge\Tests\Clock;
    use EnomBridge\Tests\Machine;

    function time(): int
    {
        return \time() + (int) Clock::$ahead;
    }

    function microtime(bool $float = false): float
    {
        return \microtime(true) + Clock::$ahead;
    }

    function headers_sent(): bool
    {
        return Machine::$sent;
    }

    function header(string $header, bool $replace = true, int $status = 0): void
    {
        Machine::$headers[] = "$status $header";
    }

    function php_sapi_name(): string
    {
        return Machine::$sapi;
    }

    function function_exists(string $name): bool
    {
        return !in_array($name, Machine::$missing, true) && \function_exists($name);
    }
}
