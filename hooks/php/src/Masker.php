<?php

namespace EnomBridge\Kit;

/** Takes secrets out of a text, in every spelling that they could have on their way through logs. */
final class Masker
{
    private const MASK = '********';

    /** @var list<string> longest first, so that no part of a longer spelling is left behind */
    private array $spellings = [];

    /** @param array<mixed> $secrets values; what is not a filled string is passed over */
    public function __construct(array $secrets)
    {
        $found = [];
        foreach ($secrets as $secret) {
            if (is_string($secret) && $secret !== '') {
                foreach (self::spellingsOf($secret) as $spelling) {
                    $found[$spelling] = strlen((string) $spelling);
                }
            }
        }
        arsort($found);
        $this->spellings = array_map('strval', array_keys($found));
    }

    /** A spelling of digits alone would be an integer as an array's key: hence the strval above. */
    public function mask(string $text): string
    {
        return str_replace($this->spellings, self::MASK, $text);
    }

    /** @return list<string> */
    private static function spellingsOf(string $secret): array
    {
        $found = [];
        foreach (self::formsOf($secret) as $form) {
            array_push($found, $form, bin2hex($form), strtoupper(bin2hex($form)));
            foreach ([JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE, JSON_UNESCAPED_SLASHES, 0, JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT] as $way) {
                $json = substr((string) json_encode($form, $way | JSON_INVALID_UTF8_SUBSTITUTE), 1, -1);
                array_push($found, $json, self::lower('/\\\\u[0-9A-F]{4}/', $json));
            }
            $base64 = base64_encode($form);
            $url = strtr($base64, '+/', '-_');
            array_push($found, $base64, rtrim($base64, '='), strtr(rtrim($base64, '='), ['/' => '\/']), $url, rtrim($url, '='));
            foreach ([urlencode($form), rawurlencode($form), urlencode($base64)] as $code) {
                array_push($found, $code, self::lower('/%[0-9A-F]{2}/', $code));
            }
        }
        return $found;
    }

    /** @return list<string> as it is, as a person typed it, and escaped as HTML in each of the usual ways */
    private static function formsOf(string $secret): array
    {
        $typed = htmlspecialchars_decode($secret, ENT_QUOTES);
        $forms = [$secret, $typed];
        foreach ([$secret, $typed] as $form) {
            $escaped = htmlspecialchars($form, ENT_QUOTES);
            array_push($forms, $escaped, strtr($escaped, ['&#039;' => '&#39;']), strtr($escaped, ['&#039;' => '&apos;']));
        }
        return array_values(array_unique(array_filter($forms, 'strlen')));
    }

    private static function lower(string $codes, string $text): string
    {
        return (string) preg_replace_callback($codes, fn (array $one) => strtolower($one[0]), $text);
    }
}
