<?php

/** Paymenter, as far as a server extension sees it: written from its public contract, not from its code. */

namespace App\Attributes {
    #[\Attribute(\Attribute::TARGET_CLASS)]
    class ExtensionMeta
    {
        public function __construct(
            public string $name,
            public string $description,
            public string $version,
            public string $author,
            public string $url = '',
            public string $icon = '',
        ) {
        }
    }
}

namespace App\Classes\Extension {
    class Extension
    {
        public function __construct(public $config = [])
        {
        }

        public function getConfig($values = [])
        {
            return [];
        }

        public function boot()
        {
        }
    }

    class Server extends Extension
    {
    }
}

namespace App\Events\Service {
    use App\Models\Service;

    class Updated
    {
        public function __construct(public Service $service)
        {
        }
    }

    class Deleted
    {
        public function __construct(public Service $service)
        {
        }
    }
}

namespace App\Models {
    use Illuminate\Support\Facades\Event;

    abstract class Model extends \Illuminate\Database\Eloquent\Model
    {
        protected $guarded = [];
    }

    class User extends Model
    {
    }

    class Property extends Model
    {
    }

    class DebugLog extends Model
    {
        protected $casts = ['context' => 'json'];
    }

    /** Encrypted ones are read in clear. */
    class Setting extends Model
    {
        protected static function booted(): void
        {
            static::saving(static function (self $one): void {
                $one->value = $one->encrypted ? \Illuminate\Support\Facades\Crypt::encryptString((string) $one->value) : $one->value;
            });
            static::retrieved(static function (self $one): void {
                $one->value = $one->encrypted ? \Illuminate\Support\Facades\Crypt::decryptString($one->value) : $one->value;
            });
        }
    }

    class Server extends Model
    {
        use \Illuminate\Database\Eloquent\SoftDeletes;

        protected $table = 'extensions';

        public function settings()
        {
            return $this->morphMany(Setting::class, 'settingable');
        }

        public function newQuery()
        {
            return parent::newQuery()->where('type', 'server');
        }
    }

    class Product extends Model
    {
        public function server()
        {
            return $this->belongsTo(Server::class);
        }

        public function settings()
        {
            return $this->morphMany(Setting::class, 'settingable');
        }
    }

    class ServiceCancellation extends Model
    {
        public function service()
        {
            return $this->belongsTo(Service::class);
        }
    }

    class InvoiceItem extends Model
    {
        public function reference()
        {
            return $this->morphTo();
        }
    }

    class Invoice extends Model
    {
        public function items()
        {
            return $this->hasMany(InvoiceItem::class);
        }
    }

    class Service extends Model
    {
        public const STATUS_PENDING = 'pending';
        public const STATUS_ACTIVE = 'active';
        public const STATUS_CANCELLED = 'cancelled';
        public const STATUS_SUSPENDED = 'suspended';

        public $auditEvent = null;
        public $isCustomEvent = false;
        public $auditCustomOld = null;
        public $auditCustomNew = null;

        protected $casts = ['expires_at' => 'date'];
        protected $attributes = ['status' => 'pending'];

        protected static function booted(): void
        {
            static::updated(static fn (self $service) => Event::dispatch(new \App\Events\Service\Updated($service)));
            static::deleted(static fn (self $service) => Event::dispatch(new \App\Events\Service\Deleted($service)));
        }

        public function user()
        {
            return $this->belongsTo(User::class);
        }

        public function product()
        {
            return $this->belongsTo(Product::class);
        }

        public function properties()
        {
            return $this->morphMany(Property::class, 'model');
        }

        public function cancellation()
        {
            return $this->hasOne(ServiceCancellation::class);
        }

        public function invoices()
        {
            return $this->hasManyThrough(Invoice::class, InvoiceItem::class, 'reference_id', 'id', 'id', 'invoice_id')
                ->where('reference_type', self::class);
        }
    }
}

namespace App\Helpers {
    use App\Models\Service;
    use App\Models\User;
    use Illuminate\Support\Facades\DB;

    class ExtensionHelper
    {
        public static function extension($server): object
        {
            $class = "\\Paymenter\\Extensions\\Servers\\$server->extension\\$server->extension";
            return new $class($server->settings->pluck('value', 'key')->all());
        }

        public static function getServiceProperties(Service $service): array
        {
            return $service->properties->pluck('value', 'key')->all();
        }

        /** One of the extension's own functions, with what each of them gets. */
        public static function callService(Service $service, string $function, array $more = []): mixed
        {
            $settings = $service->product->settings->pluck('value', 'key')->all();
            return self::extension($service->product->server)->$function($service, $settings, self::getServiceProperties($service), ...$more);
        }
    }

    class NotificationHelper
    {
        private static function send(string $template, User $user, Service $service, array $data): void
        {
            DB::table('emails')->insert(['template' => $template, 'user' => $user->id, 'service' => $service->id, 'data' => json_encode($data)]);
        }

        public static function serverCreatedNotification(User $user, Service $service, array $data = []): void
        {
            self::send('new_server_created', $user, $service, $data);
        }

        public static function serverSuspendedNotification(User $user, Service $service, array $data = []): void
        {
            self::send('server_suspended', $user, $service, $data);
        }

        public static function serverTerminatedNotification(User $user, Service $service, array $data = []): void
        {
            self::send('server_terminated', $user, $service, $data);
        }

        public static function sendSystemEmailNotification(string $subject, string $body): void
        {
            DB::table('emails')->insert(['template' => "system: $subject", 'user' => 0, 'service' => 0, 'data' => $body]);
        }
    }
}

namespace App\Jobs\Server {
    use App\Helpers\ExtensionHelper;
    use App\Helpers\NotificationHelper;
    use App\Models\Service;

    /** Tried once. It carries the number of the service, which is read anew where it runs. */
    abstract class Job
    {
        public function __construct(public Service $service)
        {
        }

        public function __serialize(): array
        {
            return ['id' => $this->service->id];
        }

        public function __unserialize(array $kept): void
        {
            $this->service = Service::findOrFail($kept['id']);
        }

        public static function dispatch(Service $service): void
        {
            \Illuminate\Support\Facades\Bus::dispatch(new static($service));
        }

        public function handle(): void
        {
            $service = $this->service;
            $data = ExtensionHelper::callService($service, static::FUNCTION);
            if (static::MAIL !== '') {
                NotificationHelper::{static::MAIL}($service->user, $service, is_array($data) ? $data : []);
            }
        }
    }

    class CreateJob extends Job
    {
        protected const FUNCTION = 'createServer';
        protected const MAIL = 'serverCreatedNotification';
    }

    class SuspendJob extends Job
    {
        protected const FUNCTION = 'suspendServer';
        protected const MAIL = 'serverSuspendedNotification';
    }

    class UnsuspendJob extends Job
    {
        protected const FUNCTION = 'unsuspendServer';
        protected const MAIL = '';
    }

    class TerminateJob extends Job
    {
        protected const FUNCTION = 'terminateServer';
        protected const MAIL = 'serverTerminatedNotification';
    }

    class UpgradeJob extends Job
    {
        protected const FUNCTION = 'upgradeServer';
        protected const MAIL = '';
    }
}
