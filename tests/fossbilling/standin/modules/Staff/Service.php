<?php

declare(strict_types=1);

namespace Box\Mod\Staff;

class Service
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function getCronAdmin(): object
    {
        return $this->di['db']->findOne('Admin', "system_name = 'cron'");
    }
}
