<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Busy;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Text;

/**
 * The seven functions that WHMCS calls for a service. They answer with `success`, or with a
 * sentence.
 */
final class Lifecycle
{
    /** @param array<string, mixed> $params as WHMCS gives them */
    public static function run(Action $action, array $params): string
    {
        $service = null;
        try {
            if (Service::isAddon($params)) {
                return self::ofAddon($action, $params);
            }
            $service = Service::of($params);
            if ($action === Action::ChangePassword && Visitor::client() > 0 && !Visitor::mayEnter($params)) {
                Visitor::refused($params, $action->value);
                return Text::of('page_refused', [], Language::clients($params));
            }
            if (Confirmed::has($service->id, $action)) {
                return 'success';
            }
            if ($action === Action::Terminate && ($move = Move::of($service->id))?->hasTaken()) {
                Log::activity(Text::of('move_nothing', ['action' => $action->told()] + $move->told()), $service->id, (int) ($params['userid'] ?? 0));
                return 'success';
            }
            $seats = Hosting::find($service->id)?->hasSeats() ?? false;
            return ($seats ? SeatsLifecycle::run($action, $params) : Dispatch::run($action, $service)) ?? 'success';
        } catch (Fault $fault) {
            // WHMCS shows to the customer what ChangePassword answers; what stands in the way is for staff.
            return $action === Action::ChangePassword ? self::toClient($fault, $params) : $fault->getMessage();
        } catch (\Throwable $error) {
            $said = self::unexpected($action->value, $params, $error, $service?->log());
            return $action === Action::ChangePassword ? Text::of('failed_client', [], Language::clients($params)) : $said;
        }
    }

    /** @param array<string, mixed> $params */
    private static function toClient(Fault $fault, array $params): string
    {
        if ($fault instanceof Busy) {
            return Text::of('busy_client', [], Language::clients($params));
        }
        Log::activity($fault->getMessage(), (int) ($params['serviceid'] ?? 0));
        return Text::of('failed_client', [], Language::clients($params));
    }

    /** An add-on has no mailbox: there is nothing to end, and whatever would need one is refused. @param array<string, mixed> $params */
    private static function ofAddon(Action $action, array $params): string
    {
        if ($action === Action::ChangePassword) {
            return Text::of('failed_client', [], Language::clients($params));
        }
        if (in_array($action, [Action::Create, Action::Unsuspend], true)) {
            return Text::of('addon');
        }
        Log::activity(Text::of('addon_ended', ['action' => $action->told()]), (int) ($params['serviceid'] ?? 0), (int) ($params['userid'] ?? 0));
        return 'success';
    }

    /** Never throws. @param array<string, mixed> $params */
    public static function unexpected(string $what, array $params, \Throwable $error, ?Log $log = null): string
    {
        $log ??= new Log([$params['password'] ?? '', $params['serverpassword'] ?? '', $params['serveraccesshash'] ?? '']);
        return $log->unexpected($what, $error);
    }
}
