<?php

declare(strict_types=1);

namespace Standin;

use Smarty;
use Throwable;

/** A module's templates, by the real engine. Nothing is escaped that the template does not escape itself, as in WHMCS. */
final class Templates
{
    /** `$file` is relative to the module's folder; `.tpl` may be left out, as the older form of ClientArea does. */
    public static function render(string $module, string $file, array $vars): string
    {
        require_once 'smarty4/Smarty.class.php';
        $file = str_ends_with($file, '.tpl') ? $file : "$file.tpl";
        $path = ROOTDIR . "/modules/servers/$module/$file";
        if (!is_file($path)) {
            Faults::add('template', "there is no $file", $path);
            return '';
        }
        $smarty = new Smarty();
        $smarty->setTemplateDir(dirname($path))->setCompileDir(Database::folder() . '/templates_c');
        $smarty->assign($vars);
        try {
            return Faults::during("$module/$file", static fn () => $smarty->fetch("file:$path"));
        } catch (Throwable) {
            return '';
        }
    }
}
