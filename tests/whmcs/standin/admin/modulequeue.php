<?php

/** The Module Queue, with Retry, Retry All and Mark Resolved. */

declare(strict_types=1);

require dirname(__DIR__) . '/init.php';

use Standin\Page;
use Standin\Queue;

$role = Page::role('admin');
if (isset($_POST['retry'])) {
    $answer = Queue::retry((int) $_POST['retry']);
    Page::go('admin/modulequeue.php', $answer === 'success' ? 'Action completed successfully' : "Error: $answer");
}
if (isset($_POST['resolve'])) {
    Queue::resolve((int) $_POST['resolve']);
    Page::go('admin/modulequeue.php', 'Marked as resolved.');
}
if (isset($_POST['all'])) {
    $answers = Queue::retryAll();
    $good = count(array_keys($answers, 'success', true));
    Page::go('admin/modulequeue.php', "$good of " . count($answers) . ' actions completed');
}
$rows = array_map(static fn ($row) => [
    "<a href=\"/admin/clientsservices.php?id=$row[service_id]\">#$row[service_id]</a>", Page::e($row['module_action']),
    Page::e($row['last_attempt_error']), Page::e($row['last_attempt']), Page::e($row['num_retries']),
    Page::button('admin/modulequeue.php', 'Retry', ['retry' => $row['id']], 'primary') . Page::button('admin/modulequeue.php', 'Mark Resolved', ['resolve' => $row['id']]),
], Queue::waiting());
Page::show($role, 'Module Queue', Page::table(['Service', 'Action', 'Error', 'Last attempt', 'Retries', ''], $rows, 'All automated actions succeeded.')
    . ($rows === [] ? '' : Page::button('admin/modulequeue.php', 'Retry All', ['all' => '1'])));
