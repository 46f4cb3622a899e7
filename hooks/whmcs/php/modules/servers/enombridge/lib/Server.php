<?php

namespace WHMCS\Module\Server\Enombridge;

use WHMCS\Database\Capsule;

/** One bridge, as WHMCS has it: a row of Setup > Servers. Hostname, port and SSL say where, the user name is the source. */
final class Server
{
    private function __construct(
        public readonly int $id,
        public readonly string $url,
        public readonly string $source,
        public readonly string $secret,
        public readonly string $pages, // where staff's browsers reach the bridge's pages, without /admin/; empty: not known
    ) {
    }

    /** @param array<string, mixed> $params what WHMCS gives to every function; throws Fault when something is missing */
    public static function of(array $params): self
    {
        return self::made(
            (int) ($params['serverid'] ?? 0),
            (string) (($params['serverhostname'] ?? '') ?: ($params['serverip'] ?? '')),
            (string) ($params['serverport'] ?? ''),
            (bool) ($params['serversecure'] ?? false),
            (string) ($params['serverusername'] ?? ''),
            (string) ($params['serverpassword'] ?? ''),
            (string) ($params['serveraccesshash'] ?? ''),
        );
    }

    /** A log that shows neither the secret nor these. */
    public function log(string ...$more): Log
    {
        return new Log([$this->secret, substr($this->secret, 6), Signature::key($this->secret), ...$more]);
    }

    /** The row of this id, or null: there is none of our kind. */
    public static function stored(int $id): ?self
    {
        $row = Capsule::table('tblservers')->where('id', $id)->where('type', 'enombridge')->first();
        if ($row === null) {
            return null;
        }
        return self::made((int) $row->id, $row->hostname ?: $row->ipaddress, (string) $row->port, (bool) $row->secure,
            (string) $row->username, Seal::open((string) $row->password), (string) ($row->accesshash ?? ''));
    }

    /** @return list<int> the ids of all rows of our kind */
    public static function ids(): array
    {
        return array_map('intval', Capsule::table('tblservers')->where('type', 'enombridge')->orderBy('id')->pluck('id')->all());
    }

    private static function made(int $id, string $host, string $port, bool $secure, string $source, string $secret, string $pages): self
    {
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

    /** The access hash, where it is an address; else where the bridge answers, unless that is known to this machine only. */
    private static function pages(string $given, string $url): string
    {
        return preg_match('#\Ahttps?://[A-Za-z0-9.:\[\]-]+/?\z#', $given) ? rtrim($given, '/') : $url;
    }
}
