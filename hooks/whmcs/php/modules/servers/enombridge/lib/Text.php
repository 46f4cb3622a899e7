<?php

namespace WHMCS\Module\Server\Enombridge;

/** Every sentence that a person reads, from lang/. Another language is another file there with the same keys. */
final class Text
{
    /** @var array<string, array<string, string>> */
    private static array $loaded = [];

    /** @param array<string, scalar> $values put in for {name} */
    public static function of(string $key, array $values = [], string $language = 'english'): string
    {
        $text = self::lines($language)[$key] ?? self::lines('english')[$key];
        $places = array_map(fn (string $name) => '{' . $name . '}', array_keys($values));
        return strtr($text, array_combine($places, array_map('strval', $values))); // at once: a value may hold {words} of its own
    }

    /** @return array<string, string> */
    public static function lines(string $language): array
    {
        if (!isset(self::$loaded[$language])) {
            $file = dirname(__DIR__) . "/lang/$language.php";
            $known = preg_match('/\A[a-z-]+\z/', $language) && is_file($file);
            self::$loaded[$language] = $known ? require $file : [];
        }
        return self::$loaded[$language];
    }

    /** A foreign text as one line that means nothing as HTML: nobody says whether WHMCS escapes what a module returns. */
    public static function plain(string $text): string
    {
        return trim((string) preg_replace('/\s+/u', ' ', strtr(mb_scrub($text), ['<' => '‹', '>' => '›'])));
    }
}
