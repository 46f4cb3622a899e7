<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Pending;

/** The commands of localAPI that let WHMCS run its own functions. */
final class Command
{
    /** Null: there is none for Renew. */
    public static function of(Action $action): ?string
    {
        return match ($action) {
            Action::ChangePassword => 'ModuleChangePw',
            Action::ChangePlan => 'ModuleChangePackage',
            Action::Renew => null,
            default => "Module{$action->name}",
        };
    }

    /** What WHMCS has to be told when it runs its own function for this once more. @return array<string, string> */
    public static function values(Pending $pending): array
    {
        [$action, $reason] = [$pending->action, (string) ($pending->data['reason'] ?? '')];
        return match (true) {
            $action === Action::ChangePassword => ['servicepassword' => $pending->password()],
            // Without one WHMCS takes it as unpaid, and lifts it with the next payment.
            $action === Action::Suspend && !Reason::isOverdue($reason) => ['suspendreason' => $reason],
            default => [],
        };
    }

    /** Null: localAPI says success; else its message. @param array<string, mixed> $answer */
    public static function failure(array $answer): ?string
    {
        return ($answer['result'] ?? '') === 'success' ? null : (string) ($answer['message'] ?? '');
    }
}
