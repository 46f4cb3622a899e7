"""Giving a mailbox that exists at Enom to a service: what is, what would be, and whether it may be.

Enom is only read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.domain.account import Account
from bridge.domain.compare import CompareResult, compare
from bridge.domain.differences import owner_in_words
from bridge.domain.errors import NotPossible, OutcomeUnknown, UnknownThing
from bridge.domain.model import MAILBOX, Address, Mailbox, Record, State, Terms, to_rfc3339
from bridge.domain.ports import Clock, Lookup
from bridge.domain.source import Source
from bridge.reconcile.matching import FOREIGN_SUSPENSION
from bridge.steps.look_and_plan import Look, StaleRead, believe, look


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
        plain = {
            name: value
            for name, value in vars(self).items()
            if name not in ("source", "service_id", "seen")
        }
        return plain | {"state_at_enom": str(self.state_at_enom), "remarks": list(self.remarks)}

    def carry_out(self, give: Callable[..., None]) -> None:
        """`give` is `OperatorActions.adopt`.

        Raises NotPossible where it has another owner by now than was shown.
        """
        whom = self.source, self.service_id
        give(self.account, Address.parse(self.address), *whom, self.state_at_enom, seen=self.seen)


@dataclass(frozen=True)
class Adoptions:
    sources: Mapping[str, Source]
    accounts: Mapping[str, Account]
    lookup: Lookup
    clock: Clock

    def consider(self, address: str, source: str, service_id: str) -> Adoption:
        """Looks at Enom.

        Raises UnknownThing for an unknown source, Forbidden, NotPossible or BridgeError for what
        cannot be adopted.
        """
        known = self.sources.get(source)
        if known is None:
            raise UnknownThing(f"There is no source {source!r} in the configuration.")
        known.permit(address)
        account = self.accounts[known.account]
        found = look(account, Address.parse(address), self.clock)
        # Read after Enom, so that what a hook did meanwhile is known here.
        record = self.lookup.record(account.name, address)
        seen, late = adoptable(address, found, record, account.terms)
        compared = compare(record, seen, account.terms)
        shown = adoption(address, account.name, (source, service_id), seen, record, compared)
        return replace(shown, remarks=(*shown.remarks, *late))


def adoptable(
    address: str, found: Look, record: Record, terms: Terms
) -> tuple[Mailbox, tuple[str, ...]]:
    """The mailbox, where it is surely there, and a remark where its state may be an old one.

    Raises NotPossible.
    """
    seen = found.seen
    try:
        believe(found, record, terms)
    except StaleRead as stale:
        # Where both the record and the read have it, only its state is in doubt, and adopting
        # writes no state before `settle`.
        if not seen.exists or record.state not in (State.ACTIVE, State.SUSPENDED):
            raise NotPossible(f"{address} cannot be adopted yet. {stale}") from None
        return seen, (str(stale),)
    except OutcomeUnknown as doubt:
        raise NotPossible(f"{address} cannot be adopted yet. {doubt}") from None
    if not seen.exists:
        raise NotPossible(
            f"{address} cannot be adopted: the mail provider does not list it. Create it from "
            "billing "
            "(mailbox.create)."
        )
    if seen.type != MAILBOX:
        raise NotPossible(
            f"{address} cannot be adopted: it is no mailbox, but of type {seen.type}."
        )
    return seen, ()


def adoption(
    address: str,
    account: str,
    owner: tuple[str, str],
    seen: Mailbox,
    record: Record,
    compared: CompareResult,
) -> Adoption:
    """What giving it to that owner (source and service) would change."""
    return Adoption(
        address=address,
        account=account,
        source=owner[0],
        service_id=owner[1],
        state_at_enom=compared.state,
        pak={"bundle": seen.pak.bundle, "expires": to_rfc3339(seen.pak.expires)}
        if seen.pak
        else None,
        owner_now=owner_in_words(record.source, record.service_id) if record.source else None,
        owner_then=owner_in_words(*owner),
        changes=not record.owned_by(*owner) or record.delete_after is not None,
        remarks=tuple(remarks(record, compared)),
        seen=(record.source, record.service_id),
    )


def remarks(record: Record, compared: CompareResult) -> Iterator[str]:
    if record.source:
        yield (
            f"Hooks of {owner_in_words(record.source, record.service_id)} "
            "will then be refused (not_ours)."
        )
    if record.delete_after is not None:
        yield f"Its deletion after {to_rfc3339(record.delete_after)} is called off."
    if compared.suspended_by_others:
        yield FOREIGN_SUSPENSION
