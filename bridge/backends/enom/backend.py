"""Enom as a backend: what its two systems show, put together; each change by the one command
that makes it."""

import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.backends.enom import paks
from bridge.backends.enom.client import Client
from bridge.backends.enom.commands import Order, call_for, name_of
from bridge.backends.enom.domains import perhaps_meant, split
from bridge.backends.enom.products import Paks
from bridge.backends.enom.settings import EnomAccount
from bridge.backends.hosted_email import HostedEmail
from bridge.backends.hosted_email.backend import observed, read_usage
from bridge.backends.hosted_email.wire import SERVICES, ListLine
from bridge.backends.passwords import unknowable
from bridge.domain.errors import Refused
from bridge.domain.model import (
    MAILBOX,
    Address,
    Answer,
    Change,
    Deleted,
    Fact,
    Mailbox,
    Proof,
    Remark,
    Survey,
)
from bridge.infra.events import Events
from bridge.infra.http_client import HttpClient

EVIDENCE: Mapping[str, str] = {
    "orderid": "order",
    "bundleid": "bundle",
    "accountscreated": "created",
    "accountsmodified": "modified",
    "accountsdeleted": "deleted",
    "trackingkey": "tracking",
}
LISTED = frozenset({Fact.EXISTENCE, Fact.EXPIRY})
"""What only interface.asp can show, or has to agree with; all else hosted email shows alone."""
SUSPENSION_PROOF: Mapping[str, Proof] = {
    "hosted-email": Proof.VERIFIED,
    "lock-out": Proof.ACCEPTED,
    "commands": Proof.ACCEPTED,
}


class EnomBackend:
    """Both of Enom's APIs under one account; hosted email only where it is configured."""

    provider = "Enom"
    proves_passwords = False

    def __init__(
        self,
        account: EnomAccount,
        outgoing: HttpClient,
        now: Callable[[], float] = time.time,
        choose: Callable[[Any], str] = secrets.choice,
        events: Events | None = None,
    ) -> None:
        events = events or Events()
        self._account, self._now, self._choose = account, now, choose
        self._enom = Client(account, outgoing, now, events)
        hosted = account.hosted_email
        self._hosted = (
            HostedEmail(hosted, outgoing, now, events, name=account.name, timeout=account.timeout)
            if hosted
            else None
        )
        self.products = Paks(account.purchase)
        self.services = self._hosted.services if self._hosted else ()
        self.proofs: Mapping[Fact, Proof] = {
            Fact.EXISTENCE: Proof.VERIFIED,
            Fact.SUSPENSION: SUSPENSION_PROOF.get(account.suspend_with, Proof.UNSUPPORTED),
            Fact.PASSWORD: Proof.ACCEPTED,
            Fact.PLAN: Proof.VERIFIED if hosted else Proof.UNSUPPORTED,
            Fact.EXPIRY: Proof.VERIFIED,
            Fact.ALIASES: Proof.VERIFIED if hosted else Proof.UNSUPPORTED,
            Fact.FORWARDING: Proof.VERIFIED if hosted else Proof.UNSUPPORTED,
        }

    def observe(self, address: Address, about: Collection[Fact] = tuple(Fact)) -> Mailbox:
        if self._hosted is not None and not LISTED.intersection(about):
            # Saves a third of a suspension's calls, which are what the end of a month waits for.
            user = self._hosted.client.user(str(address), domain_may_be_new=True)
            if user is not None:
                return observed(address, user)
        listing = self._listing_with(address)
        box = listing.mailboxes.get(address.local)
        pak = listing.pak(box.bundle) if box else None
        if self._hosted is None:
            return Mailbox(address, box is not None, pak=pak, paks=listing.paks)
        user = self._hosted.client.user(str(address), domain_may_be_new=not listing.mailboxes)
        if user is not None and user.type != MAILBOX:
            return replace(observed(address, user), pak=pak, paks=listing.paks)
        # Where the two systems disagree nothing is decided (None): either list may be the older
        # one.
        exists = box is not None if (box is None) == (user is None) else None
        if user is None:
            return Mailbox(address, exists, pak=pak, paks=listing.paks)
        shown = replace(observed(address, user), exists=exists, made_at=None)
        return replace(shown, pak=pak, paks=listing.paks)

    def survey(self, domain: str) -> Survey:
        listing = self._listing(domain)
        # A mailbox that a short list leaves out would be reported as missing, and could be made
        # again.
        if not listing.complete or "" in listing.mailboxes:
            raise listing.incomplete()
        new = not listing.mailboxes
        hosted = self._hosted.client.users(domain, domain_may_be_new=new) if self._hosted else None
        names = {*listing.mailboxes, *(hosted or {})}
        others = {line.local for line in (hosted or {}).values() if not line.is_mailbox}
        found = [
            surveyed(Address(local, domain), listing, hosted) for local in sorted(names - others)
        ]
        return Survey(tuple(found), listing.paks)

    def holders(self, domain: str, names: Collection[str]) -> Mapping[str, str]:
        hosted = self._hosted_needed("Aliases need hosted email")
        return hosted.holders(domain, names)

    def deleted(self, domain: str) -> Sequence[Deleted]:
        return self._hosted_needed("Restoring a deleted mailbox needs hosted email").deleted(domain)

    def undelete(self, found: Deleted) -> None:
        hosted = self._hosted_needed("Restoring a deleted mailbox needs hosted email")
        hosted.undelete(found)

    def apply(self, address: Address, change: Change, seen: Mailbox) -> Answer:
        if seen.exists and seen.type != MAILBOX:
            raise Refused(f"{address} is no mailbox, but of type {seen.type}.", code="conflict")
        call = call_for(Order(self._account, address, change, seen, self._now(), self._choose))
        if call is None:
            return self._hosted_needed("This needs hosted email").apply(address, change, seen)
        fields = self._enom.write(call.command, call.parameters).fields
        return Answer(
            call.command,
            {ours: fields[theirs] for theirs, ours in EVIDENCE.items() if fields.get(theirs)},
        )

    def command(self, change: Change) -> str:
        return name_of(change, self._account)

    def new_password(self, address: Address, choose: Callable[[Sequence[str]], str]) -> str:
        return unknowable(address, choose)

    def probe(self) -> None:
        self._enom.read("CheckLogin", {})
        if self._hosted:
            self._hosted.probe()

    def remarks(self, domains: Collection[str], sizes: Mapping[str, int]) -> Sequence[Remark]:
        return ()

    def usage(self, address: Address) -> Mapping[str, int]:
        if self._hosted:
            return self._hosted.usage(address)
        box = self._listing_with(address).mailboxes.get(address.local)
        if box is None:
            raise Refused(f"{address} does not exist at Enom.", code="not_found")
        return read_usage(box.used, box.quota)

    def sign_in(self, address: Address) -> str:
        return self._hosted_needed("Sign-in needs hosted email").sign_in(address)

    def _hosted_needed(self, why: str) -> HostedEmail:
        if self._hosted is None:
            raise Refused(f"{why}: set [accounts.….hosted_email].", code="unsupported")
        return self._hosted

    def _listing(self, domain: str) -> paks.Listing:
        try:
            return paks.listing(self._enom.read("GetPOP3", split(domain)))
        except Refused as refusal:
            meant = perhaps_meant(domain) if refusal.code == "domain_not_in_account" else ""
            if not meant:
                raise
            hint = f"If the address should be one of {meant}, correct it."
            fault = Refused(
                f"{refusal.detail.rstrip('.')}. {hint}", code=refusal.code, remote=refusal.remote
            )
        raise fault

    def _listing_with(self, address: Address) -> paks.Listing:
        """A listing that shows this mailbox, or that it is not there."""
        listing = self._listing(address.domain)
        if not listing.complete and address.local not in listing.mailboxes:
            raise listing.incomplete()
        return listing


def surveyed(
    address: Address, listing: paks.Listing, hosted: Mapping[str, ListLine] | None
) -> Mailbox:
    """One mailbox out of the lists of both systems; `hosted` is None where only one is asked."""
    box = listing.mailboxes.get(address.local)
    both = hosted is None or (box is None) == (address.local not in hosted)
    line = hosted.get(address.local) if hosted else None
    services = dict.fromkeys(SERVICES, "suspended") if line and line.suspended else None
    pak = listing.pak(box.bundle) if box else None
    return Mailbox(address, True if both else None, services, pak=pak, paks=listing.paks)
