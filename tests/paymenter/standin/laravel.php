<?php

/**
 * What the extension touches of Laravel and is not in php-illuminate-database: each does what its
 * public documentation says, and no more.
 */

namespace Illuminate\Http {
    final class Bag
    {
        public function __construct(private readonly array $values)
        {
        }

        public function all(): array
        {
            return $this->values;
        }
    }

    class Request
    {
        public readonly Bag $server;
        public readonly Bag $query;

        public function __construct(private readonly string $body)
        {
            $this->server = new Bag($_SERVER);
            $this->query = new Bag($_GET);
        }

        public function getContent(): string
        {
            return $this->body;
        }

        public function input(string $name): mixed
        {
            return $_POST[$name] ?? $_GET[$name] ?? null;
        }
    }

    class JsonResponse
    {
        public function __construct(public readonly array $data, public readonly int $status = 200, public readonly array $headers = [])
        {
        }

        public function send(): void
        {
            http_response_code($this->status);
            header('Content-Type: application/json');
            foreach ($this->headers as $name => $value) {
                header("$name: $value");
            }
            echo json_encode($this->data, JSON_THROW_ON_ERROR);
        }
    }

    class RedirectResponse
    {
        public function __construct(public readonly string $to)
        {
        }

        public function send(): void
        {
            http_response_code(302);
            header("Location: $this->to");
        }
    }
}

namespace Illuminate\Console\Scheduling {
    class Schedule
    {
        /** @var list<Event> */
        public array $events = [];

        public function command(string $command): Event
        {
            return $this->events[] = new Event($command);
        }
    }

    class Event
    {
        public array $how = [];

        public function __construct(public readonly string $command)
        {
        }

        public function __call(string $name, array $values): self
        {
            $known = ['everyFiveMinutes', 'withoutOverlapping', 'runInBackground', 'description', 'onOneServer'];
            in_array($name, $known, true) || throw new \BadMethodCallException($name);
            $this->how[$name] = $values;
            return $this;
        }
    }
}

namespace OwenIt\Auditing\Events {
    class AuditCustom
    {
        public function __construct(public readonly object $model)
        {
        }
    }
}

namespace Illuminate\Queue\Events {
    class JobQueued
    {
        public function __construct(public $connectionName, public $queue, public $id, public $job, public $payload, public $delay)
        {
        }
    }
}

namespace Standin {
    use Illuminate\Contracts\Encryption\DecryptException;
    use Illuminate\Queue\Events\JobQueued;
    use Illuminate\Support\Facades\DB;
    use Illuminate\Support\Facades\Event;

    class Application extends \Illuminate\Container\Container
    {
        public bool $console = true;

        public function runningInConsole(): bool
        {
            return $this->console;
        }

        public function getLocale(): string
        {
            return 'en';
        }
    }

    /** Listeners run at once, in the order in which they were added. */
    final class Events
    {
        private array $listeners = [];

        public function listen(string $event, callable $do): void
        {
            $this->listeners[$event][] = $do;
        }

        public function dispatch(object $event): void
        {
            if ($event instanceof \OwenIt\Auditing\Events\AuditCustom) {
                $new = json_encode($event->model->auditCustomNew, JSON_THROW_ON_ERROR);
                DB::table('audits')->insert(['service' => $event->model->id, 'event' => $event->model->auditEvent, 'new' => $new]);
            }
            foreach ($this->listeners[get_class($event)] ?? [] as $do) {
                $do($event);
            }
        }
    }

    /** The queue `database` with after_commit, as Paymenter's is. */
    final class Queue
    {
        public function dispatch(object $job): void
        {
            $row = ['class' => get_class($job), 'payload' => serialize($job)];
            DB::connection()->afterCommit(static function () use ($row, $job): void {
                $id = DB::table('jobs')->insertGetId($row);
                Event::dispatch(new JobQueued('database', 'default', $id, $job, $row['payload'], null));
            });
        }

        /** Runs one. Null: there is none. */
        public static function one(): ?string
        {
            $row = DB::table('jobs')->orderBy('id')->first();
            if ($row === null || DB::table('jobs')->where('id', $row->id)->delete() !== 1) {
                return $row === null ? null : '';
            }
            try {
                unserialize($row->payload)->handle();
            } catch (\Throwable $error) {
                // With its trace, and the arguments in it, as far as this PHP writes them.
                DB::table('failed_jobs')->insert(['class' => $row->class, 'payload' => $row->payload, 'exception' => (string) $error]);
                return $error->getMessage();
            }
            return '';
        }
    }

    final class Route
    {
        public array $middleware = [];
        public string $name = '';

        public function __construct(public readonly string $path, public readonly array $do)
        {
        }

        public function name(string $name): self
        {
            $this->name = $name;
            return $this;
        }

        public function middleware(array $names): self
        {
            $this->middleware = $names;
            return $this;
        }

        public function whereNumber(string $name): self
        {
            return $this;
        }
    }

    final class Router
    {
        /** @var list<Route> */
        public array $routes = [];

        public function post(string $path, array $do): Route
        {
            return $this->routes[] = new Route($path, $do);
        }

        /** @return ?array{Route, list<string>} */
        public function match(string $path): ?array
        {
            foreach ($this->routes as $route) {
                $form = '#\A' . preg_replace('/\{[a-z]+\}/', '([0-9]+)', $route->path) . '\z#';
                if (preg_match($form, $path, $found)) {
                    return [$route, array_slice($found, 1)];
                }
            }
            return null;
        }
    }

    final class Urls
    {
        public function __construct(private readonly Router $router, private readonly string $base)
        {
        }

        public function route(string $name, mixed $values): string
        {
            $id = is_array($values) ? reset($values) : $values->id;
            $found = array_values(array_filter($this->router->routes, static fn (Route $route) => $route->name === $name));
            $path = $name === 'services.show' ? '/services/{service}' : ($found[0] ?? throw new \LogicException($name))->path;
            return $this->base . preg_replace('/\{[a-z]+\}/', (string) $id, $path);
        }
    }

    final class Redirects
    {
        public function __construct(private readonly Urls $urls)
        {
        }

        public function route(string $name, mixed $values): \Illuminate\Http\RedirectResponse
        {
            return new \Illuminate\Http\RedirectResponse($this->urls->route($name, $values));
        }
    }

    /** As `encrypted` values are: another each time, and DecryptException for what is not its own. */
    final class Crypt
    {
        private const KEY = '0123456789abcdef0123456789abcdef';

        public function encryptString(string $plain): string
        {
            $iv = random_bytes(12);
            $sealed = openssl_encrypt($plain, 'aes-256-gcm', self::KEY, OPENSSL_RAW_DATA, $iv, $tag);
            return base64_encode($iv . $tag . $sealed);
        }

        public function decryptString(string $sealed): string
        {
            $raw = (string) base64_decode($sealed, true);
            $plain = openssl_decrypt(substr($raw, 28), 'aes-256-gcm', self::KEY, OPENSSL_RAW_DATA, substr($raw, 0, 12), substr($raw, 12, 16));
            return $plain === false ? throw new DecryptException('The payload is invalid.') : $plain;
        }
    }

    final class Auth
    {
        public ?\App\Models\User $user = null;

        public function user(): ?\App\Models\User
        {
            return $this->user;
        }

        public function id(): ?int
        {
            return $this->user?->id;
        }
    }

    final class Session
    {
        public const TOKEN = 'a-csrf-token';

        public function put(string $key, mixed $value): void
        {
            DB::table('notices')->insert(['text' => $value['message'], 'kind' => $value['type']]);
        }

        public function token(): string
        {
            return self::TOKEN;
        }
    }

    final class Log
    {
        public function warning(string $text, array $context = []): void
        {
            DB::table('log')->insert(['text' => $text . json_encode($context)]);
        }

        public function error(string $text, array $context = []): void
        {
            $this->warning($text, $context);
            fwrite(fopen('php://stderr', 'w'), "$text\n");
        }
    }

    final class Command
    {
        public function __construct(public readonly \Closure $do)
        {
        }

        public function purpose(string $text): self
        {
            return $this;
        }
    }

    final class Artisan
    {
        /** @var array<string, Command> */
        public array $commands = [];

        public function command(string $name, \Closure $do): Command
        {
            return $this->commands[$name] = new Command($do);
        }
    }
}
