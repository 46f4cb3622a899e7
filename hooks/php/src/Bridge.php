<?php

namespace EnomBridge\Kit;

/**
 * One bridge, as the platform has it set up: where it answers, the name of the source there, and
 * its secret.
 */
final class Bridge
{
    private function __construct(
        public readonly int $id,
        public readonly string $url,
        public readonly string $source,
        public readonly string $secret,
        public readonly string $pages, // where staff's browsers reach the bridge's pages, without /admin/; empty: not known
    ) {
    }

    /**
     * Throws Fault that says what is missing or malformed.
     *
     * @param string $port empty or 0: that of the scheme
     * @param string $pages where staff's browsers reach the bridge, if that is somewhere else
     */
    public static function at(
        int $id,
        string $host,
        string $port,
        bool $secure,
        string $source,
        string $secret,
        string $pages = '',
    ): self {
        $host = trim($host);
        if ($host === '' || trim($source) === '' || trim($secret) === '') {
            throw new Fault(Text::of('server_incomplete'));
        }
        if (!preg_match('/\A[A-Za-z0-9.-]+\z|\A\[[0-9A-Fa-f:]+\]\z/', $host) || !preg_match('/\A[A-Za-z0-9_-]+\z/', trim($source))) {
            throw new Fault(Text::of('server_malformed'));
        }
        // Passwords of mailboxes travel in the body.
        if (!$secure && !preg_match('/\A(localhost|127\.[0-9.]+|\[::1\])\z/', $host)) {
            throw new Fault(Text::of('server_insecure'));
        }
        Signature::key($secret);
        $scheme = $secure ? 'https' : 'http';
        $url = "$scheme://$host" . ($port === '' || $port === '0' ? '' : ':' . (int) $port);
        return new self($id, $url, trim($source), trim($secret), self::pages(trim($pages), $secure ? $url : ''));
    }

    /** A log that shows neither the secret nor these. */
    public function log(string ...$more): Log
    {
        return new Log([$this->secret, substr($this->secret, 6), Signature::key($this->secret), ...$more]);
    }

    /** For questions that are about no service. */
    public function client(): Client
    {
        return new Client($this, $this->log());
    }

    /**
     * What is given, where it is an address; else where the bridge answers, unless that is known to
     * this machine only.
     */
    private static function pages(string $given, string $url): string
    {
        return preg_match('#\Ahttps?://[A-Za-z0-9.:\[\]-]+/?\z#', $given) ? rtrim($given, '/') : $url;
    }
}
