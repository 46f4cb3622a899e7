<?php

declare(strict_types=1);

namespace Standin;

/** The header `as: admin` or `as: client` stands for the session of one. */
final class Auth
{
    public function __construct(private readonly \Pimple\Container $di)
    {
    }

    public function isAdminLoggedIn(): bool
    {
        return ($_SERVER['HTTP_AS'] ?? '') === 'admin';
    }

    public function isClientLoggedIn(): bool
    {
        return str_starts_with($_SERVER['HTTP_AS'] ?? '', 'client');
    }

    public function admin(): ?object
    {
        $isIn = $this->isAdminLoggedIn();
        return $isIn ? $this->di['db']->findOne('Admin', 'system_name IS NULL') : null;
    }

    /** `client` is the first one, `client:2` another. */
    public function client(): ?object
    {
        $id = (int) (explode(':', $_SERVER['HTTP_AS'] ?? '')[1] ?? 1);
        return $this->isClientLoggedIn() ? $this->di['db']->load('Client', $id) : null;
    }
}
