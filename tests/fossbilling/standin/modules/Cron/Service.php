<?php

declare(strict_types=1);

namespace Box\Mod\Cron;

class Service
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function runCrons(): bool
    {
        $this->di['is_cron'] = true;
        try {
            $this->di['events_manager']->fire(['event' => 'onBeforeAdminCronRun']);
            $this->di['mod_service']('order')->batchSuspendExpired();
            $this->di['mod_service']('order')->batchCancelSuspended();
            $this->di['events_manager']->fire(['event' => 'onAfterAdminCronRun']);
        } finally {
            $this->di['is_cron'] = false;
        }
        return true;
    }
}
