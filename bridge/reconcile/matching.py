"""Billing's services beside the bridge's record and what Enom shows: each mailbox in one group.

Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from bridge.domain.compare import CompareResult, compare, unsettled
from bridge.domain.differences import DifferenceKind, owner_in_words
from bridge.domain.model import Address, Mailbox, Pak, Record, State, Terms, to_rfc3339
from bridge.reconcile.service_list import Claim

FOREIGN_SUSPENSION = (
    "It is suspended, but not by this bridge: an unsuspend "
    "will be held until it is unsuspended at the mail provider."
)
NOT_PERMITTED = (
    "This source may not use this mail domain. Add it to the source's `domains` in bridge.toml."
)
CUSTOMER = "The list names a new or different customer: --apply records the one in the list."
HALF = (
    "Only one of the mail provider's two systems lists it. Compare "
    "again later; if it stays so, check it at the mail provider."
)


class Group(StrEnum):
    """What a service list and Enom make of one mailbox, in the order in which reports list them."""

    TAKE_OVER = "take_over"
    OURS = "ours"
    AT_ENOM_ONLY = "at_enom_only"
    MISSING = "missing_at_enom"
    OTHERS = "owned_by_other"
    DISAGREE = "disagree"
    NOT_PERMITTED = "not_permitted"
    NOT_IN_ACCOUNT = "not_in_account"
    UNREAD = "unread"


ORDER = tuple(Group)


@dataclass(frozen=True)
class Scan:
    """What Enom showed of a domain, and when (epoch seconds)."""

    mailboxes: Mapping[Address, Mailbox]
    at: float
    paks: tuple[Pak, ...] = ()


@dataclass(frozen=True)
class ScanError:
    """Why nothing is known of a domain: the group of all of its mailboxes, and a sentence."""

    group: Group
    detail: str


@dataclass(frozen=True)
class SourceView:
    """All that is known, side by side: `records` by address, `seen` by domain, `customers` of
    this source by address."""

    source: str
    records: Mapping[str, Record]
    seen: Mapping[str, Scan | ScanError]
    terms: Terms
    customers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What is true of one mailbox, or of a domain of which no mailbox is known (`address` None).

    `customer_id` as the list has it. `teaches`: the service owns the mailbox already, and its customer is to be noted.
    """

    group: Group
    domain: str
    address: str | None = None
    service_id: str | None = None
    plan: str | None = None
    state: State | None = None
    owner: tuple[str, str | None] | None = None
    detail: str = ""
    remarks: tuple[str, ...] = ()
    seen_at: float | None = None
    customer_id: str | None = None
    teaches: bool = False

    def describe(self) -> dict[str, Any]:
        return {
            "group": str(self.group),
            "domain": self.domain,
            "address": self.address,
            "service_id": self.service_id,
            "plan": self.plan,
            "customer_id": self.customer_id,
            "state_at_enom": self.state and str(self.state),
            "owner_now": self.owner and owner_in_words(*self.owner),
            "detail": self.detail or None,
            "remarks": list(self.remarks),
            "checked_at": to_rfc3339(self.seen_at) if self.seen_at is not None else None,
        }


def match(view: SourceView, claims: Sequence[Claim]) -> list[Finding]:
    """Every claim, every mailbox at Enom that nobody claims and no other source owns, every
    domain without an answer."""
    found = [of_claim(view, claim) for claim in claims]
    claimed = {claim.address for claim in claims}
    listed = {finding.domain for finding in found}
    for domain, shown in view.seen.items():
        if isinstance(shown, Scan):
            found += [of_rest(view, seen, shown.at) for seen in unclaimed(view, shown, claimed)]
        elif domain not in listed:
            found.append(Finding(shown.group, domain, detail=shown.detail))
    return sorted(
        found,
        key=lambda finding: (ORDER.index(finding.group), finding.domain, finding.address or ""),
    )


def of_claim(view: SourceView, claim: Claim) -> Finding:
    address = Address.parse(claim.address)
    shown = view.seen[address.domain]
    if isinstance(shown, ScanError):
        return Finding(
            shown.group,
            address.domain,
            claim.address,
            claim.service_id,
            detail=shown.detail,
            customer_id=claim.customer_id,
        )
    record, seen = view.records.get(claim.address, Record()), shown.mailboxes.get(address)
    compared = compare(record, seen, view.terms)
    group, detail = judged(view, claim, record, compared, shown.at)
    finding = Finding(
        group,
        address.domain,
        claim.address,
        claim.service_id,
        plan=claim.plan if claim.plan in view.terms.plans else None,
        owner=owner_of(record),
        detail=detail,
        seen_at=shown.at,
        customer_id=claim.customer_id,
        teaches=teaches(view, claim, record),
    )
    if group not in (Group.TAKE_OVER, Group.OURS):
        return finding
    return replace(
        finding, state=compared.state, remarks=tuple(remarks(view, claim, record, compared))
    )


def judged(
    view: SourceView, claim: Claim, record: Record, compared: CompareResult, at: float
) -> tuple[Group, str]:
    """`at`: when it was looked at. What has become sure since then was not so at the look."""
    ours = record.owned_by(view.source, claim.service_id)
    if record.source is not None and not ours:
        command = (
            f"enom-bridge mailboxes adopt {claim.address} --source {view.source} --service-id "
            f"{claim.service_id}"
        )
        return (
            Group.OTHERS,
            (
                f"It belongs to {owner_in_words(record.source, record.service_id)}. To change "
                f"that: {command}"
            ),
        )
    if unsettled(record, at):
        until = to_rfc3339(record.settles_at)
        return (
            Group.DISAGREE,
            (
                "The bridge has just changed it, and the mail provider may not show that yet. "
                "Compare again "
                f"after {until}."
            ),
        )
    if compared.state is State.ABSENT:
        return Group.MISSING, "The bridge has recorded it for this service." if ours else ""
    if compared.kind is DifferenceKind.HALF:
        return Group.DISAGREE, HALF
    return (Group.OURS if ours else Group.TAKE_OVER), ""


def teaches(view: SourceView, claim: Claim, record: Record) -> bool:
    """Whether the claim tells a customer that is not on record, of a mailbox that its service
    owns already."""
    listed = claim.customer_id is not None and claim.customer_id != view.customers.get(
        claim.address
    )
    return listed and record.owned_by(view.source, claim.service_id)


def remarks(
    view: SourceView, claim: Claim, record: Record, compared: CompareResult
) -> Iterator[str]:
    if compared.suspended_by_others:
        yield FOREIGN_SUSPENSION
    if teaches(view, claim, record):
        yield CUSTOMER
    if record.delete_after is not None:
        yield f"Billing terminated it: it will be deleted after {to_rfc3339(record.delete_after)}."
    if record.source is not None and record.state not in (State.UNKNOWN, compared.state):
        yield f"It is recorded as {record.state}, but is {compared.state} at the mail provider."
    if claim.plan is not None and claim.plan not in view.terms.plans:
        known = ", ".join(sorted(view.terms.plans)) or "none"
        yield f"Its plan in the file is not in [plans] in bridge.toml (known: {known})."


def unclaimed(view: SourceView, shown: Scan, claimed: set[str]) -> Iterator[Mailbox]:
    for address, seen in shown.mailboxes.items():
        owner = view.records.get(str(address), Record()).source
        if str(address) not in claimed and owner in (None, view.source):
            yield seen


def of_rest(view: SourceView, seen: Mailbox, at: float) -> Finding:
    record = view.records.get(str(seen.address), Record())
    owner = owner_of(record)
    detail = (
        f"It is recorded for {owner_in_words(*owner)}, which is not in the file." if owner else ""
    )
    compared = compare(record, seen, view.terms)
    group, detail = (
        (Group.DISAGREE, HALF)
        if compared.kind is DifferenceKind.HALF
        else (Group.AT_ENOM_ONLY, detail)
    )
    address = str(seen.address)
    return Finding(
        group,
        seen.address.domain,
        address,
        state=compared.state,
        owner=owner,
        detail=detail,
        seen_at=at,
    )


def owner_of(record: Record) -> tuple[str, str | None] | None:
    return (record.source, record.service_id) if record.source is not None else None
