<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Module\Server\CustomActionCollection;

/** Links that take a client elsewhere: ServiceSingleSignOn, and the buttons of CustomActions on the home page. */
final class SingleSignOn
{
    public static function service(int $service): array
    {
        $params = Params::service($service);
        if (!Module::supports($params['moduletype'], 'ServiceSingleSignOn')) {
            return ['success' => false, 'errorMsg' => 'The module offers no single sign-on'];
        }
        $ask = static fn () => Module::ask($params['moduletype'], 'ServiceSingleSignOn', $params);
        return self::checked($params['moduletype'], Lifecycle::within($service, 'client', $ask));
    }

    /** @return list<\WHMCS\Module\Server\CustomAction> */
    public static function actions(int $service): array
    {
        $params = Params::service($service);
        if (!Module::supports($params['moduletype'], 'CustomActions')) {
            return [];
        }
        try {
            $actions = Module::call($params['moduletype'], 'CustomActions', $params, 'page');
        } catch (Throwable) {
            return [];
        }
        if ($actions instanceof CustomActionCollection) {
            return array_values(array_filter($actions->all(), static fn ($action) => $action->isActive()));
        }
        Module::wrong($params['moduletype'], 'CustomActions', CustomActionCollection::class, $actions);
        return [];
    }

    public static function act(int $service, int $number): array
    {
        $module = Params::service($service)['moduletype'];
        $action = self::actions($service)[$number] ?? null;
        if ($action === null) {
            return ['success' => false, 'errorMsg' => 'There is no such action'];
        }
        try {
            return self::checked($module, Faults::during("$module custom action", static fn () => $action->invokeCallable()));
        } catch (Throwable) {
            return ['success' => false, 'errorMsg' => 'An unknown error occurred'];
        }
    }

    private static function checked(string $module, mixed $answer): array
    {
        if (is_array($answer) && ($answer['success'] ?? null) === true && is_string($answer['redirectTo'] ?? null)) {
            return ['success' => true, 'redirectTo' => $answer['redirectTo']];
        }
        if (!is_array($answer) || ($answer['success'] ?? null) !== false) {
            Module::wrong($module, 'single sign-on', 'success with redirectTo, or false with errorMsg', $answer);
        }
        return ['success' => false, 'errorMsg' => (string) ($answer['errorMsg'] ?? 'An unknown error occurred')];
    }
}
