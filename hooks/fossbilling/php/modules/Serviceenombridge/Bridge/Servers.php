<?php

namespace Box\Mod\Serviceenombridge\Bridge;

use EnomBridge\Kit\Bridge;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Text;

/** The bridges of the module's settings, which FOSSBilling keeps encrypted. */
final class Servers
{
    private const MODULE = 'mod_serviceenombridge';
    private const FIELDS = ['name', 'host', 'port', 'secure', 'source', 'pages'];

    /** @return list<int> */
    public static function ids(): array
    {
        return array_keys(self::all());
    }

    /** Null: there is none of this number. Throws Fault when its settings are wrong. */
    public static function bridge(int $id): ?Bridge
    {
        $row = self::all()[$id] ?? null;
        return $row === null ? null : self::made($id, $row);
    }

    /** @param array<string, string> $row throws Fault */
    private static function made(int $id, array $row): Bridge
    {
        $of = fn (string $name): string => (string) ($row[$name] ?? '');
        return Bridge::at(
            $id,
            $of('host'),
            $of('port'),
            $of('secure') === '1',
            $of('source'),
            $of('secret'),
            $of('pages'),
        );
    }

    public static function required(int $id): Bridge
    {
        $why = Text::of('no_bridge_of_this_number', ['number' => $id]);
        return self::bridge($id) ?? throw new Fault($why);
    }

    /** For the page of settings: without the secrets. @return list<array<string, string|int>> */
    public static function shown(): array
    {
        $shown = fn (int $id, array $row): array => [
            'id' => $id, 'has_secret' => (int) (($row['secret'] ?? '') !== ''),
        ] + array_intersect_key($row, array_flip(self::FIELDS));
        return array_map($shown, array_keys(self::all()), self::all());
    }

    /**
     * Adds one, or changes the one of this id. An empty secret leaves the one that is kept. Throws
     * Fault, and then nothing is kept.
     *
     * @param array<string, mixed> $given
     */
    public static function save(array $given): int
    {
        $all = self::all();
        $id = (int) ($given['id'] ?? 0) ?: ($all === [] ? 0 : max(array_keys($all))) + 1;
        $given = array_map(fn (mixed $one) => is_scalar($one) ? trim((string) $one) : '', $given);
        $text = fn (string $name): string => $given[$name] ?? '';
        $row = array_combine(self::FIELDS, array_map($text, self::FIELDS));
        $row['secret'] = $text('secret') ?: (string) ($all[$id]['secret'] ?? '');
        self::made($id, $row);
        self::keep([$id => $row] + $all);
        return $id;
    }

    public static function remove(int $id): void
    {
        self::keep(array_diff_key(self::all(), [$id => 0]));
    }

    /** @return array<int, array<string, string>> */
    private static function all(): array
    {
        $found = Fossbilling::di()['mod_config']('serviceenombridge')['servers'] ?? [];
        $all = is_array($found) ? array_filter($found, 'is_array') : [];
        ksort($all);
        return $all;
    }

    /** @param array<int, array<string, string>> $all */
    private static function keep(array $all): void
    {
        $extensions = Fossbilling::di()['mod_service']('extension');
        $extensions->setConfig(['ext' => self::MODULE, 'servers' => $all]);
    }
}
