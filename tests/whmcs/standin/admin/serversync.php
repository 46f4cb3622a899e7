<?php

/** The Server Sync Tool: the remote's accounts beside the services here. */

declare(strict_types=1);

require dirname(__DIR__) . '/init.php';

use Standin\Database;
use Standin\Page;
use Standin\Servers;

$role = Page::role('admin');
$id = (int) ($_GET['id'] ?? 0);
if (!$id) {
    $rows = array_map(static fn ($row) => [Page::e($row['name']), "<a href=\"/admin/serversync.php?id=$row[id]\">Compare</a>"], Database::rows('tblservers'));
    Page::show($role, 'Server Sync', Page::table(['Server', ''], $rows));
    return;
}
$found = Servers::sync($id);
if (!$found['success']) {
    Page::show($role, 'Server Sync', '<p class="message">' . Page::e($found['error']) . '</p>');
    return;
}
$link = static fn ($service) => "<a href=\"/admin/clientsservices.php?id=$service\">#$service</a>";
$account = static fn ($account) => array_map(Page::e(...), [$account['uniqueIdentifier'], $account['username'], $account['product'], $account['created']]);
$matched = array_map(static fn ($match) => [
    $link($match['service']), ...$account($match['account']), Page::pill($match['account']['status']) . ($match['status_differs'] ? ' differs' : ''),
    $match['product_differs'] ? 'differs' : '',
], $found['matched']);
$unknown = array_map(static fn ($one) => [...$account($one), Page::pill($one['status'])], $found['unknown']);
$missing = array_map(static fn ($service) => [$link($service), Page::e(Database::row('tblhosting', $service)['domain'])], $found['missing']);
Page::show($role, 'Server Sync', '<h2>Matched</h2>' . Page::table(['Service', 'Identifier', 'User name', 'Product', 'Created', 'Status', 'Product'], $matched)
    . '<h2>Only at the remote</h2>' . Page::table(['Identifier', 'User name', 'Product', 'Created', 'Status'], $unknown)
    . '<h2>Only here</h2>' . Page::table(['Service', 'Domain'], $missing));
