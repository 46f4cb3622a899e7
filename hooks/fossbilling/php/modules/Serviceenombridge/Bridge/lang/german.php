<?php

// What customers read.
return [
    'password_changed' => 'Ihr neues Passwort ist gesetzt.',
    'set_password' => 'Passwort setzen',
    'new_password' => 'Neues Passwort',
    'password_rule' => '10 bis 20 Zeichen, darunter ein Großbuchstabe, eine Ziffer und eines von * @ - _ / .',
];
