<?php

/**
 * php two.php, in a folder with One/ext/Kit and Two/ext/Kit: copies of the kit for two plug-ins,
 * Vendor\One\Kit and Vendor\Two\Kit. Only the first is told its platform.
 *
 * Prints as JSON for each its version, and whether it has one.
 */

require 'One/ext/Kit/autoload.php';
require 'Two/ext/Kit/autoload.php';

\Vendor\One\Kit\Kit::serve(static fn () => throw new DomainException('It is asked for.'));
$found = [];
foreach (['One', 'Two'] as $name) {
    try {
        ("Vendor\\$name\\Kit\\Kit::platform")();
    } catch (LogicException $asked) {
        $found[] = [constant("Vendor\\$name\\Kit\\Connection::VERSION"), get_class($asked)];
    }
}
echo json_encode($found, JSON_THROW_ON_ERROR);
