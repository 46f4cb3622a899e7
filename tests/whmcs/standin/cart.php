<?php

/** The order form: a product, its custom fields and options, and a domain. */

declare(strict_types=1);

require __DIR__ . '/init.php';

use Standin\Database;
use Standin\Orders;
use Standin\Page;
use Standin\Params;

$role = Page::role();
$pid = (int) ($_REQUEST['pid'] ?? 0);
if (isset($_POST['domain'])) {
    $client = $_SESSION['uid'] ?: Orders::client()['client'];
    Orders::place(
        $client,
        $pid,
        domain: (string) $_POST['domain'],
        custom_fields: array_filter((array) ($_POST['customfield'] ?? []), static fn ($value) => $value !== ''),
        options: array_filter((array) ($_POST['configoption'] ?? []), static fn ($value) => $value !== ''),
    );
    Page::go('clientarea.php?action=invoices', 'Thank you for your order.');
}
if (!$pid) {
    $rows = array_map(static fn ($row) => [
        Page::e($row['name']), Page::e($row['price']) . ' monthly', "<a class=\"button primary\" href=\"/cart.php?pid=$row[id]\">Order</a>",
    ], Database::rows('tblproducts'));
    Page::show($role, 'Order', Page::table(['Product', 'Price', ''], $rows));
    return;
}
$fields = Page::field('Domain', 'domain', '');
foreach (Params::customFields(0, $pid) as $name => $value) {
    $fields .= Page::field($name, "customfield[$name]", '');
}
foreach (Params::options(0, $pid) as $name => $value) {
    $fields .= Page::field($name, "configoption[$name]", $value);
}
Page::show($role, Database::row('tblproducts', $pid)['name'], "<form method=\"post\" class=\"card\">$fields<button class=\"primary\">Order</button></form>");
