<?php

// What only this module says, and what WHMCS's words differ in from those that it shares with other plug-ins: those are in
// lib/Kit/lang/english.php (in a checkout: hooks/php/src/lang). For another language copy sentences of both into lang/<name>.php
// here, with the name that WHMCS uses; what is missing there is taken from the two English files.
return [
    // The server and its test
    'server_incomplete' => 'The server needs a hostname, the name of the source as username, and the signing secret (whsec_…) as password. `enom-bridge init` printed them.',
    'server_malformed' => 'The hostname or the username of the server contains invalid characters. Hostname: only the name, without https://. Username: the name of the source, like whmcs-main.',
    'secret_malformed' => 'The password of the server is not a signing secret: a secret begins with whsec_. Paste it whole, as `enom-bridge init` printed it.',
    'seal_failed' => 'WHMCS could not encrypt or decrypt a value (EncryptPassword, DecryptPassword). Check the API permissions of this WHMCS.',
    'account' => 'the reason is not known to this module.',
    'bridge_older' => 'The bridge answers, but it is version {bridge} and this module is {module}. Update the bridge; until then it does not understand everything that this module sends.',
    'bridge_newer' => 'The bridge answers, but it is version {bridge} and this module is {module}. Update the module: unpack the zip of version {bridge} over it.',

    // The product's settings
    'option_Plan' => 'Plan',
    'option_Plan_help' => 'A plan from [plans] in bridge.toml.',
    'option_AddressFrom' => 'Address comes from',
    'option_AddressFrom_help' => 'Where an order contains the address of the mailbox.',
    'from_field' => 'a custom field',
    'from_option' => 'a configurable option',
    'from_domain' => 'the domain, with the name before the @ below',
    'option_Field' => 'Name of that field or option',
    'option_Field_help' => 'Must contain john@example.com, or only john if the product asks for a domain.',
    'option_Local' => 'Name before the @',
    'option_Local_help' => 'Only if the address comes from the domain.',
    'option_InProgress' => 'If Enom takes longer',
    'option_InProgress_help' => 'For suspend, terminate and renew. "Report success at once" keeps a long cron run short: if it fails later, the service gets its former status back and staff is notified.',
    'in_progress_wait' => 'wait, then report "in progress"',
    'in_progress_success' => 'report success at once, correct it later',
    'option_TicketDepartment' => 'Ticket department',
    'option_TicketDepartment_help' => 'ID of the department that gets a ticket when staff must decide. Empty: activity log only.',
    'option_Webmail' => 'Webmail address',
    'option_Webmail_help' => 'Shown to the customer, like https://webmail.example.com.',
    'option_Incoming' => 'Incoming server',
    'option_Incoming_help' => 'IMAP host, shown to the customer. Enter a dash to show none.',
    'option_Outgoing' => 'Outgoing server',
    'option_Outgoing_help' => 'SMTP host, shown to the customer. Enter a dash to show none.',
    'option_IncomingPort' => 'Port of the incoming server',
    'option_IncomingPort_help' => '993 is IMAP with SSL/TLS, 143 with STARTTLS.',
    'option_OutgoingPort' => 'Port of the outgoing server',
    'option_OutgoingPort_help' => '465 is SMTP with SSL/TLS, 587 with STARTTLS.',
    'option_DomainCheck' => 'Domain check',
    'option_DomainCheck_help' => 'When a new mailbox is stopped until staff presses "Send anyway".',
    'check_client' => 'if another client has the domain',
    'check_registered' => 'unless this client has registered the domain here',
    'check_off' => 'never: only the bridge checks',

    // What stands in the way of a call
    'no_service' => 'WHMCS did not name a service of this module.',
    'addon' => 'This module works for products, not for product add-ons. Sell the mailbox as a product of its own.',
    'addon_ended' => '{action} of a product add-on: nothing to do, because this module creates no mailboxes for add-ons.',
    'never_due' => 'This service has no next due date (a free or one-time product), so there is no date to renew its mailbox to. Nothing was sent.',
    'domain_registered_by' => 'The domain {domain} is registered here by client {client}.',
    'domain_used_by' => 'Client {client} has a mailbox in {domain} (service {service}).',
    'domain_not_registered' => 'The domain {domain} is not registered here by this client.',
    'domain_stopped' => '{why} No mailbox was ordered for this client. If it is allowed, press "Send anyway" on this service; if not, cancel the order.',
    'domain_empty' => 'The product takes the address from the domain, but the service has no domain. Fill in the domain.',
    'customfields_empty' => 'The custom field "{name}" of this service is empty or missing. Fill in the mailbox address, like john@example.com.',
    'configoptions_empty' => 'The configurable option "{name}" of this service is empty or missing. Fill in the mailbox address, like john@example.com.',
    'address_incomplete' => '"{name}" has no @, and the service has no domain to add. Fill in a whole address, like john@example.com.',
    'password_not_kept' => 'The password of this service does not meet Enom\'s rules, and WHMCS did not accept a new one (UpdateClientProduct). Set one with 10 to 20 characters, including an upper-case letter, a digit and one of * @ - _ / .',
    'password_unknown' => 'The mailbox was locked, and WHMCS has no password for this service to unlock it with. Enter one in the password field of the service, save, then press "Unsuspend".',
    'unexpected' => 'An unexpected error occurred. Staff can find the details in the module log.',

    // Answers to WHMCS for staff
    'accepted_staff' => 'In progress: the bridge accepted it ({job}), and it completes by itself. You do not have to press Retry.',

    // What went wrong, by the bridge's codes
    'code' => 'The bridge reported a reason that this module does not know.',
    'code_suspensions_stopped' => 'The bridge accepts no more suspensions, because too many came within an hour. The admin of the bridge must check this first; then the module sends it again by itself.',
    'code_password_needed' => 'The bridge needs the password, for example to unlock the mailbox. Check the password field of the service, save, then run the command again.',

    // What the bridge did not take
    'problem' => 'It answered with HTTP {status}. The details are in the module log.',
    'problem_400' => 'It could not read the request. The details are in the module log.',
    'field_' => 'see the module log',
    'field_type' => 'the kind of request (the bridge is older than this module)',

    // Activity log and tickets
    'contradiction' => '{action} of {address} was done at Enom, but meanwhile {change}. Nothing was changed in WHMCS. Decide which is right, and use the module commands.',
    'not_completed' => 'Enom has done it, but WHMCS could not complete its part ({why}). The module tries again.',
    'dropped' => '{action} of {address} was not done: {change} after it had been requested. If you still want it, use the module commands.',
    'cancellation' => 'Cancellation requested ({type}). The mailbox {address} stays until WHMCS terminates the service.',
    'deleted' => 'The service was deleted, but its mailbox {address} still exists at Enom. Next time, terminate the service first. To see the mailbox, run on the bridge server: enom-bridge mailboxes show {address}',
    'ticket_subject' => 'Mailbox {address}',
    'ticket_message' => "{text}\n\nService {service} of client {client}, mailbox {address}. The customer does not see this ticket.",
    'ticket_failed' => 'The ticket could not be opened: {why} Check the ticket department in the product\'s settings, and its e-mail address.',
    'action_ChangePlan' => 'Change Package',

    // Usage billing
    'metric_mailboxes' => 'Mailboxes',
    'metric_storage' => 'Mail storage',
];
