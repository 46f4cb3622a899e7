"""Where the record and Enom differ: each difference with its remedy, and the repair where there is
one. Pure.

A list shows less than a look, and may be stale: over lists this only suspects, and whoever asks
looks at each suspect again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.domain.compare import compare, unsettled
from bridge.domain.differences import (
    ORDER,
    RECORD,
    Difference,
    DifferenceKind,
    Repair,
    aliases_in_words,
    forwarding_in_words,
    owner_in_words,
)
from bridge.domain.model import Address, Forwarding, Mailbox, Record, State, Terms
from bridge.reconcile.matching import FOREIGN_SUSPENSION, HALF, Group, Scan, ScanError


@dataclass(frozen=True)
class AccountView:
    """One account: its records by address, the addresses at which a job is or waits, its terms.

    `now` in epoch seconds.
    """

    records: Mapping[str, Record]
    busy: AbstractSet[str]
    terms: Terms
    now: float

    def under_way(self, address: str) -> bool:
        """Whether what Enom shows of it may be the past, or is about to change."""
        return address in self.busy or unsettled(self.records.get(address, Record()), self.now)

    def settles_at(self, address: str) -> float:
        """Until when what Enom shows of it may be the past; 0: that is over."""
        record = self.records.get(address, Record())
        return record.settles_at if unsettled(record, self.now) else 0.0


def of_domain(
    view: AccountView, domain: str, shown: Scan, known: Sequence[str]
) -> list[Difference]:
    """What a list tells of one domain; `known` are its addresses on record.

    Of single mailboxes these are suspicions.
    """
    listed = {str(address) for address in shown.mailboxes}
    names = sorted(listed | set(known))
    found = [
        of_mailbox(view, Address.parse(name), shown.mailboxes.get(Address.parse(name)))
        for name in names
    ]
    now = datetime.fromtimestamp(view.now, UTC)
    return [
        *(each for each in found if each is not None),
        *view.terms.products.notices(domain, shown.paks, now),
    ]


def of_mailbox(view: AccountView, address: Address, seen: Mailbox | None) -> Difference | None:
    """`seen` None: a list of its domain does not hold it."""
    name = str(address)
    record = view.records.get(name, Record())
    if view.under_way(name):
        return None
    owner = (record.source, record.service_id) if record.source is not None else None
    compared = compare(record, seen, view.terms)
    match compared.kind:
        case None:
            return None
        case DifferenceKind.HALF:
            return Difference(
                DifferenceKind.HALF,
                address.domain,
                HALF,
                "Check it at the mail provider.",
                name,
                owner,
            )
        case DifferenceKind.SUSPENDED_AT_ENOM:
            remedy = (
                "Find out who suspended it and why, and unsuspend it there; the bridge never does."
            )
            return Difference(
                DifferenceKind.SUSPENDED_AT_ENOM,
                address.domain,
                FOREIGN_SUSPENSION,
                remedy,
                name,
                owner,
            )
        case DifferenceKind.WRONG_STATE:
            return of_state(address, record, compared.state, owner)
    if seen is None or compared.kind is DifferenceKind.MISSING:
        return missing(address, record, owner)
    if owner is None:
        return ownerless(view.terms, address, record, seen)
    if compared.kind is DifferenceKind.WRONG_ALIASES:
        return of_aliases(address, record, seen, owner)
    if compared.kind is DifferenceKind.WRONG_FORWARDING:
        return of_forwarding(address, record, seen, owner)
    return of_size(view, address, record, seen, owner)


def missing(
    address: Address, record: Record, owner: tuple[str, str | None] | None
) -> Difference | None:
    if owner is None:
        return None
    whose = owner_in_words(*owner)
    return Difference(
        DifferenceKind.MISSING,
        address.domain,
        f"It belongs to {whose} and is recorded as {record.state}, but the mail provider does not "
        "list it.",
        (
            f"If the customer should have it, create it again from billing (Create, for {whose}); "
            "else terminate it there."
        ),
        str(address),
        owner,
    )


def ownerless(terms: Terms, address: Address, record: Record, seen: Mailbox) -> Difference:
    paid = terms.products.place(seen)
    place = f" It uses a slot of {paid}." if paid else ""
    adopt = f"enom-bridge mailboxes adopt {address} --source SOURCE --service-id ID"
    if record.state is State.ABSENT:
        detail = (
            "Its service was terminated, but the mailbox still (or again) exists at the mail "
            f"provider.{place}"
        )
        remedy = f"Delete it at the mail provider, or adopt it: {adopt}"
        return Difference(DifferenceKind.EXTRA, address.domain, detail, remedy, str(address))
    remedy = f"To adopt many: enom-bridge mailboxes import. To adopt this one: {adopt}"
    return Difference(
        DifferenceKind.NO_OWNER,
        address.domain,
        f"It belongs to no billing service.{place}",
        remedy,
        str(address),
    )


def of_state(
    address: Address, record: Record, state: State, owner: tuple[str, str | None] | None
) -> Difference:
    if record.state is State.SUSPENDED:
        detail, repair = (
            "Billing had it suspended, but it is active at the mail provider.",
            Repair("mailbox.suspend"),
        )
        return Difference(
            DifferenceKind.WRONG_STATE,
            address.domain,
            detail,
            applied("Suspend it again"),
            str(address),
            owner,
            repair,
        )
    repair = Repair(RECORD, state=state)
    detail = f"It is recorded as {record.state}, but is {state} at the mail provider."
    return Difference(
        DifferenceKind.WRONG_STATE,
        address.domain,
        detail,
        applied("Correct the record"),
        str(address),
        owner,
        repair,
    )


def of_size(
    view: AccountView,
    address: Address,
    record: Record,
    seen: Mailbox,
    owner: tuple[str, str | None],
) -> Difference | None:
    if record.quota is None or seen.quota is None or record.quota == seen.quota:
        return None
    names = sorted(name for name, size in view.terms.plans.items() if size == record.quota)
    detail = (
        f"It is recorded with {gigabytes(record.quota)}, but has {gigabytes(seen.quota)} at the "
        "mail provider."
    )
    if not names:
        remedy = "No plan in bridge.toml has that size any more: have billing send its plan again."
        return Difference(
            DifferenceKind.WRONG_PLAN, address.domain, detail, remedy, str(address), owner
        )
    repair = Repair("mailbox.change_plan", names[0])
    return Difference(
        DifferenceKind.WRONG_PLAN,
        address.domain,
        detail,
        applied("Set it again"),
        str(address),
        owner,
        repair,
    )


def of_aliases(
    address: Address, record: Record, seen: Mailbox, owner: tuple[str, str | None]
) -> Difference:
    wanted, there = record.aliases or (), seen.aliases or ()
    detail = (
        f"Its aliases are recorded as {aliases_in_words(wanted)}, but are "
        f"{aliases_in_words(there)} at the mail provider."
    )
    return Difference(
        DifferenceKind.WRONG_ALIASES,
        address.domain,
        detail,
        applied("Set them again"),
        str(address),
        owner,
        Repair("mailbox.set_aliases", aliases=wanted),
    )


def of_forwarding(
    address: Address, record: Record, seen: Mailbox, owner: tuple[str, str | None]
) -> Difference:
    wanted, there = record.forwarding or Forwarding(), seen.forwarding or Forwarding()
    detail = (
        f"Its forwarding is recorded as {forwarding_in_words(wanted)}, but is "
        f"{forwarding_in_words(there)} at the mail provider. The customer may have changed it in "
        "webmail, or somebody who knows the password."
    )
    return Difference(
        DifferenceKind.WRONG_FORWARDING,
        address.domain,
        detail,
        applied("Set it again"),
        str(address),
        owner,
        Repair("mailbox.set_forwarding", forwarding=wanted),
    )


def applied(what: str) -> str:
    return f"{what}: enom-bridge reconcile shows the plan, and does it with --apply."


def needs_a_look(record: Record) -> bool:
    """Whether only a look of its own tells if the mailbox is as billing wanted: no list shows
    aliases and forwarding of a mailbox."""
    told = record.aliases is not None or record.forwarding is not None
    return told and record.source is not None


def was_never_there(record: Record) -> bool:
    """Whether nothing says that this mailbox ever was: a hook named it, and was refused.

    Also where it is known to be gone.
    """
    return record.source is None and record.state in (State.UNKNOWN, State.ABSENT)


def not_ours(records: Mapping[str, Record], barred: ScanError, known: Sequence[str]) -> bool:
    """Whether a domain is none of this account's, as Enom says, and none of its `known` addresses
    is on record as ours.

    Then nothing is missing: a mistyped address left its name here, or all that was there is gone.
    """
    return barred.group is Group.NOT_IN_ACCOUNT and all(
        was_never_there(records.get(name, Record())) for name in known
    )


def of_barred(domain: str, barred: ScanError, address: str | None = None) -> Difference:
    remedy = "Run the command again; if it fails again: enom-bridge doctor."
    if barred.group is Group.NOT_IN_ACCOUNT:
        remedy = (
            "Add the domain to this account at the mail provider, with its mail service there; or "
            "the mailboxes "
            "are in another account."
        )
    return Difference(DifferenceKind.UNREAD, domain, barred.detail, remedy, address)


def gigabytes(size: int) -> str:
    return f"{size / 2**30:g} GB"


def in_order(found: Sequence[Difference]) -> list[Difference]:
    return sorted(found, key=lambda each: (ORDER.index(each.kind), each.domain, each.address or ""))


def checksum(found: Sequence[Difference]) -> str:
    """Twelve hex digits that name the repairs that were shown: what would be done, to which
    mailbox, in whose name."""
    plans = [
        [each.address, each.owner, each.repair.words()] for each in in_order(found) if each.repair
    ]
    return hashlib.sha256(json.dumps(plans).encode()).hexdigest()[:12]
