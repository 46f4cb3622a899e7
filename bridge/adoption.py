"""Giving a mailbox that exists at Enom to a service: what is, what would be, and whether it may be. Enom is only read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bridge import plan
from bridge.comparison import FOREIGN_SUSPENSION, owner_in_words
from bridge.errors import NotNow, NotThere
from bridge.intake import Intake
from bridge.model import Address, Record, State, in_words
from bridge.store import People
from bridge.wiring import Service


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

    def carry_out(self, people: People) -> None:
        """Raises NotNow where it has another owner by now than was shown."""
        whom = self.source, self.service_id
        people.adopt(self.account, Address.parse(self.address), *whom, self.state_at_enom, seen=self.seen)


def consider(service: Service, address: str, source: str, service_id: str) -> Adoption:
    """Looks at Enom. Raises NotThere for an unknown source, Forbidden, NotNow or BridgeError for what cannot be adopted."""
    door = service.intake.doors.get(source)
    if door is None:
        raise NotThere(f"There is no source {source!r} in the configuration.")
    Intake.permit(door, address)
    seen = service.backends[door.account].observe(Address.parse(address))
    if not seen.exists:
        told = "Enom does not list it" if seen.exists is False else "Enom's two systems disagree whether it exists"
        raise NotNow(f"{address} cannot be adopted: {told}. Let billing create it (mailbox.create).")
    record = service.lookup.record(door.account, address)
    state = plan.state_of(seen, record, service.terms[door.account])
    return Adoption(
        address=address,
        account=door.account,
        source=source,
        service_id=service_id,
        state_at_enom=state,
        pak={"bundle": seen.pak.bundle, "expires": in_words(seen.pak.expires)} if seen.pak else None,
        owner_now=owner_in_words(record.source, record.service_id) if record.source else None,
        owner_then=owner_in_words(source, service_id),
        changes=not record.owned_by(source, service_id) or record.delete_after is not None,
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
