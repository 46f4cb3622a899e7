"""Giving a mailbox that exists at Enom to a service: what is, what would be, and whether it may be. Enom is only read."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.domain import plan
from bridge.domain.differences import owner_in_words
from bridge.domain.errors import NotNow, NotThere
from bridge.domain.model import MAILBOX, Address, Mailbox, Record, State, Terms, in_words
from bridge.domain.ports import Backend
from bridge.reconcile.matching import FOREIGN_SUSPENSION


@dataclass(frozen=True)
class Adoption:
    """What was found, and what becomes of it. Without `changes` it is so already."""

    address: str
    account: str
    source: str
    service_id: str
    state_at_enom: State
    pak: dict[str, str] | None
    owner_now: str | None
    owner_then: str
    changes: bool
    remarks: tuple[str, ...]
    seen: tuple[str | None, str | None]  # the owner's source and service, when it was looked at

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        plain = {name: value for name, value in vars(self).items() if name not in ("source", "service_id", "seen")}
        return plain | {"state_at_enom": str(self.state_at_enom), "remarks": list(self.remarks)}

    def carry_out(self, give: Callable[..., None]) -> None:
        """`give` is `People.adopt`. Raises NotNow where it has another owner by now than was shown."""
        whom = self.source, self.service_id
        give(self.account, Address.parse(self.address), *whom, self.state_at_enom, seen=self.seen)


@dataclass(frozen=True)
class Adopting:
    """What looking at one mailbox needs. `permit` raises Forbidden where a source may not touch an address."""

    accounts: Mapping[str, str]  # source -> its account
    backends: Mapping[str, Backend]
    terms: Mapping[str, Terms]
    record: Callable[[str, str], Record]
    permit: Callable[[str, str], None]

    def consider(self, address: str, source: str, service_id: str) -> Adoption:
        """Looks at Enom. Raises NotThere for an unknown source, Forbidden, NotNow or BridgeError for what cannot be adopted."""
        account = self.accounts.get(source)
        if account is None:
            raise NotThere(f"There is no source {source!r} in the configuration.")
        self.permit(source, address)
        seen = self.backends[account].observe(Address.parse(address))
        if not seen.exists:
            told = "Enom does not list it" if seen.exists is False else "Enom's two systems disagree whether it exists"
            raise NotNow(f"{address} cannot be adopted: {told}. Let billing create it (mailbox.create).")
        if seen.type != MAILBOX:
            raise NotNow(f"{address} cannot be adopted: it is no mailbox, but of type {seen.type}.")
        record = self.record(account, address)
        return adoption(address, account, (source, service_id), seen, record, plan.state_of(seen, record, self.terms[account]))


def adoption(address: str, account: str, owner: tuple[str, str], seen: Mailbox, record: Record, state: State) -> Adoption:
    """What giving it to that owner (source and service) would change."""
    return Adoption(
        address=address,
        account=account,
        source=owner[0],
        service_id=owner[1],
        state_at_enom=state,
        pak={"bundle": seen.pak.bundle, "expires": in_words(seen.pak.expires)} if seen.pak else None,
        owner_now=owner_in_words(record.source, record.service_id) if record.source else None,
        owner_then=owner_in_words(*owner),
        changes=not record.owned_by(*owner) or record.delete_after is not None,
        remarks=tuple(remarks(record, state)),
        seen=(record.source, record.service_id),
    )


def remarks(record: Record, state: State) -> Iterator[str]:
    if record.source:
        yield f"Hooks of {owner_in_words(record.source, record.service_id)} will be refused (not_ours) from then on."
    if record.delete_after is not None:
        yield f"Its deletion after {in_words(record.delete_after)} is called off."
    if state is State.SUSPENDED and record.suspended_with is None:
        yield FOREIGN_SUSPENSION
