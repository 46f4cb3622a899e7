<?php

declare(strict_types=1);

/**
 * Calls the static functions that extension_meta names. What one throws goes through to whoever
 * fired the event.
 */
final class Box_EventManager
{
    private ?Pimple\Container $di = null;

    public function setDi(Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function fire(array $data): mixed
    {
        $event = new Box_Event($data['subject'] ?? null, $data['event'], $data['params'] ?? null);
        $event->setDi($this->di);
        $sql = "SELECT rel_id FROM extension_meta WHERE extension = 'mod_hook'"
            . " AND meta_key = 'listener' AND meta_value = ?";
        foreach ($this->di['db']->getAll($sql, [$data['event']]) as $row) {
            $service = $this->di['mod_service']($row['rel_id']);
            if (method_exists($service, $data['event'])) {
                [$service::class, $data['event']]($event);
            }
        }
        return $event->getReturnValue();
    }
}
