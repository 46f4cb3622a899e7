<?php

namespace EnomBridge\Tests;

/** The forms in which a secret may turn up. */
final class Secrets
{
    /** @return list<string> */
    public static function spellings(string $secret): array
    {
        $found = [];
        foreach ([$secret, htmlspecialchars($secret, ENT_QUOTES), htmlspecialchars($secret, ENT_QUOTES | ENT_HTML5), str_replace('&#039;', '&#39;', htmlspecialchars($secret, ENT_QUOTES))] as $form) {
            array_push(
                $found,
                $form,
                substr(json_encode($form), 1, -1),
                substr(json_encode($form, JSON_UNESCAPED_SLASHES), 1, -1),
                urlencode($form),
                rawurlencode($form),
                strtolower(rawurlencode($form)) === strtolower($form) ? $form : preg_replace_callback('/%../', fn (array $one) => strtolower($one[0]), rawurlencode($form)),
                rtrim(base64_encode($form), '='),
                rtrim(strtr(base64_encode($form), '+/', '-_'), '='),
                bin2hex($form),
                strtoupper(bin2hex($form)),
            );
        }
        return array_values(array_unique($found));
    }
}
