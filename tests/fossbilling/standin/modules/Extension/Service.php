<?php

declare(strict_types=1);

namespace Box\Mod\Extension;

class Service
{
    private ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function isExtensionActive(string $type, string $id): bool
    {
        return is_dir(ROOT . '/modules/' . ucfirst($id));
    }

    /** All of it is encrypted. Who may not change settings is refused. */
    public function setConfig(array $data): bool
    {
        if (!$this->di['auth']->isAdminLoggedIn() && empty($this->di['installing'])) {
            throw new \FOSSBilling\InformationException('You do not have permission', [], 403);
        }
        $remove = "DELETE FROM extension_meta WHERE extension = ? AND meta_key = 'config'";
        $this->di['db']->exec($remove, [$data['ext']]);
        $this->di['db']->exec(
            "INSERT INTO extension_meta (extension, meta_key, meta_value) VALUES (?, 'config', ?)",
            [$data['ext'], $this->di['crypt']->encrypt((string) json_encode($data))],
        );
        return true;
    }
}
