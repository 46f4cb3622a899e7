<?php

namespace Box\Mod\Serviceenombridge\Api;

use Box\Mod\Serviceenombridge\Bridge\Lifecycle;
use Box\Mod\Serviceenombridge\Bridge\Mailbox;
use Box\Mod\Serviceenombridge\Bridge\Servers;
use EnomBridge\Kit\Connection;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Log;
use EnomBridge\Kit\Text;
use FOSSBilling\InformationException;

/** What the pages of staff ask and do. */
class Admin extends \FOSSBilling\Api\AbstractApi
{
    /** The bridges, without their secrets. */
    public function server_get_list($data): array
    {
        $this->checkPermissions('serviceenombridge', 'manage_settings');
        return Servers::shown();
    }

    /** Number => name, for a product's settings. */
    public function server_get_pairs($data): array
    {
        $shown = Servers::shown();
        $named = array_map(fn (array $one) => "{$one['name']} ({$one['source']})", $shown);
        return array_combine(array_column($shown, 'id'), $named);
    }

    public function server_save($data): int
    {
        $this->checkPermissions('serviceenombridge', 'manage_settings');
        return $this->done(fn (): int => Servers::save($data));
    }

    public function server_delete($data): bool
    {
        $this->checkPermissions('serviceenombridge', 'manage_settings');
        Servers::remove((int) ($data['id'] ?? 0));
        return true;
    }

    /** A sentence when the bridge can work for FOSSBilling; else an error that says why not. */
    public function server_test($data): string
    {
        $this->checkPermissions('serviceenombridge', 'manage_settings');
        $id = (int) ($data['id'] ?? 0);
        $problem = $this->done(fn (): string => Connection::problem(Servers::required($id)));
        return $problem === '' ? Text::of('connected') : throw new InformationException($problem);
    }

    /** The plans of a bridge by name; the reason where it cannot be asked. */
    public function plans($data): array
    {
        try {
            return Connection::plans(Servers::required((int) ($data['server'] ?? 0)));
        } catch (Fault $fault) {
            return ['' => $fault->getMessage()];
        }
    }

    public function check($data): bool
    {
        $this->checkPermissions('serviceenombridge', 'manage');
        $this->done(fn () => $this->mailbox($data)->check());
        return true;
    }

    public function send_again($data): bool
    {
        $this->checkPermissions('serviceenombridge', 'manage');
        return $this->said($this->done(fn (): ?string => $this->mailbox($data)->sendAgain()));
    }

    public function send_anyway($data): bool
    {
        $this->checkPermissions('serviceenombridge', 'manage');
        $staff = (string) ($this->getIdentity()->id ?? '?');
        $sent = fn (): ?string => $this->mailbox($data)->sendAnyway($staff);
        return $this->said($this->done($sent));
    }

    public function change_plan($data): bool
    {
        $this->checkPermissions('serviceenombridge', 'manage');
        [$order, $plan] = [(int) ($data['order_id'] ?? 0), (string) ($data['plan'] ?? '')];
        $this->done(fn () => Lifecycle::changePlan($order, $plan));
        return true;
    }

    private function mailbox(array $data): Mailbox
    {
        return Mailbox::of((int) ($data['order_id'] ?? 0));
    }

    private function said(?string $why): bool
    {
        return $why === null ? true : throw new InformationException($why);
    }

    /** @template T @param callable(): T $do @return T */
    private function done(callable $do): mixed
    {
        try {
            return $do();
        } catch (Fault $fault) {
            throw new InformationException($fault->getMessage());
        } catch (\Exception $error) {
            throw $error instanceof \FOSSBilling\Exception
                ? $error
                : new InformationException((new Log([]))->unexpected('page', $error));
        }
    }
}
