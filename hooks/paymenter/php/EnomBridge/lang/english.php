<?php

// What only this extension says, and where it differs from the kit (Kit/lang/english.php; in a checkout hooks/php/src/lang).
// For another language put a file beside this one, named as in Page::LANGUAGES.
return [
    // The server and its test
    'setting_bridge_url' => 'Bridge URL',
    'setting_bridge_url_help' => 'Where the bridge answers. Without https only http://127.0.0.1 or http://localhost, because passwords are sent over this connection.',
    'setting_source' => 'Source',
    'setting_source_help' => 'The name of the source in bridge.toml.',
    'setting_secret' => 'Signing secret',
    'setting_secret_help' => 'The whole secret of the source, whsec_…',
    'setting_webmail' => 'Webmail address',
    'setting_webmail_help' => 'Where customers are sent when they cannot be signed in directly. Optional.',
    'setting_incoming' => 'Incoming server (IMAP)',
    'setting_incoming_help' => 'Shown to customers. A dash shows none.',
    'setting_incoming_port' => 'Port of the incoming server',
    'setting_incoming_port_help' => '993 is IMAP with SSL/TLS, 143 with STARTTLS.',
    'setting_outgoing' => 'Outgoing server (SMTP)',
    'setting_outgoing_help' => 'Shown to customers. A dash shows none.',
    'setting_outgoing_port' => 'Port of the outgoing server',
    'setting_outgoing_port_help' => '465 is SMTP with SSL/TLS, 587 with STARTTLS.',
    'server_incomplete' => 'The server needs the URL of the bridge, the name of the source and the signing secret (whsec_…). `enom-bridge init` printed them.',
    'server_malformed' => 'The URL of the bridge or the name of the source is malformed. URL: like https://bridge.example.com, without a path. Source: its name on the bridge, like paymenter-main.',
    'server_insecure' => 'Without https the bridge must run on this machine (127.0.0.1 or localhost), because mailbox passwords are sent over this connection. Enter an https URL, and put a proxy with TLS in front of the bridge.',
    'away' => 'The bridge cannot be reached ({why}). Check the URL of the bridge in the settings of the server, and whether `enom-bridge serve` is running.',
    'queue_sync' => 'the bridge answers, but Paymenter runs its jobs within requests (QUEUE_CONNECTION=sync): a bridge that is away would then stop payments and cron. Set it to redis or database, and run a queue worker.',

    // The product and the order
    'setting_plan' => 'Plan',
    'setting_plan_help' => 'A plan from [plans] in bridge.toml. A configurable option with the environment variable "plan" goes before this.',
    'order_mailbox' => 'Mailbox address',
    'setting_mailbox' => 'Mailbox address',
    'setting_mailbox_help' => 'The address of the new mailbox, like john@example.com. It cannot be renamed later.',

    // What stands in the way
    'no_service' => 'This service is gone, or its product belongs to another server.',
    'no_bridge_of' => 'The product of this service has no enom-bridge server.',
    'mailbox_empty' => 'The property "mailbox" of this service is empty or not an address. Fill it in, like john@example.com.',
    'quantity' => 'This service has a quantity of {quantity}, and one service is one mailbox. Set "Allow quantity" of the product to "No" or "Separated", and order each mailbox by itself.',
    'seal_failed' => 'Paymenter could not encrypt or decrypt a value. Was APP_KEY changed? Set the password of the mailbox anew.',
    'stale_Create' => 'Not created: by now the service is {status}.',
    'stale_Suspend' => 'Not suspended: by now the service is {status}, and its date is {due}. If it must be suspended all the same, use "Trigger Extension Action" on the service.',
    'early_Suspend' => 'Not suspended: the mailbox of this service is still being created. Paymenter asks again with its next daily run.',
    'early_Unsuspend' => 'Not unsuspended: the mailbox of this service is still being created. It becomes active by itself.',
    'stale_Unsuspend' => 'Not unsuspended: by now the service is {status}.',
    'stale_Terminate' => 'Not terminated: by now the service is {status}, and its date is {due}. If it must be terminated all the same, use "Trigger Extension Action" on the service.',
    'stale_Renew' => 'Not renewed: staff has this service terminated.',
    'stale_ChangePlan' => 'Not upgraded: staff has this service terminated.',
    'not_due' => 'none',
    'deleted' => 'Service {service} was deleted, but its mailbox {address} may still exist at Enom. To see it, run on the bridge server: enom-bridge mailboxes show {address}',
    'unexpected' => 'An unexpected error occurred. Staff can find the details in the log of Paymenter (storage/logs).',

    // Answers
    'accepted_staff' => 'In progress: the bridge accepted it ({job}), and it completes by itself. You do not have to retry this job.',
    'away_staff' => 'Not done yet: {why} It is sent again by itself within minutes after the bridge is back, as long as it is still wanted. You do not have to retry this job.',
    'unsigned_staff' => 'Not done yet: {why} It is sent again by itself within minutes after this is mended, as long as it is still wanted.',
    'held_staff' => 'Needs a decision: {what} ({code}) On the bridge server, run: enom-bridge jobs explain {job}. The result is entered here by itself.',
    'code_domain_of_another' => 'Another customer has mailboxes in this domain. If this customer may have some too, run on the bridge server: enom-bridge jobs approve with the number of the job.',
    'code_reserved_name' => 'Whoever has this mailbox name can get certificates for the domain, and this customer has no mailbox in it yet. If the domain belongs to this customer, run on the bridge server: enom-bridge jobs approve with the number of the job.',

    // Mails to staff
    'alert_subject' => 'Mailbox {address}',
    'alert_body' => '{text} Service {service} of user {client}, mailbox {address}.',

    // The customer's page
    'password_title' => 'Change the password',
    'password_rule' => '10 to 20 characters, including an upper-case letter, a digit and one of * @ - _ / .',
    'password_button' => 'Set password',
    'password_done' => 'Your mailbox has the new password.',
    'set_password_first' => 'Set a password for your mailbox here, then use it in your mail program and in webmail.',
];
