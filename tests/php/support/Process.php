<?php

namespace EnomBridge\Tests;

/** A second process of WHMCS; see process.php. */
final class Process
{
    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    public function __construct(string $database, string $function, float $moment = 0)
    {
        $command = [PHP_BINARY, '-d', 'display_errors=stderr', dirname(__DIR__) . '/process.php', (string) Bridge::$port, sprintf('%.6F', $moment), $function];
        $environment = ['ENOMBRIDGE_TEST_DATABASE' => $database] + getenv();
        $this->process = proc_open($command, [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $this->pipes, null, $environment);
    }

    /** Serves it as its bridge until it has ended. @return array{said: string, warnings: list<string>, log: list<list<mixed>>} */
    public function end(): array
    {
        stream_set_blocking($this->pipes[1], false);
        $printed = '';
        while (!feof($this->pipes[1])) {
            Bridge::turn();
            $printed .= fread($this->pipes[1], 1 << 16);
            usleep(500);
        }
        $errors = stream_get_contents($this->pipes[2]);
        proc_close($this->process);
        return json_decode($printed, true) ?? throw new \RuntimeException("$printed\n$errors");
    }
}
