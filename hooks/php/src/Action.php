<?php

namespace EnomBridge\Kit;

/** What a hook asks for. */
enum Action: string
{
    case Create = 'mailbox.create';
    case Suspend = 'mailbox.suspend';
    case Unsuspend = 'mailbox.unsuspend';
    case Terminate = 'mailbox.terminate';
    case ChangePassword = 'mailbox.change_password';
    case ChangePlan = 'mailbox.change_plan';
    case Renew = 'mailbox.renew';

    /** What staff reads of it. */
    public function told(): string
    {
        return Text::of("action_$this->name");
    }

    /** The status that the platform gives a service when this succeeds; null: it stays as it is. */
    public function leadsTo(): ?string
    {
        return Kit::platform()->statusAfter($this);
    }

    /** What it is about. A newer hook about the same takes the place of an older one; those about other things go on. */
    public function about(): string
    {
        return match ($this) {
            self::ChangePassword => 'password',
            self::ChangePlan => 'plan',
            self::Renew => 'expiry',
            default => 'status',
        };
    }

    /** @return list<string> what a hook of this action decides, and so what older ones are no longer waited for */
    public function decides(): array
    {
        return match ($this) {
            self::Create => ['status', 'password', 'plan'],
            self::Terminate => ['status', 'password', 'plan', 'expiry'],
            default => [$this->about()],
        };
    }

    /** Whether the admin may choose to be told success while it is in progress, to be corrected by the callback. */
    public function mayBeToldEarly(): bool
    {
        return in_array($this, [self::Suspend, self::Terminate, self::Renew], true);
    }
}
