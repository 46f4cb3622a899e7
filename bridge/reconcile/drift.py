"""Where the record and Enom differ: each difference with its remedy, and the repair where there is one. Pure.

A list shows less than a look, and may be stale: over lists this only suspects, and whoever asks looks at each suspect again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.domain import plan
from bridge.domain.differences import ORDER, RECORD, Difference, Kind, Repair, owner_in_words
from bridge.domain.model import MAILBOX, Address, Mailbox, Record, State, Terms
from bridge.reconcile.matching import FOREIGN_SUSPENSION, HALF, Barred, Group, Shown


@dataclass(frozen=True)
class View:
    """One account: its records by address, the addresses at which a job is or waits, its terms. `now` in epoch seconds."""

    records: Mapping[str, Record]
    busy: AbstractSet[str]
    terms: Terms
    now: float

    def under_way(self, address: str) -> bool:
        """Whether what Enom shows of it may be the past, or is about to change."""
        return address in self.busy or self.records.get(address, Record()).settles_at > self.now


def of_domain(view: View, domain: str, shown: Shown, known: Sequence[str]) -> list[Difference]:
    """What a list tells of one domain; `known` are its addresses on record. Of single mailboxes these are suspicions."""
    listed = {str(address) for address in shown.mailboxes}
    names = sorted(listed | set(known))
    found = [of_mailbox(view, Address.parse(name), shown.mailboxes.get(Address.parse(name))) for name in names]
    now = datetime.fromtimestamp(view.now, UTC)
    return [*(each for each in found if each is not None), *view.terms.products.notices(domain, shown.paks, now)]


def of_mailbox(view: View, address: Address, seen: Mailbox | None) -> Difference | None:
    """`seen` None: a list of its domain does not hold it."""
    name = str(address)
    record = view.records.get(name, Record())
    if view.under_way(name):
        return None
    owner = (record.source, record.service_id) if record.source is not None else None
    # An alias or a forward under this address is no mailbox of anybody's.
    exists = False if seen is None or seen.type != MAILBOX else seen.exists
    if exists is None:
        return Difference(Kind.HALF, address.domain, HALF, "Look into it at Enom.", name, owner)
    if not exists or seen is None:
        return missing(address, record, owner)
    if owner is None:
        return ownerless(view.terms, address, record, seen)
    return of_state(view, address, record, seen, owner) or of_size(view, address, record, seen, owner)


def missing(address: Address, record: Record, owner: tuple[str, str | None] | None) -> Difference | None:
    if owner is None:
        return None
    whose = owner_in_words(*owner)
    return Difference(
        Kind.MISSING,
        address.domain,
        f"It belongs to {whose}, on record {record.state}; Enom does not list it.",
        f"If the customer should have it, let billing create it again (Create, for {whose}); else terminate it there.",
        str(address),
        owner,
    )


def ownerless(terms: Terms, address: Address, record: Record, seen: Mailbox) -> Difference:
    paid = terms.products.place(seen)
    place = f" It takes up a place of {paid}." if paid else ""
    adopt = f"enom-bridge mailboxes adopt {address} --source SOURCE --service-id ID"
    if record.state is State.ABSENT:
        detail = f"Its service was terminated, and Enom shows it again or still.{place}"
        remedy = f"Delete it at Enom; or if a service should have it: {adopt}"
        return Difference(Kind.EXTRA, address.domain, detail, remedy, str(address))
    remedy = f"Many at once: enom-bridge mailboxes import. This one: {adopt}"
    return Difference(Kind.NO_OWNER, address.domain, f"No service of billing owns it here.{place}", remedy, str(address))


def of_state(view: View, address: Address, record: Record, seen: Mailbox, owner: tuple[str, str | None]) -> Difference | None:
    state = plan.state_of(seen, record, view.terms)
    if state is State.SUSPENDED and record.suspended_with is None:
        remedy = "Find out who suspended it and why, and lift it there; the bridge never does."
        return Difference(Kind.SUSPENDED_AT_ENOM, address.domain, FOREIGN_SUSPENSION, remedy, str(address), owner)
    if record.state is state:
        return None
    if record.state is State.SUSPENDED:
        detail, repair = "Billing had it suspended, and at Enom it is active: it works.", Repair("mailbox.suspend")
        return Difference(Kind.WRONG_STATE, address.domain, detail, applied("Suspend it again"), str(address), owner, repair)
    repair = Repair(RECORD, state=state)
    detail = f"On record it is {record.state}, at Enom {state}."
    return Difference(Kind.WRONG_STATE, address.domain, detail, applied("Note it"), str(address), owner, repair)


def of_size(view: View, address: Address, record: Record, seen: Mailbox, owner: tuple[str, str | None]) -> Difference | None:
    if record.quota is None or seen.quota is None or record.quota == seen.quota:
        return None
    names = sorted(name for name, size in view.terms.plans.items() if size == record.quota)
    detail = f"On record it has {gigabytes(record.quota)}, at Enom {gigabytes(seen.quota)}."
    if not names:
        remedy = "No plan of bridge.toml has that size any more: let billing send its plan again."
        return Difference(Kind.WRONG_PLAN, address.domain, detail, remedy, str(address), owner)
    repair = Repair("mailbox.change_plan", names[0])
    return Difference(Kind.WRONG_PLAN, address.domain, detail, applied("Set it again"), str(address), owner, repair)


def applied(what: str) -> str:
    return f"{what}: enom-bridge reconcile shows the plan, and does it with --apply."


def was_never_there(record: Record) -> bool:
    """Whether nothing says that this mailbox ever was: a hook named it, and was refused. Also where it is known to be gone."""
    return record.source is None and record.state in (State.UNKNOWN, State.ABSENT)


def not_ours(records: Mapping[str, Record], barred: Barred, known: Sequence[str]) -> bool:
    """Whether a domain is none of this account's, as Enom says, and none of its `known` addresses is on record as ours.

    Then nothing is missing: a mistyped address left its name here, or all that was there is gone.
    """
    return barred.group is Group.NOT_IN_ACCOUNT and all(was_never_there(records.get(name, Record())) for name in known)


def of_barred(domain: str, barred: Barred, address: str | None = None) -> Difference:
    remedy = "Give the command again; if it stays so, see enom-bridge doctor."
    if barred.group is Group.NOT_IN_ACCOUNT:
        remedy = "Add the domain to this account at Enom, with its mail there; or the mailboxes are another account's."
    return Difference(Kind.UNREAD, domain, barred.detail, remedy, address)


def gigabytes(size: int) -> str:
    return f"{size / 2**30:g} GB"


def in_order(found: Sequence[Difference]) -> list[Difference]:
    return sorted(found, key=lambda each: (ORDER.index(each.kind), each.domain, each.address or ""))


def checksum(found: Sequence[Difference]) -> str:
    """Twelve hex digits that name the repairs that were shown: what would be done, to which mailbox, in whose name."""
    plans = [[each.address, each.owner, each.repair.words()] for each in in_order(found) if each.repair]
    return hashlib.sha256(json.dumps(plans).encode()).hexdigest()[:12]
