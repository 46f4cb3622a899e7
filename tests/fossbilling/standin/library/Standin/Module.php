<?php

declare(strict_types=1);

namespace Standin;

final class Module
{
    public function __construct(private readonly \Pimple\Container $di, private readonly string $name)
    {
    }

    public function getService(): object
    {
        return $this->di['mod_service']($this->name);
    }

    public function getConfig(): array
    {
        $sql = "SELECT meta_value FROM extension_meta WHERE extension = ? AND meta_key = 'config'";
        $sealed = $this->di['db']->getCell($sql, ['mod_' . strtolower($this->name)]);
        return $sealed === null ? [] : json_decode($this->di['crypt']->decrypt($sealed), true);
    }
}
