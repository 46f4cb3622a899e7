<?php

namespace EnomBridge\Tests;

use EnomBridge\Kit\Signature;

/** callback.php itself, at its place below an installation, behind a real web server. */
final class EndpointTest extends TestCase
{
    public function testItAnswersOverHttp(): void
    {
        $root = sys_get_temp_dir() . '/enombridge-' . bin2hex(random_bytes(6));
        $place = "$root/modules/servers/enombridge";
        mkdir($place, recursive: true);
        symlink(realpath(MODULE . '/lib'), "$place/lib");
        symlink(realpath(MODULE . '/lang'), "$place/lang");
        copy(MODULE . '/callback.php', "$place/callback.php");
        file_put_contents("$root/init.php", '<?php require ' . var_export(__DIR__ . '/bootstrap.php', true) . '; EnomBridge\Tests\Billing::reset();');
        $port = (int) substr(strrchr(stream_socket_get_name($free = stream_socket_server('tcp://127.0.0.1:0'), false), ':'), 1);
        fclose($free);
        $server = proc_open([PHP_BINARY, '-d', 'display_errors=1', '-S', "127.0.0.1:$port", '-t', $root], [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
        try {
            $body = '{"type":"job.succeeded","data":{"job":"job_1","hook":"h","action":"mailbox.create","address":"john@example.com","service_id":"1042","sequence":1,"state":"active","message":"m"}}';
            $signed = Signature::sign('cb_job_1', time(), $body, Billing::SECRET);
            self::assertSame([200, '{"message":"Taken."}'], self::post($port, $body, $signed));
            self::assertSame([401, '{"message":"Not signed."}'], self::post($port, "$body ", $signed));
            self::assertSame([413, '{"message":"Too large."}'], self::post($port, str_repeat(' ', 70000), $signed));
            self::assertSame([405, '{"message":"Send a POST."}'], self::post($port, null, $signed));
        } finally {
            proc_terminate($server);
            proc_close($server);
            array_map('unlink', [...glob("$place/*"), "$root/init.php"]);
            array_map('rmdir', [$place, dirname($place), dirname($place, 2), $root]);
        }
    }

    /** @param array<string, string> $headers @return array{int, string} */
    private static function post(int $port, ?string $body, array $headers): array
    {
        $curl = curl_init("http://127.0.0.1:$port/modules/servers/enombridge/callback.php?server=3");
        curl_setopt_array($curl, [
            CURLOPT_RETURNTRANSFER => true, CURLOPT_PROXY => '', CURLOPT_TIMEOUT => 10,
            CURLOPT_HTTPHEADER => array_map(fn ($name, $value) => "$name: $value", array_keys($headers), $headers),
        ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => $body]));
        for ($try = 0; ($said = curl_exec($curl)) === false && $try < 200; $try++) {
            usleep(20000); // it is still starting
        }
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), (string) $said];
    }
}
