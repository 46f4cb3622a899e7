<?php

/** Servers of all modules, and one of them with Test Connection. */

declare(strict_types=1);

require dirname(__DIR__) . '/init.php';

use Standin\Catalog;
use Standin\Database;
use Standin\Module;
use Standin\Page;
use Standin\Params;
use Standin\Sealing;
use Standin\Servers;

$role = Page::role('admin');
$id = (int) ($_REQUEST['id'] ?? 0);
$here = "admin/configservers.php?id=$id";
if (isset($_POST['test'])) {
    $answer = Servers::test($id);
    Page::go($here, $answer['success'] ? 'Connection successful. Some values have been auto-filled.' : "Connection failed: $answer[error]");
}
if (isset($_POST['type'])) {
    $texts = array_intersect_key($_POST, array_flip(['type', 'name', 'hostname', 'ipaddress', 'username', 'password', 'accesshash']));
    $port = $_POST['port'] === '' ? null : (int) $_POST['port'];
    $saved = Catalog::server(...$texts, id: $id, port: $port, secure: isset($_POST['secure']));
    Page::go("admin/configservers.php?id=$saved[server]", 'Server saved.');
}
if (!isset($_GET['id'])) {
    $rows = array_map(static fn ($row) => [
        "<a href=\"/admin/configservers.php?id=$row[id]\">" . Page::e($row['name']) . '</a>', Page::e(Module::label($row['type'])),
        Page::e($row['hostname']), $row['disabled'] ? 'disabled' : '',
    ], Database::rows('tblservers'));
    Page::show($role, 'Servers', Page::table(['Name', 'Module', 'Host name', ''], $rows) . '<a class="button" href="/admin/configservers.php?id=0">Add New Server</a>');
    return;
}
$row = $id ? Database::row('tblservers', $id) : ['type' => Module::installed()[0] ?? '', 'secure' => 'on', 'password' => ''];
$meta = Module::ask($row['type'], 'MetaData');
$port = $row['port'] ?? $meta[$row['secure'] === 'on' ? 'DefaultSSLPort' : 'DefaultNonSSLPort'] ?? '';
$fields = '';
foreach (['type' => 'Module', 'name' => 'Name', 'hostname' => 'Host name', 'ipaddress' => 'IP address', 'username' => 'User name'] as $name => $label) {
    $fields .= Page::field($label, $name, $row[$name] ?? '');
}
$fields .= Page::field('Password', 'password', Sealing::open($row['password']), 'password') . Page::field('Access hash', 'accesshash', $row['accesshash'] ?? '')
    . '<label><input type="checkbox" name="secure" ' . ($row['secure'] === 'on' ? 'checked' : '') . '> Use SSL</label>' . Page::field('Port', 'port', $port);
// Old-style, and HTML as the module gives it.
$link = $id && Module::supports($row['type'], 'AdminLink') ? (string) Module::call($row['type'], 'AdminLink', Params::server($id), 'page') : '';
$test = $id && Module::supports($row['type'], 'TestConnection') ? Page::button($here, 'Test Connection', ['test' => '1']) : '';
Page::show($role, $row['name'] ?? 'New server', "<form method=\"post\" class=\"card\" action=\"/$here\">$fields<button class=\"primary\">Save Changes</button></form>$test$link");
