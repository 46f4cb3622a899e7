<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Models\Service;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Dispatch;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Mailbox;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;
use Illuminate\Support\Facades\App;
use Illuminate\Support\Facades\Session;
use Illuminate\Support\Facades\URL;

/** What the customer sees of one mailbox, and can do. */
final class Page
{
    private const LANGUAGES = ['de' => 'german']; // locale => file of lang/

    private readonly Record $record;

    /** @param array<string, mixed> $server its settings */
    private function __construct(private readonly Service $service, private readonly array $server)
    {
        $this->record = Record::of((int) $service->id);
    }

    public static function of(Service $service): self
    {
        $server = $service->product?->server;
        return new self($service, $server === null ? [] : Paymenter::settings($server));
    }

    /** The customer's. */
    public static function language(): string
    {
        return self::LANGUAGES[substr(App::getLocale(), 0, 2)] ?? 'english';
    }

    /**
     * For `{{ $mailbox }}` and `{{ $webmail }}` in the product's mail template.
     *
     * @return array<string, string>
     */
    public function forMail(): array
    {
        return ['mailbox' => $this->address(), 'webmail' => $this->fallback()];
    }

    /** @return list<array<string, string>> */
    public function actions(): array
    {
        $view = ['type' => 'view', 'name' => 'mailbox', 'label' => $this->text('your_mailbox')];
        $text = ['type' => 'text', 'label' => $this->text('address'), 'text' => $this->address()];
        $label = $this->text('open_webmail');
        $button = ['type' => 'button', 'label' => $label, 'function' => 'signIn'];
        return $this->record->address === '' ? [$view, $text] : [$view, $text, $button];
    }

    /** Signed in; else the webmail's address; else back, with a sentence. */
    public function webmail(): string
    {
        try {
            $url = (new Mailbox(new MailCall($this->service)))->signIn() ?: $this->fallback();
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('sign in', $error);
            $url = $this->fallback();
        }
        if ($url === '') {
            self::say($this->text('sign_in_failed'), 'error');
        }
        return $url ?: URL::route('services.show', $this->service);
    }

    /** Says on the next page what became of it. */
    public function setPassword(string $password): void
    {
        try {
            [$text, $kind] = $this->passwordSet($password);
        } catch (Fault) {
            [$text, $kind] = [$this->text('busy_client'), 'error'];
        } catch (\Throwable $error) {
            (new Log([$password]))->unexpected(Action::ChangePassword->value, $error);
            [$text, $kind] = [$this->text('refused_client'), 'error'];
        }
        self::say($text, $kind);
    }

    /** @return array{string, string} */
    private function passwordSet(string $password): array
    {
        if ($password === '' || $this->service->status !== Service::STATUS_ACTIVE) {
            $why = $password === '' ? 'password_refused_client' : 'refused_client';
            return [$this->text($why), 'error'];
        }
        $call = new MailCall($this->service, $password);
        $why = Dispatch::run(Action::ChangePassword, $call);
        if ($why === null) {
            $call->keepPassword($password);
            return [$this->text('password_done'), 'success'];
        }
        $isPending = isset(Record::of($call->id)->pending[Action::ChangePassword->about()]);
        return [$why, $isPending ? 'success' : 'error'];
    }

    public function html(): string
    {
        $rows = array_filter([
            'address' => $this->address(),
            'status' => $this->text($this->state()),
            'incoming' => $this->place('incoming'),
            'outgoing' => $this->place('outgoing'),
        ], 'strlen');
        $shown = '';
        foreach ($rows as $key => $text) {
            $shown .= '<div class="flex items-center text-base">'
                . '<span class="mr-2">' . $this->escaped($key) . ':</span>'
                . '<span class="text-base/50">' . self::safe($text) . '</span></div>';
        }
        $login = '<p class="text-sm mt-2">' . $this->escaped('login') . '</p>';
        $form = $this->record->address === '' ? '' : $this->form();
        $class = 'bg-background-secondary border border-neutral p-4 rounded-lg';
        return "<div class=\"$class\">$shown$login$form</div>";
    }

    private function form(): string
    {
        $where = ['service' => $this->service->id];
        $url = self::safe(URL::route('extensions.servers.enom-bridge.password', $where));
        $token = self::safe((string) Session::token());
        $field = 'block w-full text-sm bg-background-secondary border border-neutral p-2.5';
        $button = 'bg-primary text-white text-sm font-semibold hover:bg-primary/80 py-2 px-4.5'
            . ' rounded-md mt-2 cursor-pointer';
        return <<<HTML
            <form method="post" action="$url" class="mt-4">
            <input type="hidden" name="_token" value="$token">
            <h4 class="text-lg font-semibold">{$this->escaped('password_title')}</h4>
            <p class="text-sm">{$this->escaped('set_password_first')}</p>
            <input type="password" name="mailbox_password" autocomplete="new-password" required
             minlength="10" maxlength="20" class="$field"
             placeholder="{$this->escaped('password_rule')}">
            <button type="submit" class="$button">{$this->escaped('password_button')}</button>
            </form>
            HTML;
    }

    private function address(): string
    {
        return $this->record->address ?: MailService::mailbox($this->service);
    }

    private function state(): string
    {
        return match (true) {
            $this->record->pending !== [] => 'client_progress',
            $this->record->address === '' => 'client_none',
            $this->record->state === 'suspended' => 'client_suspended',
            default => 'client_active',
        };
    }

    private function place(string $which): string
    {
        $host = Settings::shown($this->server, $which);
        $call = new MailCall($this->service);
        return (new Mailbox($call))->place($host, Settings::shown($this->server, "{$which}_port"));
    }

    private function fallback(): string
    {
        $url = Settings::shown($this->server, 'webmail');
        return preg_match('#\Ahttps?://[!\#-;=?-~]+\z#i', $url) ? $url : '';
    }

    private function text(string $key): string
    {
        return Text::of($key, [], self::language());
    }

    private function escaped(string $key): string
    {
        return self::safe($this->text($key));
    }

    private static function safe(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE);
    }

    /** Paymenter's own pages show it after a redirect. */
    private static function say(string $text, string $kind): void
    {
        Session::put('notification', ['message' => $text, 'type' => $kind]);
    }
}
