<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Helpers\ExtensionHelper;
use App\Models\Service;
use EnomBridge\Kit\Address;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Call;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Kit;
use EnomBridge\Kit\Text;

/** One request of Paymenter for one service. */
final class MailCall extends Call
{
    private const PASSWORD = 'enom_bridge_password'; // a property, encrypted with APP_KEY

    /** @param string $new the password that the customer wants instead of the one that is kept */
    public function __construct(private readonly Service $model, private readonly string $new = '')
    {
        parent::__construct((int) $model->id, Paymenter::bridgeOf($model));
    }

    public function address(): string
    {
        $given = Address::lower(trim(MailService::mailbox($this->model)));
        $isOne = preg_match('/\A[^@\s]+@[^@\s]+\z/', $given) === 1;
        return $isOne ? $given : throw new Fault(Text::of('mailbox_empty'));
    }

    public function customer(): string
    {
        return (string) $this->model->user_id;
    }

    public function password(): string
    {
        if ($this->new !== '') {
            return $this->new;
        }
        $sealed = (string) $this->model->properties()->where('key', self::PASSWORD)->value('value');
        return $sealed === '' ? '' : Kit::platform()->open($sealed);
    }

    public function keepPassword(string $password): bool
    {
        $sealed = Kit::platform()->seal($password);
        $value = ['name' => 'Mailbox password (encrypted)', 'value' => $sealed];
        $this->model->properties()->updateOrCreate(['key' => self::PASSWORD], $value);
        return true;
    }

    public function language(): string
    {
        return Page::language();
    }

    protected function displayName(): string
    {
        $user = $this->model->user;
        return mb_substr(Text::plain("$user?->first_name $user?->last_name"), 0, 255);
    }

    /** A configurable option of the order goes before the product's setting. */
    protected function plan(): string
    {
        $properties = ExtensionHelper::getServiceProperties($this->model);
        $chosen = Settings::text($properties, Settings::PLAN);
        $product = $this->model->product->settings->pluck('value', 'key')->all();
        return $chosen ?: Settings::text($product, Settings::PLAN);
    }

    protected function reason(): string
    {
        $isStaffs = Kit::platform()->asked() === Asked::Admin;
        return $isStaffs ? 'Suspended by staff' : MailService::OVERDUE;
    }

    protected function until(): string
    {
        return MailService::day($this->model->expires_at);
    }
}
