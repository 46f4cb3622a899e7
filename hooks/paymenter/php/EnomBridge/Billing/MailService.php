<?php

namespace Paymenter\Extensions\Servers\EnomBridge\Billing;

use App\Helpers\NotificationHelper;
use App\Models\Service;
use EnomBridge\Kit;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Asked;
use EnomBridge\Kit\Grounds;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Record;
use EnomBridge\Kit\Text;

/** A service of Paymenter as it is now. */
final class MailService extends Kit\Service
{
    public const OVERDUE = 'Overdue on payment';

    public function __construct(private readonly Service $model)
    {
        parent::__construct(
            (int) $model->id,
            (int) $model->user_id,
            (int) $model->product?->server_id,
            self::status($model),
            self::mailbox($model),
            self::OVERDUE,
        );
    }

    /**
     * Cron suspends what is overdue, also while its creation still waits: there is nothing to
     * suspend then, and the creation goes on.
     */
    private static function status(Service $model): string
    {
        $isSuspended = $model->status === Service::STATUS_SUSPENDED;
        $record = $isSuspended ? Record::of((int) $model->id) : null;
        $isNew = $record?->address === ''
            && ($record->pending['status'] ?? null)?->action === Action::Create;
        return $isNew ? Service::STATUS_PENDING : (string) $model->status;
    }

    /** As the service's property has it. */
    public static function mailbox(Service $model): string
    {
        $found = $model->properties()->where('key', Settings::MAILBOX)->value('value');
        return Text::plain((string) $found);
    }

    public static function day(mixed $date): string
    {
        $date = $date instanceof \DateTimeInterface ? $date->format('Y-m-d') : $date;
        return Grounds::day(is_scalar($date) ? (string) $date : '');
    }

    public function grounds(): array
    {
        $cancellation = $this->model->cancellation()->orderByDesc('id')->first();
        return Grounds::of(
            due: self::day($this->model->expires_at),
            reason: $this->reason,
            product: (string) $this->model->product_id,
            client: (string) $this->client,
            cycle: (string) $this->model->plan_id,
            amount: (string) $this->model->price,
            cancel: $cancellation === null ? '' : "$cancellation->id $cancellation->type",
            owed: $this->unpaid(),
        );
    }

    public function setStatus(string $status): void
    {
        $this->model->status = $status;
        $this->model->saveQuietly();
    }

    public function setMailbox(string $address): void
    {
        $key = ['key' => Settings::MAILBOX];
        $this->model->properties()->updateOrCreate($key, ['value' => $address]);
    }

    /** What Paymenter's own job and the page would have done: status, event, mail, password. */
    public function complete(Pending $pending): ?string
    {
        $status = $pending->action->leadsTo();
        if ($pending->action === Action::ChangePassword) {
            (new MailCall($this->model))->keepPassword($pending->password());
        }
        if ($status === null) {
            return null;
        }
        $this->model->status = $status;
        $this->model->save();
        if ($pending->asked_by !== Asked::Admin) { // as with what staff triggers otherwise
            $this->notify($pending->action);
        }
        return null;
    }

    public function unsuspend(): ?string
    {
        return Lifecycle::outcome(Action::Unsuspend, $this->model);
    }

    public function alert(string $address, string $text): void
    {
        $values = compact('address', 'text') + ['service' => $this->id, 'client' => $this->client];
        $body = htmlspecialchars(Text::of('alert_body', $values), ENT_QUOTES | ENT_SUBSTITUTE);
        NotificationHelper::sendSystemEmailNotification(Text::of('alert_subject', $values), $body);
    }

    /** Staff deleted the service: what the bridge still has of it nobody would end. */
    public function gone(): void
    {
        $record = Record::of($this->id);
        if ($record->address !== '') {
            $text = Text::of('deleted', ['service' => $this->id, 'address' => $record->address]);
            Log::activity($text, 0, $this->client);
            $this->alert($record->address, $text);
        }
    }

    /** @return list<int> also those that cron cancelled: only what is paid is owed no longer */
    private function unpaid(): array
    {
        $unpaid = $this->model->invoices()->where('status', '!=', 'paid')->pluck('invoices.id');
        $ids = array_unique(array_map('intval', $unpaid->all()));
        sort($ids);
        return $ids;
    }

    /** The status stands; a mail that cannot be sent must not have it done again and again. */
    private function notify(Action $action): void
    {
        $about = [$this->model->user, $this->model, Page::of($this->model)->forMail()];
        try {
            match ($action) {
                Action::Create => NotificationHelper::serverCreatedNotification(...$about),
                Action::Suspend => NotificationHelper::serverSuspendedNotification(...$about),
                Action::Terminate => NotificationHelper::serverTerminatedNotification(...$about),
                default => null,
            };
        } catch (\Throwable $error) {
            (new Log([]))->unexpected('notification', $error);
        }
    }
}
