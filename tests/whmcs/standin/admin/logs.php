<?php

/** The Activity Log, the Module Log, e-mails and tickets. */

declare(strict_types=1);

require dirname(__DIR__) . '/init.php';

use Standin\Database;
use Standin\Page;

$role = Page::role('admin');
$show = static function (string $table, array $columns): string {
    $rows = array_reverse(array_slice(Database::rows($table), -100));
    $cells = static fn ($row) => array_map(static fn ($column) => '<pre>' . Page::e($row[$column]) . '</pre>', $columns);
    return Page::table($columns, array_map($cells, $rows));
};
Page::show($role, 'Logs', '<h2>Activity</h2>' . $show('tblactivitylog', ['date', 'description'])
    . '<h2>E-mails</h2>' . $show('tblemails', ['date', 'recipient', 'subject', 'message'])
    . '<h2>Tickets</h2>' . $show('tbltickets', ['date', 'title', 'message'])
    . '<h2>Module Log</h2>' . $show('tblmodulelog', ['date', 'action', 'request', 'response', 'arrdata']));
