<?php

namespace WHMCS\Module\Server\Enombridge;

use EnomBridge\Kit\Address;
use EnomBridge\Kit\Text;
use Illuminate\Database\Query\Builder;
use WHMCS\Database\Capsule;

/**
 * Whether a domain is this client's to have mail in, as far as WHMCS knows: a certificate, or somebody's mail, is one
 * `postmaster@` away.
 */
final class Domain
{
    private const REGISTERED = ['Active', 'Grace', 'Redemption'];

    /** @param list<string> $names the domain and those above it, in each spelling that WHMCS may have */
    private function __construct(private readonly int $client, private readonly string $shown, private readonly array $names)
    {
    }

    /**
     * What stands in the way of a mailbox of this client, for staff; null: nothing.
     *
     * @param string $check the product's setting: client, registered or off
     */
    public static function stops(string $address, int $client, string $check): ?string
    {
        $domain = substr((string) strrchr($address, '@'), 1);
        if ($check === 'off' || $domain === '') {
            return null;
        }
        $self = new self($client, Text::plain($domain), self::names($domain));
        if ($self->names === []) {
            return null;
        }
        if ($check === 'registered') {
            return $self->registered('=')->exists() ? null : Text::of('domain_not_registered', ['domain' => $self->shown]);
        }
        if ($self->registered('=')->exists() || $self->mailboxes('=')->exists()) {
            return null;
        }
        $holder = $self->registered('!=')->value('userid');
        if ($holder !== null) {
            return Text::of('domain_registered_by', ['domain' => $self->shown, 'client' => (int) $holder]);
        }
        $mailbox = $self->mailboxes('!=')->first(['tblhosting.id', 'tblhosting.userid']);
        return $mailbox === null ? null : Text::of('domain_used_by', ['domain' => $self->shown, 'client' => (int) $mailbox->userid, 'service' => (int) $mailbox->id]);
    }

    /** @param string $whose `=` this client's, `!=` those of others */
    private function registered(string $whose): Builder
    {
        return Capsule::table('tbldomains')->where('userid', $whose, $this->client)->whereIn('domain', $this->names)->whereIn('status', self::REGISTERED);
    }

    /**
     * Services of ours that have a mailbox there. An order alone has none: anybody can type anything into one; so the domain
     * that was typed speaks for others, who may not have been heard of since they were taken over, and not for oneself.
     */
    private function mailboxes(string $whose): Builder
    {
        return Capsule::table('tblhosting')->join('tblproducts', 'tblproducts.id', '=', 'tblhosting.packageid')
            ->leftJoin(Store::TABLE, Store::TABLE . '.service', '=', 'tblhosting.id')
            ->where('tblproducts.servertype', 'enombridge')->where('tblhosting.userid', $whose, $this->client)
            ->where(function (Builder $query) use ($whose): void {
                foreach ($this->names as $name) {
                    $query->orWhere(Store::TABLE . '.address', 'like', "%@$name");
                }
                $query->orWhere(fn (Builder $live) => $live->whereIn('tblhosting.domainstatus', ['Active', 'Suspended'])
                    ->where(function (Builder $named) use ($whose): void {
                        foreach ($this->names as $name) {
                            $named->orWhere('tblhosting.username', 'like', "%@$name");
                        }
                        $named->when($whose !== '=', fn (Builder $typed) => $typed->orWhereIn('tblhosting.domain', $this->names));
                    }));
            })->orderBy('tblhosting.id');
    }

    /** @return list<string> */
    private static function names(string $domain): array
    {
        $names = [];
        for ($labels = explode('.', $domain); count($labels) > 1; array_shift($labels)) {
            $name = implode('.', $labels);
            if (preg_match('/[%_\\\\\s]/', $name)) {
                continue; // no domain, and the bridge refuses it; in a search it would stand for others
            }
            $ascii = Address::labels($name);
            $unicode = $ascii !== null && function_exists('idn_to_utf8') ? @idn_to_utf8($ascii, IDNA_NONTRANSITIONAL_TO_UNICODE, INTL_IDNA_VARIANT_UTS46) : false;
            array_push($names, $name, ...array_filter([$ascii, $unicode], fn ($spelling) => is_string($spelling) && $spelling !== ''));
        }
        return array_values(array_unique($names));
    }
}
