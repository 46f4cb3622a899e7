<?php

/** The client area: home, invoices, and the page of a service with what its module shows and lets the client do. */

declare(strict_types=1);

require __DIR__ . '/init.php';

use Standin\ClientOutput;
use Standin\Database;
use Standin\Invoices;
use Standin\Module;
use Standin\Page;
use Standin\Params;
use Standin\Services;
use Standin\Settings;
use Standin\SingleSignOn;
use Standin\Visit;
use WHMCS\Database\Capsule;

$role = Page::role();
$action = (string) ($_REQUEST['action'] ?? 'home');
$id = (int) ($_REQUEST['id'] ?? 0);
$details = "clientarea.php?action=productdetails&id=$id";

if ($action === 'invoices') {
    if (isset($_POST['pay'])) {
        $answers = Invoices::pay((int) $_POST['pay'])['answers'];
        // The client is not told what the module answered: the payment is taken either way.
        Page::go('clientarea.php?action=invoices', 'Thank you, your payment has been received.');
    }
    $rows = array_map(static fn ($row) => [
        Page::e("#$row[id]"), Page::e($row['duedate']), Page::e($row['total']), Page::pill($row['status']),
        $row['status'] === 'Paid' ? '' : Page::button('clientarea.php?action=invoices', 'Pay', ['pay' => $row['id']], 'primary'),
    ], array_reverse(Database::rows('tblinvoices')));
    Page::show($role, 'Invoices', Page::table(['Invoice', 'Due', 'Total', 'Status', ''], $rows));
    return;
}
if ($action !== 'home' && $id && !Visit::owns($id)) {
    http_response_code(404);
    Page::show($role, 'Not found', '<p>There is no such service.</p>');
    return;
}
if ($action === 'customaction') {
    $answer = SingleSignOn::act($id, (int) ($_GET['number'] ?? 0));
    if ($answer['success']) {
        header("Location: $answer[redirectTo]");
        return;
    }
    Page::go('clientarea.php', $answer['errorMsg']);
}
if ($action !== 'productdetails') {
    $rows = [];
    foreach (Capsule::table('tblhosting')->where('userid', $_SESSION['uid'])->orderBy('id')->get() as $row) {
        $buttons = '';
        foreach ($row->domainstatus === 'Active' ? SingleSignOn::actions($row->id) : [] as $number => $one) {
            $buttons .= "<a class=\"button\" href=\"/clientarea.php?action=customaction&amp;id=$row->id&amp;number=$number\">" . Page::e($one->getDisplay()) . '</a> ';
        }
        $name = Page::e(Database::row('tblproducts', $row->packageid)['name']);
        $link = "<a href=\"/clientarea.php?action=productdetails&amp;id=$row->id\">$name</a><br><small>" . Page::e($row->domain) . '</small>';
        $rows[] = [$link, Page::pill($row->domainstatus), Page::e($row->nextduedate), $buttons];
    }
    Page::show($role, 'Your products and services', Page::table(['Service', 'Status', 'Next due', ''], $rows, 'You have no services yet.'));
    return;
}

$params = Params::service($id);
$module = $params['moduletype'];
if (!empty($_GET['dosinglesignon'])) {
    $answer = SingleSignOn::service($id);
    if ($answer['success']) {
        header("Location: $answer[redirectTo]");
        return;
    }
    Page::go($details, $answer['errorMsg']);
}
if (isset($_POST['modulechangepassword'])) {
    if ($_POST['newpw'] === '' || $_POST['newpw'] !== $_POST['confirmpw']) {
        Page::go($details, 'The two passwords are not the same.');
    }
    $answer = Services::changePassword($id, $_POST['newpw'])['answer'];
    Page::go($details, $answer === 'success' ? 'Your password has been changed.' : $answer);
}
if (isset($_POST['cancel'])) {
    Services::cancel($id, (string) $_POST['cancel']);
    Page::go($details, 'Your request has been sent.');
}
if (($_REQUEST['modop'] ?? '') === 'custom') {
    $answer = ClientOutput::custom($id, (string) ($_REQUEST['a'] ?? ''));
    if ($answer['html'] === '') {
        Page::go($details, $answer['message']);
    }
    Page::show($role, $params['domain'], $answer['html']);
    return;
}
// What a module's own form sends; the forms of this page are told apart above.
if ($_SERVER['REQUEST_METHOD'] === 'POST' && !Visit::sentToken()) {
    Page::go($details, 'Invalid Token');
}
[$output, $replaces] = ClientOutput::overview($id);
$service = Database::row('tblhosting', $id);
$active = $params['status'] === 'Active';
$overview = $replaces ? $output : Page::facts([
    'Product' => Page::e(Database::row('tblproducts', $params['pid'])['name']), 'Domain' => Page::e($params['domain']),
    'Status' => Page::pill($params['status']), 'Registered' => Page::e($service['regdate']),
    'Next due' => Page::e($service['nextduedate']), 'Price' => '3.00 monthly',
]) . "<section class=\"module\">$output</section>";
if (Settings::get('Template') !== '') {
    Page::show($role, $params['domain'] ?: "Service $id", $output);
    return;
}
$side = '';
if ($active && Module::supports($module, 'ServiceSingleSignOn')) {
    $label = Module::ask($module, 'MetaData')['ServiceSingleSignOnLabel'] ?? 'Log in';
    $side .= "<a class=\"button primary\" href=\"/$details&amp;dosinglesignon=1\">" . Page::e($label) . '</a>';
}
foreach ($active ? Module::ask($module, 'ClientAreaCustomButtonArray', $params) : [] as $label => $function) {
    $side .= Page::button('clientarea.php?action=productdetails', (string) $label, ['id' => $id, 'modop' => 'custom', 'a' => $function]);
}
if ($active && Module::supports($module, 'ChangePassword')) {
    $side .= "<form method=\"post\" action=\"/$details\"><h2>Change password</h2><input type=\"hidden\" name=\"modulechangepassword\" value=\"true\">"
        . Page::field('New password', 'newpw', '', 'password') . Page::field('Once more', 'confirmpw', '', 'password')
        . '<button class="primary">Save</button></form>';
}
$side .= "<form method=\"post\" action=\"/$details\"><h2>Cancel this service</h2>" . Page::field('Why?', 'cancel', '') . '<button>Request cancellation</button></form>';
Page::show($role, $params['domain'] ?: "Service $id", "<div class=\"columns\"><div>$overview</div><aside>$side</aside></div>");
