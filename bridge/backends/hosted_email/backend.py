"""Hosted email as a backend by itself: one API, one look, and each change by the one method that
makes it."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bridge.backends.hosted_email import standing
from bridge.backends.hosted_email.client import Client
from bridge.backends.hosted_email.commands import arguments_of, method_of
from bridge.backends.hosted_email.products import ByTheMonth
from bridge.backends.hosted_email.settings import HostedEmailAccount
from bridge.backends.hosted_email.wire import SERVICES, User
from bridge.backends.passwords import unknowable
from bridge.domain.errors import NeedsPerson, RefusalUnproven, Refused
from bridge.domain.model import (
    MAILBOX,
    MAKING,
    Address,
    Answer,
    Change,
    ChangeKind,
    Deleted,
    Fact,
    Mailbox,
    Proof,
    Remark,
    Survey,
)
from bridge.infra.events import Events
from bridge.infra.http_client import HttpClient

PROOFS: Mapping[Fact, Proof] = {
    Fact.EXISTENCE: Proof.VERIFIED,
    Fact.SUSPENSION: Proof.VERIFIED,
    Fact.PASSWORD: Proof.ACCEPTED,
    Fact.PLAN: Proof.VERIFIED,
    Fact.EXPIRY: Proof.UNSUPPORTED,
    Fact.ALIASES: Proof.VERIFIED,
    Fact.FORWARDING: Proof.VERIFIED,
}


class HostedEmail:
    """The API under one admin's credentials. `timeout` is seconds for one call in all."""

    provider = "hosted email"
    proofs = PROOFS
    products = ByTheMonth()

    def __init__(
        self,
        account: HostedEmailAccount,
        outgoing: HttpClient,
        now: Callable[[], float] = time.time,
        events: Events | None = None,
        *,
        name: str = "",
        timeout: float = 30.0,
    ) -> None:
        self.client = Client(account, timeout, outgoing, now, events or Events(), name)
        self._account = account
        self.proves_passwords, self.creates_domains = (
            account.prove_passwords,
            account.create_domains,
        )
        kept = {"receiving"} if account.keep_receiving else set()
        self.services: Sequence[str] = tuple(each for each in SERVICES if each not in kept)

    def observe(self, address: Address, about: Collection[Fact] = tuple(Fact)) -> Mailbox:
        try:
            user = self.client.user(str(address))
        except Refused as refusal:
            if not self.creates_domains or not self.client.domain_missing(address.domain, refusal):
                raise
            return Mailbox(address, False, domain_missing=True)
        return Mailbox(address, False) if user is None else observed(address, user)

    def survey(self, domain: str) -> Survey:
        lines = [line for line in self.client.users(domain).values() if line.is_mailbox]
        boxes = [listed(Address(line.local, domain), line.suspended) for line in lines]
        return Survey(tuple(sorted(boxes, key=lambda box: box.address.local)))

    def holders(self, domain: str, names: Collection[str]) -> Mapping[str, str]:
        lines = self.client.users(domain)
        wanted = {name: lines.get(Address.parse(name).local) for name in names}
        return {
            name: f"{line.target or line.local}@{domain}" for name, line in wanted.items() if line
        }

    def deleted(self, domain: str) -> Sequence[Deleted]:
        return self.client.deleted(domain)

    def undelete(self, found: Deleted) -> None:
        self.client.call(
            "restore_user", user=str(found.address), id=found.id, new_name=str(found.address)
        )

    def apply(self, address: Address, change: Change, seen: Mailbox) -> Answer:
        method, arguments = method_of(change), arguments_of(change)
        if change.kind not in MAKING and not seen.exists:
            # `change_user` makes the user that it does not find [D], and nothing can forbid it
            # that.
            raise Refused(
                f"{address} does not exist, so there is nothing to change.", code="not_found"
            )
        if seen.exists:
            require_type(address, seen.type)
        if change.in_doubt:
            self._require_own(address)
        if change.kind is ChangeKind.PROVE_PASSWORD:
            self.client.sign_in_as(str(address), change.secret or "")
        elif change.kind is ChangeKind.MAKE_DOMAIN:
            self.client.call(method, domain=address.domain, **arguments)
        elif change.kind is ChangeKind.SET_ALIASES:
            self._set_aliases(address, arguments)
        else:
            self.client.call(method, user=str(address), **arguments)
        return Answer(method)

    def _set_aliases(self, address: Address, arguments: Mapping[str, Any]) -> None:
        try:
            self.client.call("change_user", user=str(address), **arguments)
        except RefusalUnproven as doubt:
            if doubt.code != "not_ours":
                raise
            # "Exists already" is said of an alias here, not of the mailbox.
            text = f"{doubt.detail.rstrip('.')}. One of the aliases is taken: leave it out."
            refusal = Refused(text, code="address_taken", remote=doubt.remote)
        else:
            return
        raise RefusalUnproven(refusal)

    def command(self, change: Change) -> str:
        return method_of(change)

    def new_password(self, address: Address, choose: Callable[[Sequence[str]], str]) -> str:
        return unknowable(address, choose)

    def _require_own(self, address: Address) -> None:
        """Of a creation in doubt: raises where the mailbox that is there now may be another's."""
        ours = self.client.made_by_bridge(str(address))
        adopt = "If it is this service's, adopt it (enom-bridge mailboxes adopt) and retry the job."
        if ours is None:
            raise NeedsPerson(
                f"{address} exists, and the platform's log does not show who made it: it is left "
                f"as it is. {adopt}",
                code="unclear",
            )
        if not ours:
            raise Refused(
                f"{address} exists, and somebody else made it: it is left as it is. {adopt}",
                code="not_ours",
            )

    def probe(self) -> None:
        self.client.call("authenticate")

    def remarks(self, domains: Collection[str], sizes: Mapping[str, int]) -> Iterator[Remark]:
        return standing.remarks(self.client, self._account, domains, sizes)

    def usage(self, address: Address) -> Mapping[str, int]:
        user = self._mailbox(address)
        return read_usage(user.used, user.quota)

    def sign_in(self, address: Address) -> str:
        self._mailbox(address)  # a token for an alias would open the mailbox of another name
        return self.client.sign_in_link(str(address))

    def _mailbox(self, address: Address) -> User:
        """Raises Refused where the address is none of a mailbox by itself."""
        user = self.client.user(str(address))
        if user is None:
            raise Refused(f"{address} does not exist.", code="not_found")
        require_type(address, user.type)
        return user


def require_type(address: Address, type: str) -> None:
    if type != MAILBOX:
        raise Refused(f"{address} is no mailbox, but of type {type}.", code="conflict")


def observed(address: Address, user: User) -> Mailbox:
    return Mailbox(
        address,
        True,
        user.services,
        user.quota,
        user.used,
        type=user.type,
        made_at=user.made_at,
        aliases=None if user.aliases is None else whole(user.aliases, address.domain),
        forwarding=user.forwarding,
    )


def whole(names: Iterable[str], domain: str) -> tuple[str, ...]:
    """Aliases as whole addresses, sorted; a domain in letters that are not ASCII is this one."""
    parted = (name.lower().partition("@") for name in names)
    return tuple(
        sorted({f"{local}@{of if of and of.isascii() else domain}" for local, _, of in parted})
    )


def listed(address: Address, suspended: bool) -> Mailbox:
    """A list tells of services only where all of them are suspended."""
    return Mailbox(address, True, dict.fromkeys(SERVICES, "suspended") if suspended else None)


def read_usage(used: int | None, quota: int | None) -> Mapping[str, int]:
    known = {"used_bytes": used, "quota_bytes": quota}
    found = {name: value for name, value in known.items() if value is not None}
    if not found:
        raise Refused(
            "The mail provider does not show the usage of this mailbox.", code="unsupported"
        )
    return found
