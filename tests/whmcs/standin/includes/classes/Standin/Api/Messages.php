<?php

declare(strict_types=1);

namespace Standin\Api;

use Standin\Activity;
use Standin\Database;
use Standin\Mail;
use WHMCS\Database\Capsule;

/** Tickets, e-mails, notifications and the Activity Log. Errors carry the documented texts. */
final class Messages
{
    /** A ticket is opened in the client's name, so the client gets an e-mail unless `noemail` is given. */
    public static function openTicket(array $values): array
    {
        match (true) {
            !Capsule::table('tblticketdepartments')->where('id', (int) ($values['deptid'] ?? 0))->exists() => throw new Refused('Department ID not found'),
            ($values['subject'] ?? '') === '' => throw new Refused('Subject is required'),
            ($values['message'] ?? '') === '' => throw new Refused('Message is required'),
            default => null,
        };
        $client = (int) ($values['clientid'] ?? 0);
        $service = (int) ($values['serviceid'] ?? 0);
        if ($client && !Capsule::table('tblclients')->where('id', $client)->exists()) {
            throw new Refused('Client ID Not Found');
        }
        if (!$client && (($values['name'] ?? '') === '' || ($values['email'] ?? '') === '')) {
            throw new Refused('Name and email address are required if not a client');
        }
        if ($service && !Capsule::table('tblhosting')->where('id', $service)->exists()) {
            throw new Refused('Service ID Not Found');
        }
        $row = [
            'tid' => (string) random_int(100000, 999999), 'c' => bin2hex(random_bytes(4)), 'did' => (int) $values['deptid'],
            'userid' => $client, 'service' => $service ? "S$service" : '', 'title' => $values['subject'],
            'message' => $values['message'], 'urgency' => $values['priority'] ?? 'Medium', 'status' => 'Open',
            'date' => Database::now(), 'name' => $values['name'] ?? '', 'email' => $values['email'] ?? '',
        ];
        $id = Capsule::table('tbltickets')->insertGetId($row);
        if ($client && empty($values['noemail'])) {
            Mail::toClient($client, 'Support Ticket Opened', $row['title'], $row['message'], $id);
        }
        return ['id' => (string) $id, 'tid' => $row['tid'], 'c' => $row['c']];
    }

    public static function addTicketNote(array $values): array
    {
        if (($values['message'] ?? '') === '') {
            throw new Refused('Message is required');
        }
        $column = isset($values['ticketid']) ? 'id' : 'tid';
        $ticket = Capsule::table('tbltickets')->where($column, $values['ticketid'] ?? $values['ticketnum'] ?? '')->value('id');
        $row = ['ticketid' => $ticket ?? throw new Refused('Ticket ID not found'), 'message' => $values['message'], 'date' => Database::now()];
        Capsule::table('tblticketnotes')->insert($row);
        return [];
    }

    /** `id` is a service for the type product and for named templates here; a client for the type general. */
    public static function sendEmail(array $values): array
    {
        $named = ($values['messagename'] ?? '') !== '';
        match (true) {
            !$named && ($values['customtype'] ?? '') === '' => throw new Refused('You must provide either an existing email template name or a custom message type'),
            !$named && !in_array($values['customtype'], ['general', 'product'], true) => throw new Refused('Invalid message type provided'),
            !$named && ($values['customsubject'] ?? '') === '' => throw new Refused('A subject is required for a custom message'),
            !$named && ($values['custommessage'] ?? '') === '' => throw new Refused('A message body is required for a custom message'),
            empty($values['id']) => throw new Refused('A related ID is required'),
            default => null,
        };
        $id = (int) $values['id'];
        $general = ($values['customtype'] ?? '') === 'general';
        $client = $general ? $id : (int) Capsule::table('tblhosting')->where('id', $id)->value('userid');
        $fields = unserialize((string) base64_decode((string) ($values['customvars'] ?? '')) ?: 'a:0:{}', ['allowed_classes' => false]);
        if (!is_array($fields)) {
            throw new Refused('The custom variables you provided are invalid.');
        }
        $known = Capsule::table('tblclients')->where('id', $client)->exists();
        $template = $named ? (string) $values['messagename'] : '';
        $subject = (string) ($values['customsubject'] ?? $template);
        if (!$known || !Mail::toClient($client, $template, $subject, (string) ($values['custommessage'] ?? ''), $id, $fields)) {
            throw new Refused('Sending Failed. Please see documentation.');
        }
        return [];
    }

    public static function sendAdminEmail(array $values): array
    {
        $template = (string) ($values['messagename'] ?? '');
        $message = (string) ($values['custommessage'] ?? '');
        if ($template === '' && $message === '') {
            throw new Refused('Email Template not found');
        }
        Mail::toAdmin($template, (string) ($values['customsubject'] ?? $template), $message ?: (string) json_encode($values['mergefields'] ?? []));
        return [];
    }

    public static function notify(array $values): array
    {
        match (true) {
            empty($values['notification_identifier']) => throw new Refused('API Notification Events require a identifier string to be passed.'),
            empty($values['title']) => throw new Refused('API Notification Events require a title to be provided.'),
            empty($values['message']) => throw new Refused('API Notification Events require a message to be provided.'),
            default => null,
        };
        Capsule::table('standin_notifications')->insert([
            'at' => Database::now(), 'identifier' => $values['notification_identifier'], 'title' => $values['title'],
            'message' => $values['message'], 'url' => $values['url'] ?? '', 'status' => $values['status'] ?? '',
            'style' => $values['statusStyle'] ?? '', 'attributes' => json_encode($values['attributes'] ?? []),
        ]);
        return [];
    }

    public static function logActivity(array $values): array
    {
        if (($values['description'] ?? '') === '') {
            throw new Refused('Description is required');
        }
        Activity::add((string) $values['description'], (int) ($values['clientid'] ?? $values['userid'] ?? 0));
        return [];
    }
}
