<?php

// What Paymenter has beside the extension, as far as files need it to be loaded; then the extension
// begins as Paymenter begins it. Beside what it says: which of its own classes are missing.

namespace App\Attributes {
    #[\Attribute(\Attribute::TARGET_CLASS)]
    class ExtensionMeta
    {
        public function __construct(
            public string $name,
            public string $description,
            public string $version,
            public string $author,
        ) {
        }
    }
}

namespace App\Classes\Extension {
    class Server
    {
        public function __construct(public $config = [])
        {
        }
    }
}

namespace Illuminate\Contracts\Queue {
    interface ShouldQueue
    {
    }
}

namespace {
    use App\Attributes\ExtensionMeta;
    use Paymenter\Extensions\Servers\EnomBridge\EnomBridge;

    require 'EnomBridge/EnomBridge.php';

    $own = array_map(
        static fn (string $file): string => 'Paymenter\Extensions\Servers\EnomBridge\Billing\\' . basename($file, '.php'),
        glob('EnomBridge/Billing/*.php'),
    );
    $meta = (new ReflectionClass(EnomBridge::class))->getAttributes(ExtensionMeta::class)[0]->newInstance();
    $missing = array_values(array_filter($own, static fn (string $class): bool => !class_exists($class)));
    return [$meta->name, (new EnomBridge())->testConfig(), $missing];
}
