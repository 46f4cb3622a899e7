<?php

// What customers read; the rest, which only staff reads, is taken from english.php.
return [
    'order_mailbox' => 'Adresse des Postfachs',
    'password_title' => 'Passwort ändern',
    'password_rule' => '10 bis 20 Zeichen, darunter ein Großbuchstabe, eine Ziffer und eines von * @ - _ / .',
    'password_button' => 'Passwort setzen',
    'password_done' => 'Ihr Postfach hat das neue Passwort.',
    'set_password_first' => 'Setzen Sie hier ein Passwort für Ihr Postfach. Es gilt dann im Mailprogramm und im Webmail.',
];
