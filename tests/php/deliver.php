<?php

/**
 * The module for tests in another language: reads lists of tasks in JSON from standard input, one a line, and
 * answers each with a line: the list of results.
 * Bodies are base64. Each task has `do`:
 *
 * sign      id, timestamp, body, secret: the three headers
 * verify    headers, body, secret, now: whether it is accepted
 * send      function, params (changes to those of the tests' service): the delivery that goes out, or what was said instead
 * ask       what is asked of the bridge after a cron run: the delivery of the first query
 * callback  headers, body: the status with which it is answered; a creation of the tests' service is pending as `hook`
 * receipt   receipt: whether it is taken as one
 * hear      function, http, and `problem` or `status` and `changes` of a receipt: every sentence that people read of that
 * differ    one, other, missing (functions that this PHP has not): whether two addresses are surely of two mailboxes
 */

namespace EnomBridge\Tests;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Callback;
use EnomBridge\Kit\Catchup;
use EnomBridge\Kit\Receipt;
use EnomBridge\Kit\Signature;
use EnomBridge\Kit\Unsigned;
use WHMCS\Database\Capsule;

require __DIR__ . '/bootstrap.php';

function perform(array $task): mixed
{
    Bridge::reset();
    Billing::reset();
    Machine::reset();
    $body = base64_decode($task['body'] ?? '');
    switch ($task['do']) {
        case 'sign':
            return Signature::sign($task['id'], $task['timestamp'], $body, $task['secret']);
        case 'verify':
            try {
                Signature::verify($task['headers'], $body, $task['secret'], $task['now']);
                return true;
            } catch (Unsigned) {
                return false;
            }
        case 'send':
            Bridge::says(Bridge::refuses(503));
            $said = ("enombridge_{$task['function']}")(Billing::params(raw($task['params'])));
            return Bridge::$requests === [] ? ['said' => $said] : sent(Bridge::$requests[0]);
        case 'ask':
            Bridge::says(Bridge::refuses(503));
            Catchup::run();
            return sent(Bridge::$requests[0]);
        case 'callback':
            Bridge::says(Bridge::accepts());
            Billing::run('CreateAccount');
            $kept = json_decode(Capsule::table('mod_enombridge')->value('pending'), true);
            $kept['status']['id'] = $task['hook'];
            Capsule::table('mod_enombridge')->update(['pending' => json_encode($kept)]);
            $request = ['REQUEST_METHOD' => 'POST'];
            foreach ($task['headers'] as $name => $value) {
                $request['HTTP_' . strtr(strtoupper($name), '-', '_')] = $value;
            }
            return ['status' => Callback::answer($request, ['server' => '3'], $body)[0], 'service' => Billing::status()];
        case 'receipt':
            return Receipt::read($task['receipt']);
        case 'hear':
            return heard($task);
        case 'differ':
            Machine::$missing = $task['missing'];
            return Address::differ($task['one'], $task['other']);
    }
}

/** Which sentences staff and customers read once the bridge has answered like this. @return list<string> */
function heard(array $task): array
{
    $problem = fn (int $status) => Bridge::reply($status, $task['problem'], ['content-type' => 'application/problem+json']);
    $answer = isset($task['problem']) ? $problem($task['http']) : Bridge::ends($task['status'], $task['changes'], $task['http']);
    Bridge::says($answer);
    $said = [Billing::run($task['function']), ...array_values(enombridge_AdminServicesTabFields(Billing::params()))];
    if (isset($task['problem'])) {
        $said = [...$said, enombridge_TestConnection(Billing::serverParams())['error'], enombridge_check(Billing::params()),
            enombridge_ServiceSingleSignOn(Billing::params())['errorMsg'] ?? '', enombridge_ListAccounts(Billing::serverParams())['error'] ?? ''];
        Catchup::run();
    }
    return [...$said, ...Billing::activityTexts(), ...array_column(Billing::calls('OpenTicket'), 'message')];
}

/** Texts of the form `base64:…` stand for bytes that JSON cannot hold. */
function raw(array $values): array
{
    array_walk_recursive($values, function (mixed &$value): void {
        $value = is_string($value) && str_starts_with($value, 'base64:') ? base64_decode(substr($value, 7)) : $value;
    });
    return $values;
}

function sent(Request $request): array
{
    return ['path' => $request->path, 'headers' => $request->headers, 'body' => base64_encode($request->body)];
}

while (($line = fgets(STDIN)) !== false) {
    $results = array_map(perform(...), json_decode($line, true, 64, JSON_THROW_ON_ERROR));
    if (Errors::$seen !== []) {
        fwrite(STDERR, implode("\n", Errors::$seen));
        exit(1);
    }
    echo json_encode($results, JSON_THROW_ON_ERROR), "\n";
}
