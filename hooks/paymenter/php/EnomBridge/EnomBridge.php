<?php

namespace Paymenter\Extensions\Servers\EnomBridge;

use App\Attributes\ExtensionMeta;
use App\Classes\Extension\Server;
use App\Models\Service;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Callback;
use EnomBridge\Kit\Connection;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Auth;
use Illuminate\Support\Facades\Redirect;
use Paymenter\Extensions\Servers\EnomBridge\Billing\Lifecycle;
use Paymenter\Extensions\Servers\EnomBridge\Billing\Page;
use Paymenter\Extensions\Servers\EnomBridge\Billing\Settings;
use Paymenter\Extensions\Servers\EnomBridge\Billing\Start;

require_once __DIR__ . '/autoload.php';

/** What Paymenter calls. One product is one mailbox. */
#[ExtensionMeta(
    name: 'enom-bridge mailbox',
    description: 'Sells mailboxes at Enom through enom-bridge: one product is one mailbox.',
    version: Connection::VERSION,
    author: 'enom-bridge',
)]
class EnomBridge extends Server
{
    public const PATH = '/extensions/servers/enom-bridge';

    /** In each request, in each worker and in the scheduler. */
    public function boot(): void
    {
        Start::routes();
        Start::listeners();
        Start::schedule();
    }

    /** The server's settings. @return list<array<string, mixed>> */
    public function getConfig($values = []): array
    {
        return Settings::server();
    }

    /** True, or what is wrong. */
    public function testConfig(): bool|string
    {
        return Settings::test((array) $this->config);
    }

    /** The product's settings. @return list<array<string, mixed>> */
    public function getProductConfig($values = []): array
    {
        return Settings::product((array) $this->config, is_array($values) ? $values : []);
    }

    /** What the customer fills in with the order. @return list<array<string, mixed>> */
    public function getCheckoutConfig($product = null, $values = [], $settings = []): array
    {
        return Settings::checkout();
    }

    /** @return array<string, string> for the mail to the customer */
    public function createServer(Service $service, $settings, $properties): array
    {
        Lifecycle::run(Action::Create, $service);
        return Page::of($service)->forMail();
    }

    public function suspendServer(Service $service, $settings, $properties): bool
    {
        return Lifecycle::run(Action::Suspend, $service);
    }

    public function unsuspendServer(Service $service, $settings, $properties): bool
    {
        return Lifecycle::run(Action::Unsuspend, $service);
    }

    public function terminateServer(Service $service, $settings, $properties): bool
    {
        return Lifecycle::run(Action::Terminate, $service);
    }

    /** Another product, or another value of a configurable option. */
    public function upgradeServer(Service $service, $settings, $properties): bool
    {
        return Lifecycle::run(Action::ChangePlan, $service);
    }

    /** What the customer sees of an active service. @return list<array<string, string>> */
    public function getActions(Service $service, $settings, $properties): array
    {
        return Page::of($service)->actions();
    }

    /** The tab of the customer's page, as HTML. */
    public function getView(Service $service, $settings, $properties, $view): string
    {
        return Page::of($service)->html();
    }

    /** Where the button leads. */
    public function signIn(Service $service, $settings, $properties): string
    {
        return Page::of($service)->webmail();
    }

    // Routes

    public function callback(Request $request): JsonResponse
    {
        [$status, $headers, $said] = Callback::answer(
            $request->server->all(),
            $request->query->all(),
            (string) $request->getContent(),
        );
        return new JsonResponse(['message' => $said], $status, $headers);
    }

    /** The form of the customer's tab. */
    public function password(Request $request, int $service): mixed
    {
        $found = Service::find($service);
        if ($found === null || Auth::id() === null || (int) $found->user_id !== (int) Auth::id()) {
            return new JsonResponse(['message' => 'Not found.'], 404);
        }
        $given = $request->input('mailbox_password');
        Page::of($found)->setPassword(is_string($given) ? $given : '');
        return Redirect::route('services.show', $found);
    }
}
