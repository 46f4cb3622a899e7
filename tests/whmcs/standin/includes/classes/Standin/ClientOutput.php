<?php

declare(strict_types=1);

namespace Standin;

use Throwable;

/** What a module shows to the client on the page of a service, in each documented form. */
final class ClientOutput
{
    private const TABS = ['tabOverviewReplacementTemplate', 'tabOverviewModuleOutputTemplate'];

    /** HTML, and whether it takes the place of the page's own overview. */
    public static function overview(int $service): array
    {
        $params = Params::service($service);
        $module = $params['moduletype'];
        if (!Module::supports($module, 'ClientArea')) {
            $plain = is_file(ROOTDIR . "/modules/servers/$module/clientarea.tpl");
            return [$plain ? self::page($params, ['templatefile' => 'clientarea']) : '', false];
        }
        try {
            $answer = Module::call($module, 'ClientArea', $params, 'page');
        } catch (Throwable) {
            return ['', false];
        }
        if (is_string($answer)) {
            return [$answer, false];
        }
        foreach (self::TABS as $tab) {
            if (is_array($answer) && isset($answer[$tab])) {
                $vars = self::vars($params, $answer['templateVariables'] ?? []);
                return [Templates::render($module, $answer[$tab], $vars), $tab === self::TABS[0]];
            }
        }
        return [is_array($answer) ? self::page($params, $answer) : '', false];
    }

    /** A page of the form `templatefile`, `vars`, and `breadcrumb` where it is a page of its own. */
    public static function page(array $params, array $answer): string
    {
        if (!isset($answer['templatefile'])) {
            return '';
        }
        return Templates::render($params['moduletype'], $answer['templatefile'], self::vars($params, $answer['vars'] ?? []));
    }

    /** A function the client may call: a message, or HTML. */
    public static function custom(int $service, string $function): array
    {
        $params = Params::service($service);
        $module = $params['moduletype'];
        $buttons = Module::ask($module, 'ClientAreaCustomButtonArray', $params);
        if (!in_array($function, [...$buttons, ...Module::ask($module, 'ClientAreaAllowedFunctions', $params)], true)) {
            return ['message' => 'There is no such function', 'html' => ''];
        }
        try {
            $answer = Module::call($module, $function, $params, 'client');
        } catch (Throwable $error) {
            return ['message' => $error->getMessage(), 'html' => ''];
        }
        return is_array($answer)
            ? ['message' => '', 'html' => self::page($params, $answer)]
            : ['message' => $answer === Lifecycle::SUCCESS ? 'Done.' : (string) $answer, 'html' => ''];
    }

    /** "The variables will be the same module vars as passed to every module function", and the module's own on top. */
    private static function vars(array $params, array $own): array
    {
        return [...$params, 'id' => $params['serviceid'], 'WEB_ROOT' => '', 'systemurl' => Settings::get('SystemURL'),
            'token' => $_SESSION['token'] ?? '', 'language' => Visit::language(), ...$own];
    }
}
