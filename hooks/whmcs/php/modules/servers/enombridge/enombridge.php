<?php

/**
 * enom-bridge for WHMCS: one product is one mailbox at Enom, or the mailboxes of a domain.
 *
 * The functions that WHMCS calls; what they do stands in lib/. None of them throws, and none says success before the
 * bridge has read back that it is so (but for what the product's settings allow to be told early).
 */

if (!defined('WHMCS')) {
    die('This file cannot be accessed directly');
}

require_once __DIR__ . '/lib/autoload.php';

use EnomBridge\Kit\Action;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Text;
use WHMCS\Module\Server\Enombridge\Accounts;
use WHMCS\Module\Server\Enombridge\Connection;
use WHMCS\Module\Server\Enombridge\Language;
use WHMCS\Module\Server\Enombridge\Lifecycle;
use WHMCS\Module\Server\Enombridge\Mailbox;
use WHMCS\Module\Server\Enombridge\Metrics;
use WHMCS\Module\Server\Enombridge\Option;
use WHMCS\Module\Server\Enombridge\Page;
use WHMCS\Module\Server\Enombridge\Visitor;

function enombridge_MetaData(): array
{
    return [
        'DisplayName' => 'enom-bridge mailbox',
        'APIVersion' => '1.1',
        'RequiresServer' => true,
        'DefaultNonSSLPort' => '8080',
        'DefaultSSLPort' => '443',
        'ServiceSingleSignOnLabel' => Text::of('open_webmail'),
        'ListAccountsUniqueIdentifierDisplayName' => Text::of('staff_mailbox'),
        'ListAccountsUniqueIdentifierField' => 'username',
        'ListAccountsProductField' => 'configoption1',
    ];
}

function enombridge_ConfigOptions(): array
{
    return Option::describe();
}

/** The loader of the first option. Throws, as WHMCS wants it. */
function enombridge_plans(array $params): array
{
    return Connection::plans($params);
}

function enombridge_CreateAccount(array $params): string
{
    return Lifecycle::run(Action::Create, $params);
}

function enombridge_SuspendAccount(array $params): string
{
    return Lifecycle::run(Action::Suspend, $params);
}

function enombridge_UnsuspendAccount(array $params): string
{
    return Lifecycle::run(Action::Unsuspend, $params);
}

function enombridge_TerminateAccount(array $params): string
{
    return Lifecycle::run(Action::Terminate, $params);
}

function enombridge_ChangePassword(array $params): string
{
    return Lifecycle::run(Action::ChangePassword, $params);
}

function enombridge_ChangePackage(array $params): string
{
    return Lifecycle::run(Action::ChangePlan, $params);
}

function enombridge_Renew(array $params): string
{
    return Lifecycle::run(Action::Renew, $params);
}

function enombridge_TestConnection(array $params): array
{
    return Connection::test($params);
}

function enombridge_ListAccounts(array $params): array
{
    return Accounts::list($params);
}

function enombridge_UsageUpdate(array $params): void
{
    Accounts::updateUsage($params);
}

function enombridge_MetricProvider(array $params): ?object
{
    // Usage billing came with WHMCS 7.9.
    return interface_exists('WHMCS\UsageBilling\Contracts\Metrics\ProviderInterface') ? new Metrics($params) : null;
}

function enombridge_AdminCustomButtonArray(): array
{
    return [
        Text::of('check_now') => 'check',
        Text::of('send_again') => 'sendAgain',
        Text::of('send_anyway') => 'sendAnyway',
        Text::of('move_here') => 'moveHere',
        Text::of('move_back_now') => 'moveBack',
    ];
}

function enombridge_check(array $params): string
{
    return enombridge_said($params, Visitor::staffOnly($params, function (Mailbox $mailbox): string {
        $mailbox->check();
        return 'success';
    }));
}

function enombridge_sendAgain(array $params): string
{
    $do = fn (Mailbox $mailbox): string => $mailbox->sendAgain() ?? 'success';
    return enombridge_said($params, Visitor::staffOnly($params, $do));
}

function enombridge_sendAnyway(array $params): string
{
    $staff = (string) (int) ($_SESSION['adminid'] ?? 0);
    $do = fn (Mailbox $mailbox): string => $mailbox->sendAnyway($staff) ?? 'success';
    return enombridge_said($params, Visitor::staffOnly($params, $do));
}

/** The single mailboxes of a domain become those of this service. */
function enombridge_moveHere(array $params): string
{
    $do = fn (Mailbox $mailbox): string => $mailbox->moving()->bring();
    return enombridge_said($params, Visitor::staffOnly($params, $do));
}

function enombridge_moveBack(array $params): string
{
    $do = fn (Mailbox $mailbox): string => $mailbox->moving()->giveBack();
    return enombridge_said($params, Visitor::staffOnly($params, $do));
}

/** On the list of servers: to the bridge's own pages. */
function enombridge_AdminLink(array $params): string
{
    return Connection::link($params);
}

function enombridge_AdminServicesTabFields(array $params): array
{
    $fields = [];
    $fault = enombridge_said($params, function (Mailbox $mailbox) use (&$fields): string {
        $fields = $mailbox->staffFields();
        return '';
    });
    return $fault === '' ? $fields : [Text::of('staff_mailbox') => htmlspecialchars($fault, ENT_QUOTES | ENT_SUBSTITUTE)];
}

function enombridge_ClientArea(array $params): array
{
    return Page::show($params);
}

function enombridge_ServiceSingleSignOn(array $params): array
{
    $answer = ['success' => false, 'errorMsg' => Text::of('sign_in_failed', [], Language::clients($params))];
    if (!Visitor::mayEnter($params)) {
        Visitor::refused($params, 'webmail');
        return $answer;
    }
    enombridge_said($params, function (Mailbox $mailbox) use (&$answer): string {
        $answer = $mailbox->singleSignOn();
        return '';
    });
    return $answer;
}

/** Buttons on the customer's home page: WHMCS 8.5 and later. */
function enombridge_CustomActions(array $params): ?object
{
    if (!class_exists('WHMCS\Module\Server\CustomActionCollection')) {
        return null;
    }
    $webmail = \WHMCS\Module\Server\CustomAction::factory(
        'webmail',
        Text::of('open_webmail', [], Language::clients($params)),
        'enombridge_ServiceSingleSignOn',
        [$params],
        ['productsso'],
        ($params['status'] ?? '') === 'Active',
    );
    return (new \WHMCS\Module\Server\CustomActionCollection())->add($webmail);
}

/** What `do` says of the mailbox, or what stands in the way. Never throws. */
function enombridge_said(array $params, callable $do): string
{
    try {
        return $do(Mailbox::of($params));
    } catch (Fault $fault) {
        return $fault->getMessage();
    } catch (\Throwable $error) {
        return Lifecycle::unexpected('page', $params, $error);
    }
}
