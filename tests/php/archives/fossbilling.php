<?php

// What FOSSBilling has beside the module, as far as files need it to be loaded; then the module
// begins as FOSSBilling begins it.

namespace Pimple {
    class Container extends \ArrayObject
    {
    }
}

namespace FOSSBilling {
    interface InjectionAwareInterface
    {
    }
}

namespace {
    require 'modules/Serviceenombridge/Service.php';

    $service = new Box\Mod\Serviceenombridge\Service();
    $service->setDi(new Pimple\Container());
    try {
        Box\Mod\Serviceenombridge\Bridge\OrderedAddress::of([]);
    } catch (Exception $fault) {
        return [array_keys($service->getModulePermissions()), $fault->getMessage()];
    }
}
