<?php

// What only this module says, and what FOSSBilling's words differ in from those that it shares with other plug-ins: those are
// in Kit/lang/english.php (in a checkout: hooks/php/src/lang).
return [
    // The settings and their test
    'no_bridge_of_this_number' => 'The module has no bridge number {number}. Choose one in the product\'s configuration, or add it in the settings of the module.',
    'connected' => 'The bridge answers, and its Enom account works.',
    'not_opened' => 'FOSSBilling could not decrypt a value. Was the salt in its configuration changed?',

    // The order form
    'address_empty' => 'Please enter the address of the mailbox, like john@example.com.',
    'address_incomplete' => 'Please enter a whole address, like john@example.com.',
    'address_elsewhere' => 'The mailbox must be in {domain}. Please enter only the name before the @.',
    'address_unfit' => 'This address cannot be used. Before the @ may be 1 to 30 characters from a-z, 0-9, dot, underscore and hyphen; after it a domain.',
    'address_taken' => 'This address is already in use. Please choose another one.',

    // Answers to FOSSBilling for staff
    'accepted_staff' => 'In progress: the bridge accepted it ({job}), and it completes by itself. You do not have to do anything.',
    'failed_late' => 'The mailbox could not be created. The lines before this one say why. Activate the order again when this is mended.',
    'unexpected' => 'An unexpected error occurred. Staff can find the details in data/log/billing.',
    'problem' => 'It answered with HTTP {status}. The details are in data/log/billing.',
    'problem_400' => 'It could not read the request. The details are in data/log/billing.',
    'field_' => 'see data/log/billing',
    'action_Terminate' => 'Cancel',

    // The customer's page
    'password_changed' => 'Your new password is set.',
    'set_password' => 'Set password',
    'new_password' => 'New password',
    'password_rule' => '10 to 20 characters, including an upper-case letter, a digit and one of * @ - _ / .',
];
