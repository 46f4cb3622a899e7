<?php

/** Products, and one of them with its Module Settings. */

declare(strict_types=1);

require dirname(__DIR__) . '/init.php';

use Standin\Catalog;
use Standin\Database;
use Standin\Module;
use Standin\ModuleSettings;
use Standin\Page;
use Standin\Usage;

$role = Page::role('admin');
$id = (int) ($_REQUEST['id'] ?? 0);
if (isset($_POST['servertype'])) {
    $saved = Catalog::product(
        (string) $_POST['servertype'],
        $id,
        (string) $_POST['name'],
        autosetup: (string) $_POST['autosetup'],
        welcome: (string) $_POST['welcomeemail'],
        settings: (array) ($_POST['packageconfigoption'] ?? []),
    );
    Page::go("admin/configproducts.php?id=$saved[product]", 'Product saved.');
}
if (!isset($_GET['id'])) {
    $rows = array_map(static fn ($row) => [
        "<a href=\"/admin/configproducts.php?id=$row[id]\">" . Page::e($row['name']) . '</a>', Page::e($row['servertype']), Page::e($row['autosetup']),
    ], Database::rows('tblproducts'));
    Page::show($role, 'Products', Page::table(['Product', 'Module', 'Setup'], $rows) . '<a class="button" href="/admin/configproducts.php?id=0">Create a New Product</a>');
    return;
}
$product = $id ? Database::row('tblproducts', $id)
    : ['name' => 'Mailbox', 'servertype' => Module::installed()[0] ?? '', 'autosetup' => 'payment', 'welcomeemail' => 'Product Welcome Email'];
$simple = ($_GET['mode'] ?? 'simple') === 'simple';
$settings = ModuleSettings::fields($product, $simple);
$metrics = Module::supports($product['servertype'], 'MetricProvider') ? Usage::names($product['servertype']) : [];
$fields = '';
foreach (['name' => 'Name', 'servertype' => 'Module', 'autosetup' => 'Setup: payment, order, on or empty', 'welcomeemail' => 'Welcome e-mail'] as $name => $label) {
    $fields .= Page::field($label, $name, $product[$name]);
}
$mode = $simple ? 'advanced' : 'simple';
Page::show($role, $product['name'], "<form method=\"post\" class=\"card\" action=\"/admin/configproducts.php?id=$id\">$fields<h2>Module Settings</h2>"
    . "<p><a href=\"/admin/configproducts.php?id=$id&amp;mode=$mode\">Switch to $mode mode</a></p>$settings<button class=\"primary\">Save Changes</button></form>"
    . Page::table(['Metric', 'Name'], array_map(static fn ($key, $name) => [Page::e($key), Page::e($name)], array_keys($metrics), $metrics), 'No metrics.'));
