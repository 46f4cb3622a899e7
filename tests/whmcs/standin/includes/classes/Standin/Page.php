<?php

declare(strict_types=1);

namespace Standin;

/** The frame around every screen, and the small things that all of them need. There is no sign-in: `?as=` says who looks. */
final class Page
{
    private const MENU = [
        'client' => ['clientarea.php' => 'Home', 'cart.php' => 'Order', 'clientarea.php?action=invoices' => 'Invoices'],
        'admin' => [
            'admin/index.php' => 'Dashboard', 'admin/configproducts.php' => 'Products', 'admin/configservers.php' => 'Servers',
            'admin/modulequeue.php' => 'Module Queue', 'admin/serversync.php' => 'Server Sync', 'admin/logs.php' => 'Logs',
        ],
    ];

    /** Who looks; ends the request where an admin page is asked for by anybody else. */
    public static function role(string $least = 'client'): string
    {
        $role = (string) ($_GET['as'] ?? $_COOKIE['as'] ?? 'client');
        if (isset($_GET['as'])) {
            setcookie('as', $role, ['path' => '/', 'samesite' => 'Lax']);
        }
        Visit::begin($role);
        if (!isset(self::MENU[$role]) || ($least === 'admin' && $role !== 'admin')) {
            http_response_code(403);
            self::show('client', 'Not allowed', '<p>This page is for staff: open it with <code>?as=admin</code>.</p>');
            exit;
        }
        return $role;
    }

    public static function show(string $role, string $title, string $body): void
    {
        $links = '';
        foreach (self::MENU[$role] as $url => $text) {
            $here = '/' . $url === $_SERVER['REQUEST_URI'] || "/$url" === $_SERVER['SCRIPT_NAME'] ? ' aria-current="page"' : '';
            $links .= "<a href=\"/$url\"$here>" . self::e($text) . '</a>';
        }
        $other = $role === 'admin' ? '<a href="/clientarea.php?as=client">Client area</a>' : '<a href="/admin/index.php?as=admin">Staff</a>';
        $company = self::e(Settings::get('CompanyName'));
        $message = isset($_GET['message']) ? '<p class="message" role="status">' . self::e((string) $_GET['message']) . '</p>' : '';
        $heading = self::e($title);
        header('Content-Type: text/html; charset=utf-8');
        if ($role === 'client' && Settings::get('Template') !== '') {
            echo Theme::page($heading, $company, "$message$body");
            return;
        }
        echo <<<HTML
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>$heading – $company</title><link rel="stylesheet" href="/assets/panel.css"></head>
            <body class="$role"><header><strong>$company</strong><nav aria-label="Main">$links</nav><span class="other">$other</span></header>
            <main><h1>$heading</h1>$message$body</main></body></html>
            HTML;
    }

    public static function go(string $path, string $message = ''): never
    {
        $glue = str_contains($path, '?') ? '&' : '?';
        header('Location: /' . $path . ($message === '' ? '' : $glue . 'message=' . rawurlencode($message)));
        exit;
    }

    public static function e(mixed $text): string
    {
        return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE);
    }

    public static function pill(string $status): string
    {
        return '<span class="pill ' . strtolower(self::e($status)) . '">' . self::e($status) . '</span>';
    }

    /** Cells are HTML. */
    public static function table(array $head, array $rows, string $empty = 'Nothing here.'): string
    {
        if ($rows === []) {
            return "<p class=\"empty\">$empty</p>";
        }
        $html = '<table><thead><tr><th>' . implode('</th><th>', array_map(self::e(...), $head)) . '</th></tr></thead><tbody>';
        foreach ($rows as $row) {
            $html .= '<tr><td>' . implode('</td><td>', $row) . '</td></tr>';
        }
        return "$html</tbody></table>";
    }

    /** Label => HTML. */
    public static function facts(array $facts): string
    {
        $html = '';
        foreach ($facts as $label => $value) {
            $html .= '<dt>' . self::e($label) . "</dt><dd>$value</dd>";
        }
        return "<dl>$html</dl>";
    }

    /** A button that posts. */
    public static function button(string $path, string $text, array $fields, string $kind = ''): string
    {
        $hidden = '';
        foreach ($fields as $name => $value) {
            $hidden .= '<input type="hidden" name="' . self::e($name) . '" value="' . self::e($value) . '">';
        }
        return '<form method="post" class="inline" action="/' . self::e($path) . "\">$hidden<button class=\"$kind\">" . self::e($text) . '</button></form>';
    }

    public static function field(string $label, string $name, mixed $value, string $type = 'text'): string
    {
        $value = self::e($value);
        return '<label>' . self::e($label) . " <input type=\"$type\" name=\"" . self::e($name) . "\" value=\"$value\"></label>";
    }
}
