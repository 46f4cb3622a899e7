<?php

declare(strict_types=1);

namespace Standin;

/**
 * The frame of a client's page in a theme: what of it matters to what a module shows. Six is made with Bootstrap 3, Twenty-One
 * and Nexus, which came with WHMCS 9, with Bootstrap 4; `bare` has no style of its own, as a theme of anybody's may have none
 * that helps.
 */
final class Theme
{
    private const SHEETS = [
        'six' => '/usr/share/javascript/bootstrap/css/bootstrap.min.css',
        'twenty-one' => '/usr/share/javascript/bootstrap4/css/bootstrap.min.css',
        'nexus' => '/usr/share/javascript/bootstrap4/css/bootstrap.min.css',
    ];
    private const SINCE = ['six' => 6, 'twenty-one' => 8, 'nexus' => 9, 'bare' => 0, '' => 0];
    private const LANGUAGES = ['german' => 'de', 'spanish' => 'es'];
    private const NEXUS = '<style>:root { --neutral-900: #111827; --primary: #111827; } body { color: #111827; }</style>';

    public static function page(string $heading, string $company, string $body): string
    {
        $theme = Settings::get('Template');
        $language = self::LANGUAGES[Visit::language()] ?? 'en';
        $style = (isset(self::SHEETS[$theme]) ? "<link rel=\"stylesheet\" href=\"/themes/$theme.css\">" : '') . ($theme === 'nexus' ? self::NEXUS : '');
        return <<<HTML
            <!doctype html>
            <html lang="$language"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>$heading – $company</title><link rel="icon" href="data:,">$style</head>
            <body><main class="container"><h1>$company</h1><h2>$heading</h2><div class="product-details-tab-container" style="padding: 0 20px"><div class="tab-pane text-center">
            <div class="text-center module-client-area">$body</div></div></div></main></body></html>
            HTML;
    }

    /** Whether this version of WHMCS ships it. */
    public static function isThere(string $theme, string $version): bool
    {
        return isset(self::SINCE[$theme]) && self::SINCE[$theme] <= (int) $version;
    }

    /** Whether it was a style sheet of a theme, which is then sent. */
    public static function send(string $path): bool
    {
        $name = preg_match('#^/themes/([a-z-]+)\.css$#', $path, $found) ? $found[1] : '';
        if (!isset(self::SHEETS[$name]) || !is_file(self::SHEETS[$name])) {
            return false;
        }
        header('Content-Type: text/css');
        readfile(self::SHEETS[$name]);
        return true;
    }
}
