<?php

namespace EnomBridge\Kit;

/** Which platform this copy of the kit works for. */
final class Kit
{
    /** @var ?\Closure(): Platform */
    private static ?\Closure $make = null;

    private static ?Platform $platform = null;

    /**
     * To be called once, right after autoload.php.
     *
     * @param \Closure(): Platform $make called when it is first needed: a page that has nothing to
     *   do with mailboxes pays nothing
     */
    public static function serve(\Closure $make): void
    {
        self::$make = $make;
        self::$platform = null;
    }

    public static function platform(): Platform
    {
        $make = self::$make ?? throw new \LogicException('Call Kit::serve first.');
        return self::$platform ??= $make();
    }
}
