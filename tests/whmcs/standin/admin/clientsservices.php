<?php

/** A service as staff sees it: its record, the module's own fields, and the buttons that call the module. */

declare(strict_types=1);

require dirname(__DIR__) . '/init.php';

use Standin\Module;
use Standin\Page;
use Standin\Params;
use Standin\Services;

$role = Page::role('admin');
$id = (int) ($_REQUEST['id'] ?? 0);
$here = "admin/clientsservices.php?id=$id";
$params = Params::service($id);
$module = $params['moduletype'];

if (isset($_POST['command'])) {
    $answer = Services::command($id, (string) $_POST['command'], (string) ($_POST['suspendreason'] ?? ''))['answer'];
    Page::go($here, $answer === 'success' ? 'Action completed successfully' : "Error: $answer");
}
if (isset($_POST['custom'])) {
    $answer = Services::custom($id, (string) $_POST['custom'])['answer'];
    Page::go($here, $answer === 'success' ? 'Action completed successfully' : "Error: $answer");
}
if (isset($_POST['save'])) {
    $values = array_intersect_key($_POST, array_flip(['domain', 'username', 'password', 'domainstatus', 'notes']));
    Services::edit($id, $values, (array) ($_POST['customfield'] ?? []), (array) ($_POST['configoption'] ?? []), (array) ($_POST['modulefields'] ?? []));
    Page::go($here, 'Changes saved successfully');
}

$fields = Page::field('Domain', 'domain', $params['domain']) . Page::field('User name', 'username', $params['username'])
    . Page::field('Password', 'password', $params['password']) . Page::field('Status', 'domainstatus', $params['status']);
foreach ($params['customfields'] as $name => $value) {
    $fields .= Page::field($name, "customfield[$name]", $value);
}
$own = Module::ask($module, 'AdminServicesTabFields', $params);
$buttons = '';
foreach (Services::COMMANDS as $label => $function) {
    if (Module::supports($module, $function)) {
        $buttons .= Page::button($here, $label, ['command' => $function], $label === 'Terminate' ? 'danger' : '');
    }
}
foreach (Module::ask($module, 'AdminCustomButtonArray', $params) as $label => $function) {
    $buttons .= Page::button($here, (string) $label, ['custom' => $function]);
}
$facts = Page::facts([
    'Status' => Page::pill($params['status']), 'Client' => Page::e($params['clientsdetails']['fullname']),
    'Module' => Page::e(Module::label($module)), 'Options' => Page::e(json_encode($params['configoptions'])),
]);
Page::show($role, "Service $id", "$facts<section class=\"card\"><h2>Module Commands</h2>$buttons</section>"
    . "<form method=\"post\" class=\"card\" action=\"/$here\">$fields" . ($own === [] ? '' : Page::facts($own))
    . '<button name="save" value="1" class="primary">Save Changes</button></form>');
