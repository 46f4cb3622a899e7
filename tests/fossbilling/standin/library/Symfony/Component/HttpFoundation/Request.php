<?php

declare(strict_types=1);

namespace Symfony\Component\HttpFoundation;

final class Request
{
    public readonly Bag $server;

    public function __construct(private readonly string $content)
    {
        $this->server = new Bag($_SERVER);
    }

    public function getContent(): string
    {
        return $this->content;
    }

    public function getPayload(): Bag
    {
        $given = json_decode($this->content, true);
        return new Bag(is_array($given) ? $given : $_POST);
    }

    public function getMethod(): string
    {
        return $_SERVER['REQUEST_METHOD'] ?? 'GET';
    }
}
