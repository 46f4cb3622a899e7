<?php

namespace WHMCS\Module\Server\Enombridge;

use Illuminate\Database\Schema\Blueprint;
use WHMCS\Database\Capsule;

/**
 * What the module itself keeps of a service: its mailbox, the hook that is pending, and what the bridge said last.
 *
 * A table of our own instead of service properties: those are custom fields, shown to people, and nothing in them can be
 * taken by one process only.
 */
final class Record
{
    public const TABLE = 'mod_enombridge';

    public string $address = ''; // of the mailbox that this service has; empty: none that the bridge confirmed
    public int $sequence = 0; // the highest that was heard of, for the mailbox `sequence_of`
    public string $sequence_of = '';
    public ?Pending $pending = null;
    public string $job = '';
    public string $job_status = '';
    public string $state = 'unknown';
    public string $verified = ''; // fact: how it is known, …
    public string $message = '';
    public int $checked_at = 0;
    public string $noted = ''; // the job that staff was told of

    private function __construct(public readonly int $service)
    {
    }

    public static function of(int $service): self
    {
        self::prepare();
        $record = new self($service);
        $row = (array) Capsule::table(self::TABLE)->where('service', $service)->first();
        foreach (array_intersect_key($row, get_object_vars($record)) as $name => $value) {
            if ($name === 'pending') {
                $record->pending = $value === null ? null : Pending::read($value);
            } elseif ($name !== 'service' && $value !== null) {
                settype($value, is_int($record->$name) ? 'int' : 'string');
                $record->$name = $value;
            }
        }
        return $record;
    }

    public function save(): void
    {
        $values = get_object_vars($this);
        $values['pending'] = $this->pending?->written();
        $values['pending_since'] = $this->pending?->since;
        Capsule::table(self::TABLE)->updateOrInsert(['service' => $this->service], array_diff_key($values, ['service' => 0]));
    }

    /** What a receipt tells of the mailbox. @param array<string, mixed> $receipt */
    public function learn(array $receipt): void
    {
        $this->heard($receipt);
        $this->job = (string) $receipt['job'];
        $this->job_status = (string) $receipt['status'];
        $this->message = Text::plain((string) $receipt['message']);
        $this->checked_at = time();
        $verified = array_filter((array) ($receipt['verified'] ?? []), 'is_string');
        $this->verified = implode(', ', array_map(fn ($fact, $how) => "$fact: $how", array_keys($verified), $verified));
        if ($receipt['state'] !== 'unknown') {
            $this->state = (string) $receipt['state'];
        }
        if ($receipt['status'] === 'succeeded' && empty($receipt['observed_only'])) {
            $this->address = $receipt['action'] === 'mailbox.terminate' ? '' : (string) $receipt['address'];
        }
    }

    /** @param array<string, mixed> $receipt */
    public function heard(array $receipt): void
    {
        $this->sequence = $this->sequence_of === $receipt['address'] ? max($this->sequence, $receipt['sequence']) : $receipt['sequence'];
        $this->sequence_of = (string) $receipt['address'];
    }

    /** @param array<string, mixed> $receipt */
    public function isOlder(array $receipt): bool
    {
        return $this->sequence_of === $receipt['address'] && $receipt['sequence'] < $this->sequence;
    }

    /** @return list<int> services with a pending hook, those that wait longest first */
    public static function pendingOnes(int $server): array
    {
        self::prepare();
        return array_map('intval', Capsule::table(self::TABLE)->join('tblhosting', 'tblhosting.id', '=', self::TABLE . '.service')
            ->where('tblhosting.server', $server)->whereNotNull('pending_since')->orderBy('pending_since')->pluck('service')->all());
    }

    /** Makes our two tables. Two processes may come here at once. */
    public static function prepare(): void
    {
        static $prepared = false;
        if ($prepared) {
            return;
        }
        self::make(self::TABLE, function (Blueprint $table): void {
            $table->integer('service')->primary();
            $table->string('lock_owner', 32)->nullable();
            $table->integer('lock_until')->nullable();
            $table->string('address', 320)->nullable();
            $table->bigInteger('sequence')->nullable();
            $table->string('sequence_of', 320)->nullable();
            $table->text('pending')->nullable();
            $table->integer('pending_since')->nullable()->index();
            foreach (['job', 'job_status', 'state', 'noted'] as $name) {
                $table->string($name, 64)->nullable();
            }
            $table->text('verified')->nullable();
            $table->text('message')->nullable();
            $table->integer('checked_at')->nullable();
        });
        self::make(Results::TABLE, function (Blueprint $table): void {
            $table->integer('server')->primary();
            $table->string('after', 128);
        });
        $prepared = true;
    }

    private static function make(string $table, callable $columns): void
    {
        if (Capsule::schema()->hasTable($table)) {
            return;
        }
        try {
            Capsule::schema()->create($table, $columns);
        } catch (\Throwable $error) {
            if (!Capsule::schema()->hasTable($table)) {
                throw $error;
            }
        }
    }
}
