<?php

declare(strict_types=1);

namespace FOSSBilling\Api;

class AbstractApi implements \FOSSBilling\InjectionAwareInterface
{
    protected ?\Pimple\Container $di = null;
    protected ?object $identity = null;
    protected ?object $service = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function getDi(): ?\Pimple\Container
    {
        return $this->di;
    }

    public function setIdentity(object $identity): void
    {
        $this->identity = $identity;
    }

    public function getIdentity(): ?object
    {
        return $this->identity;
    }

    public function setService(object $service): void
    {
        $this->service = $service;
    }

    public function getService(): ?object
    {
        return $this->service;
    }

    /** Everybody of the stand-in's staff may do everything that the module has declared. */
    protected function checkPermissions(string $module, ?string $key = null): void
    {
        $declared = $this->di['mod_service']($module)->getModulePermissions();
        if ($key !== null && !array_key_exists($key, $declared)) {
            throw new \FOSSBilling\Exception("The module $module declares no permission $key");
        }
    }
}
