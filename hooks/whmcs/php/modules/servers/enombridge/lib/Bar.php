<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Text;

/** How full a mailbox is, for the template. */
final class Bar
{
    private const NEARLY_FULL = 85; // percent from which it says so

    /**
     * @param string $counted when, in a form that PHP reads; empty: nobody has counted
     * @param string $more what upgrade.php offers, or nothing
     * @return array<string, mixed> nothing, where nobody knows
     */
    public static function of(int $used, int $quota, string $counted, string $more, string $language): array
    {
        $day = Size::day($counted, $language);
        if ($quota < 1 || $day === '') {
            return [];
        }
        $percent = (int) floor($used / $quota * 100);
        $values = ['used' => Size::told($used, $language), 'quota' => Size::told($quota, $language), 'percent' => $percent, 'day' => $day];
        return [
            'percent' => min(100, $percent),
            'text' => Text::of('usage', $values, $language),
            'full' => $percent >= self::NEARLY_FULL ? Text::of('usage_full', [], $language) : '',
            'more' => $more,
        ];
    }
}
