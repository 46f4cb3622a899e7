<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Text;

/**
 * What the bridge says of itself, as WHMCS wants it: for the test button and for the list of plans.
 */
final class Connection
{
    /**
     * @param array<string, mixed> $params
     * @return array{success: bool, error: string}
     */
    public static function test(array $params): array
    {
        try {
            $error = Kit\Connection::problem(Server::of($params));
            return ['success' => $error === '', 'error' => $error];
        } catch (Fault $fault) {
            return ['success' => false, 'error' => $fault->getMessage()];
        } catch (\Throwable $error) {
            return ['success' => false, 'error' => Lifecycle::unexpected('connection.test', $params, $error)];
        }
    }

    /** A link to the bridge's pages, as HTML; nothing where it is not known how a browser reaches them. @param array<string, mixed> $params */
    public static function link(array $params): string
    {
        try {
            $pages = Server::of($params)->pages;
        } catch (\Throwable) {
            return ''; // Test Connection says what is missing
        }
        $href = htmlspecialchars("$pages/admin/", ENT_QUOTES);
        return $pages === '' ? '' : "<a href=\"$href\" target=\"_blank\" rel=\"noopener noreferrer\">" . htmlspecialchars(Text::of('link_bridge')) . '</a>';
    }

    /**
     * Name => label; throws Fault, as WHMCS wants it of a loader.
     *
     * @param array<string, mixed> $params
     * @return array<string, string>
     */
    public static function plans(array $params): array
    {
        return Kit\Connection::plans(Server::of($params));
    }
}
