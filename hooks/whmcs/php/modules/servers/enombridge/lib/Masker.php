<?php

namespace WHMCS\Module\Server\Enombridge;

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
                    $found[$spelling] = strlen($spelling);
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
        foreach ([$secret, htmlspecialchars($secret, ENT_QUOTES), htmlspecialchars_decode($secret, ENT_QUOTES)] as $form) {
            $escaped = substr((string) json_encode($form, JSON_INVALID_UTF8_SUBSTITUTE), 1, -1);
            $plain = substr((string) json_encode($form, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE), 1, -1);
            $base64 = base64_encode($form);
            $base64url = strtr($base64, '+/', '-_');
            $more = [urlencode($form), rawurlencode($form), urlencode($base64), rtrim($base64, '='), rtrim($base64url, '='), bin2hex($form)];
            array_push($found, $form, $escaped, $plain, $base64, $base64url, ...$more);
        }
        return $found;
    }
}
