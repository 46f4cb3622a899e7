<?php

declare(strict_types=1);

/** Routes to the controllers of modules. */
final class Box_App
{
    /** @var list<array{string, string, string, array<string, string>, string}> */
    private array $routes = [];

    public function __construct(private readonly Pimple\Container $di)
    {
    }

    public function get(string $path, string $method, array $conditions, string $class): void
    {
        $this->routes[] = ['GET', $path, $method, $conditions, $class];
    }

    public function post(string $path, string $method, array $conditions, string $class): void
    {
        $this->routes[] = ['POST', $path, $method, $conditions, $class];
    }

    public function getRequest(): object
    {
        return $this->di['request'];
    }

    /** Null: there is no such page. */
    public function run(string $path): mixed
    {
        foreach ($this->routes as [$verb, $route, $method, $conditions, $class]) {
            $named = fn (array $found): string => "(?<$found[1]>{$conditions[$found[1]]})";
            $pattern = preg_replace_callback('/:(\w+)/', $named, $route);
            if ($verb === $this->getRequest()->getMethod() && preg_match("@^$pattern$@", $path, $found)) {
                $controller = new $class();
                $controller->setDi($this->di);
                $values = array_filter($found, 'is_string', ARRAY_FILTER_USE_KEY);
                return $controller->$method($this, ...$values);
            }
        }
        return null;
    }
}
