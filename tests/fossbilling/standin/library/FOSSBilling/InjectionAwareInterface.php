<?php

declare(strict_types=1);

namespace FOSSBilling;

interface InjectionAwareInterface
{
    public function setDi(\Pimple\Container $di): void;

    public function getDi(): ?\Pimple\Container;
}
