<?php

namespace WHMCS\Module\Server\Enombridge;

/** Every sentence that a person reads, from lang/. Another language is another file there with the same keys. */
final class Text
{
    /** @var array<string, array<string, string>> */
    private static array $loaded = [];

    /**
     * @param array<string, scalar> $values put in for {name}
     * @param ?string $language as WHMCS names it; null: that of the staff at work, or English
     */
    public static function of(string $key, array $values = [], ?string $language = null): string
    {
        $text = self::lines($language ?? self::staffs())[$key] ?? self::lines('english')[$key];
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
            $file = dirname(__DIR__) . "/lang/$language.php";
            $known = preg_match('/\A[a-z-]+\z/', $language) && is_file($file);
            self::$loaded[$language] = $known ? require $file : [];
        }
        return self::$loaded[$language];
    }

    /** The language of a client, as WHMCS hands it over. @param array<string, mixed> $params */
    public static function clients(array $params): string
    {
        $given = ((array) ($params['clientsdetails'] ?? []))['language'] ?? '';
        return is_string($given) && $given !== '' ? strtolower($given) : 'english';
    }

    /** A foreign text as one line that means nothing as HTML: nobody says whether WHMCS escapes what a module returns. */
    public static function plain(string $text): string
    {
        return trim((string) preg_replace('/\s+/u', ' ', strtr(mb_scrub($text), ['<' => '‹', '>' => '›'])));
    }

    private static function staffs(): string
    {
        $language = $_SESSION['adminlang'] ?? '';
        return is_string($language) && $language !== '' ? strtolower($language) : 'english';
    }
}
