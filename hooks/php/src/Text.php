<?php

namespace EnomBridge\Kit;

/**
 * Every sentence that a person reads, from the plug-in's folder and from lang/ here. Another
 * language is another file with the same keys.
 */
final class Text
{
    /** @var array<string, array<string, string>> */
    private static array $loaded = [];

    /**
     * @param array<string, scalar> $values put in for {name}
     * @param ?string $language as a file of lang/ is named; null: that of the staff at work, or
     *   English
     */
    public static function of(string $key, array $values = [], ?string $language = null): string
    {
        $lines = self::lines($language ?? Kit::platform()->language());
        $text = $lines[$key] ?? self::lines('english')[$key];
        $places = array_map(fn (string $name) => '{' . $name . '}', array_keys($values));
        return strtr($text, array_combine($places, array_map('strval', $values))); // at once: a value may hold {words} of its own
    }

    /**
     * The sentence for one of several, like the codes of errors; where there is none for it, that of the key alone.
     *
     * @param array<string, scalar> $values
     */
    public static function among(string $key, string $one, array $values = [], ?string $language = null): string
    {
        return self::of(isset(self::lines('english')["{$key}_$one"]) ? "{$key}_$one" : $key, $values, $language);
    }

    /** @return array<string, string> */
    public static function lines(string $language): array
    {
        if (!isset(self::$loaded[$language])) {
            $lines = [];
            foreach ([Kit::platform()->texts(), __DIR__ . '/lang'] as $folder) {
                $file = "$folder/$language.php";
                $isThere = preg_match('/\A[a-z-]+\z/', $language) && is_file($file);
                $lines += $isThere ? require $file : [];
            }
            self::$loaded[$language] = str_replace('{billing}', Kit::platform()->name(), $lines);
        }
        return self::$loaded[$language];
    }

    /**
     * A foreign text as one line that means nothing as HTML: not every platform escapes what a
     * plug-in returns.
     */
    public static function plain(string $text): string
    {
        return trim((string) preg_replace('/\s+/u', ' ', strtr(mb_scrub($text), ['<' => '‹', '>' => '›'])));
    }
}
