<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit;
use EnomBridge\Kit\Action;
use EnomBridge\Kit\Address;
use EnomBridge\Kit\Fault;
use EnomBridge\Kit\Pending;
use EnomBridge\Kit\Text;

/** What people see of one mailbox on WHMCS's pages, and what its buttons do. */
final class Mailbox extends Kit\Mailbox
{
    /** @param array<string, mixed> $params throws Fault */
    public static function of(array $params): self
    {
        $service = Service::of($params);
        $seats = Hosting::find($service->id)?->hasSeats() ?? false;
        return new self($seats ? SeatsService::of($params) : $service, $params);
    }

    /** @param array<string, mixed> $params */
    private function __construct(Service $service, private readonly array $params)
    {
        parent::__construct($service);
    }

    /** What a mail program is told. @param array<string, mixed> $params @return array<string, string> plain */
    public function settings(array $params): array
    {
        $value = fn (Option $option): string => $option->value($params);
        return [
            'webmail' => self::link($value(Option::Webmail)),
            'incoming' => $this->place($value(Option::Incoming), $value(Option::IncomingPort)),
            'outgoing' => $this->place($value(Option::Outgoing), $value(Option::OutgoingPort)),
        ];
    }

    /** @return array<string, string> label => HTML */
    public function staffFields(): array
    {
        $fields = [];
        foreach ($this->call instanceof SeatsService ? $this->ofSeats() + $this->rows() : $this->rows() as $key => $text) {
            $fields[Text::of($key)] = self::escaped($text);
        }
        $moves = $this->call instanceof SeatsService ? $this->moving()->fields() : $this->moved();
        foreach ($moves as $key => $lines) {
            $fields[Text::of($key)] = implode('<br>', array_map(self::escaped(...), $lines));
        }
        if (($dns = $this->dns()) !== []) {
            $fields[Text::of('staff_dns')] = implode('<br>', array_map(self::escaped(...), $dns));
        }
        if (($links = $this->links()) !== []) {
            $anchors = array_map(self::anchor(...), array_keys($links), $links);
            $fields[Text::of('staff_bridge')] = implode(' &middot; ', $anchors);
        }
        if (($warning = $this->warning()) !== '') {
            $fields[Text::of('staff_warning')] = '<strong>' . self::escaped($warning) . '</strong>';
        }
        return $fields;
    }

    /** What the bridge has on record; Enom is not asked. @return array<string, string> */
    private function ofSeats(): array
    {
        try {
            $seats = $this->call->seats();
            $all = Mailboxes::of($this->call)->all();
            $values = ['used' => count($all), 'seats' => $seats->number, 'domain' => $seats->domain];
            $told = fn (array $one): string => $one['address'] . ' (' . Text::of("state_$one[state]") . ')';
            return ['staff_mailbox' => Text::of('staff_seats', $values), 'staff_mailboxes' => implode(', ', array_map($told, $all)) ?: '-'];
        } catch (Fault $fault) {
            return ['staff_mailbox' => Text::of('staff_seats_away', ['why' => $fault->getMessage()])];
        }
    }

    /** Whether the mail of its domain works: the bridge looks into DNS, Enom is not asked. @return list<string> plain */
    private function dns(): array
    {
        $isThere = in_array(Hosting::find($this->call->id)?->status, ['Active', 'Suspended'], true);
        $domain = $isThere ? Address::domain($this->record->address ?: $this->seatsDomain()) : '';
        return $domain === '' ? [] : Dns::lines($domain, $this->call->client());
    }

    private function seatsDomain(): string
    {
        return $this->call instanceof SeatsService ? $this->call->address() : '';
    }

    /** Where the mailbox of a single service went. @return array<string, list<string>> */
    private function moved(): array
    {
        $move = Move::of($this->call->id);
        $key = $move?->isOpen() ? 'move_open' : ($move?->hasTaken() ? 'move_gone' : '');
        return $key === '' ? [] : ['move_moved' => [Text::of($key, $move->told())]];
    }

    /** Single mailboxes that become those of this service, and back. Throws Fault at a single one. */
    public function moving(): Moving
    {
        return $this->call instanceof SeatsService ? new Moving($this->call) : throw new Fault(Text::of('move_not_here'));
    }

    /** How what is pending stands; of a single mailbox also how it is at Enom. */
    public function check(): void
    {
        if ($this->call instanceof SeatsService) {
            $this->follow();
            $this->moving()->follow();
            return;
        }
        parent::check();
    }

    /** @return array<string, mixed> as WHMCS wants it of a single sign-on */
    public function singleSignOn(): array
    {
        if ($this->call instanceof SeatsService) { // which of them is chosen on the page
            return ['success' => true, 'redirectTo' => "clientarea.php?action=productdetails&id={$this->call->id}"];
        }
        $url = $this->signIn();
        if ($url !== '') {
            return ['success' => true, 'redirectTo' => $url];
        }
        $why = Text::of('sign_in_failed', [], $this->call->language());
        return ['success' => false, 'errorMsg' => $why];
    }

    protected function order(): ?string
    {
        return $this->ran((string) Command::of(Action::Create));
    }

    protected function repeat(Pending $pending): ?string
    {
        $command = Command::of($pending->action);
        if ($command === null) {
            // WHMCS does no more about a renewal either.
            $said = Lifecycle::run($pending->action, $this->params);
            return $said === 'success' ? null : $said;
        }
        return $this->ran($command, Command::values($pending));
    }

    /** @param array<string, string> $values */
    private function ran(string $command, array $values = []): ?string
    {
        $answer = (array) localAPI($command, ['serviceid' => $this->call->id] + $values);
        $why = Command::failure($answer);
        return $why === null ? null : Text::plain($this->call->log()->masker->mask($why));
    }

    private static function anchor(string $key, string $url): string
    {
        $to = self::escaped($url);
        $label = self::escaped(Text::of($key));
        return "<a href=\"$to\" target=\"_blank\" rel=\"noopener noreferrer\">$label</a>";
    }

    private static function escaped(string $text): string
    {
        return htmlspecialchars($text, ENT_QUOTES | ENT_SUBSTITUTE);
    }

    private static function link(string $url): string
    {
        return preg_match('#\Ahttps?://#i', $url) ? $url : '';
    }
}
