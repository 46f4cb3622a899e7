<?php

namespace EnomBridge\Kit;

/** One call of the platform for one service: who, which mailbox, and what the hook has to say. */
abstract class Call
{
    private string $fresh = ''; // a password that was made up in this call

    protected function __construct(public readonly int $id, public readonly Bridge $bridge)
    {
    }

    /**
     * What the customer asks for now, which need not be the mailbox that the service has. Throws
     * Fault.
     */
    abstract public function address(): string;

    /** The platform's id of the customer; empty: it is not sent. */
    abstract public function customer(): string;

    /** The password that the platform holds for this service; empty: none. */
    abstract public function password(): string;

    /** Has the platform hold this one instead. False: it cannot. */
    abstract protected function keepPassword(string $password): bool;

    /** Empty: it is not sent; so are the next three. */
    abstract protected function displayName(): string;

    abstract protected function plan(): string;

    abstract protected function reason(): string;

    /** The date that a paid renewal covers, like 2027-11-30. */
    abstract protected function until(): string;

    /** The customer's, as a file of lang/ is named. */
    public function language(): string
    {
        return 'english';
    }

    /**
     * Why this customer may not have a mailbox in that domain, as far as the platform knows; null:
     * nothing speaks against it.
     */
    protected function objection(): ?string
    {
        return null;
    }

    /**
     * Whether the admin chose to have success told while it is in progress, to be corrected later.
     */
    protected function tellsEarly(): bool
    {
        return false;
    }

    public function log(): Log
    {
        return $this->bridge->log($this->password(), $this->fresh);
    }

    /** @param string $secrets what its log must not show beside the password that the service has now */
    public function client(string ...$secrets): Client
    {
        return new Client($this->bridge, $this->log()->hiding(...$secrets));
    }

    /** Throws Fault when there is none. */
    public function knownPassword(): string
    {
        return $this->password() !== '' ? $this->password() : throw new Fault(Text::of('password_unknown'));
    }

    public function isToldEarly(Action $action): bool
    {
        return $action->mayBeToldEarly() && $this->tellsEarly();
    }

    /** Seconds that the platform waits for the end of it, before it is told that it is in progress. */
    public function waits(Action $action): int
    {
        return $this->isToldEarly($action) ? 0 : Client::WAIT;
    }

    /**
     * The hook's data. The mailbox that a service has goes before what its fields say now: an upgrade to another product
     * may empty them.
     *
     * @return array<string, string|bool>
     */
    public function data(Action $action, Record $record): array
    {
        if (in_array($action, [Action::Create, Action::ChangePlan], true) && ($now = $this->renamed($record)) !== null) {
            throw new Fault(Text::of('renamed', ['now' => $now, 'has' => $record->address]));
        }
        $data = $this->mailbox($record) + array_filter(['customer_id' => $this->customer()], 'strlen') + $this->more($action);
        return $action === Action::Create && $this->isConfirmed($record) ? $data + ['domain_confirmed' => true] : $data;
    }

    /** Which mailbox of which service. @return array<string, string> */
    public function mailbox(Record $record): array
    {
        return ['service_id' => (string) $this->id, 'address' => $record->address ?: $this->address()];
    }

    /**
     * Why this customer may not have a new mailbox, as far as the platform knows and staff has not
     * said otherwise.
     */
    public function stops(Record $record): ?string
    {
        return $record->address !== '' || $this->isConfirmed($record) ? null : $this->objection();
    }

    /** The address that the service's fields say now, where that is another one than its mailbox has. */
    public function renamed(Record $record): ?string
    {
        try {
            return $record->isRenamed($now = $this->address()) ? Text::plain($now) : null;
        } catch (Fault) {
            return null;
        }
    }

    /** Staff has said that this customer may have mail in this domain. */
    private function isConfirmed(Record $record): bool
    {
        return $record->confirmed !== '' && $record->confirmed === Address::domain($record->address ?: $this->address());
    }

    /** @return array<string, string> */
    private function more(Action $action): array
    {
        $more = match ($action) {
            Action::Create => [
                'password' => $this->fitPassword(), 'display_name' => $this->displayName(), 'plan' => $this->plan(),
            ],
            Action::Suspend => ['reason' => $this->reason()],
            Action::ChangePassword => ['password' => $this->password()],
            Action::ChangePlan => ['plan' => $this->plan()],
            Action::Renew => ['until' => $this->until()],
            default => [],
        };
        return array_filter($more, fn (string $value) => $value !== '');
    }

    /**
     * A new mailbox's password: the platform's own, or where Enom's rule forbids it, a new one that
     * the platform then has as well.
     */
    private function fitPassword(): string
    {
        if (Password::fits($this->password())) {
            return $this->password();
        }
        $this->fresh = Password::fresh();
        if (!$this->keepPassword($this->fresh)) {
            throw new Fault(Text::of('password_not_kept'));
        }
        return $this->fresh;
    }
}
