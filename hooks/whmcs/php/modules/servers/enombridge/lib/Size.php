<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Text;

/** Sizes and dates as people of a language write them. */
final class Size
{
    private const UNITS = ['KB', 'MB', 'GB', 'TB'];

    public static function told(int $bytes, string $language): string
    {
        $size = $bytes / 1024;
        for ($unit = 0; $size >= 1024 && $unit < count(self::UNITS) - 1; $unit++) {
            $size /= 1024;
        }
        $digits = $size < 10 && fmod($size, 1) >= 0.05 ? 1 : 0;
        return number_format($size, $digits, Text::of('decimal_point', [], $language), '') . "\u{a0}" . self::UNITS[$unit];
    }

    /** @param string $time as the database has it, like 2027-11-30 08:15:00; empty for none */
    public static function day(string $time, string $language): string
    {
        $seconds = $time === '' ? false : strtotime($time);
        return $seconds === false || $seconds < 1 ? '' : date(Text::of('date_form', [], $language), $seconds);
    }
}
