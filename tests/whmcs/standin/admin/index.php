<?php

/** Staff's first page: every service, the day of the billing, and cron by hand. */

declare(strict_types=1);

require dirname(__DIR__) . '/init.php';

use Standin\Cron;
use Standin\Database;
use Standin\Page;
use Standin\Settings;

$role = Page::role('admin');
if (isset($_POST['cron'])) {
    Page::go('admin/index.php', 'Cron ran: ' . json_encode(Cron::run($_POST['cron'] === 'daily')));
}
if (isset($_POST['today'])) {
    Settings::save(['today' => (string) $_POST['today']]);
    Page::go('admin/index.php', 'The day has been changed.');
}
$rows = array_map(static fn ($row) => [
    "<a href=\"/admin/clientsservices.php?id=$row[id]\">#$row[id]</a>", Page::e($row['domain']), Page::e($row['username']),
    Page::e(Database::row('tblproducts', $row['packageid'])['name']), Page::pill($row['domainstatus']), Page::e($row['nextduedate']),
], array_reverse(Database::rows('tblhosting')));
$tools = '<form method="post" class="card">' . Page::field('Day of the billing', 'today', Settings::today(), 'date') . '<button>Change</button></form>'
    . Page::button('admin/index.php', 'Run daily cron', ['cron' => 'daily']) . Page::button('admin/index.php', 'Run cron', ['cron' => 'often']);
Page::show($role, 'Services', Page::table(['Service', 'Domain', 'User name', 'Product', 'Status', 'Next due'], $rows) . $tools);
