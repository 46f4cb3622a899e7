"""A difference between the record and Enom: its kind, whom it is about, its remedy, and its
repair where there is one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bridge.domain.model import Forwarding, State


class DifferenceKind(StrEnum):
    """In what way a record and Enom differ, in the order in which reports list them."""

    MISSING = "missing"
    EXTRA = "extra"
    WRONG_STATE = "wrong_state"
    WRONG_PLAN = "wrong_plan"
    WRONG_ALIASES = "wrong_aliases"
    WRONG_FORWARDING = "wrong_forwarding"
    SUSPENDED_AT_ENOM = "suspended_at_enom"
    HALF = "half"
    PAK_ENDED = "pak_ended"
    PAK_ENDING = "pak_ending"
    PAK_FULL = "pak_full"
    NO_OWNER = "no_owner"
    UNREAD = "unread"


ORDER = tuple(DifferenceKind)

TITLES: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING: "recorded, but not at the mail provider",
    DifferenceKind.EXTRA: "terminated by billing, but still at the mail provider",
    DifferenceKind.WRONG_STATE: "in another state than recorded",
    DifferenceKind.WRONG_PLAN: "of another size than recorded",
    DifferenceKind.WRONG_ALIASES: "with other aliases than recorded",
    DifferenceKind.WRONG_FORWARDING: "with another forwarding than recorded",
    DifferenceKind.SUSPENDED_AT_ENOM: "suspended at the mail provider, not by this bridge",
    DifferenceKind.HALF: "in one of the mail provider's two systems only",
    DifferenceKind.PAK_ENDED: "paks that have expired",
    DifferenceKind.PAK_ENDING: "paks that expire within 30 days",
    DifferenceKind.PAK_FULL: "paks without a free slot, where buying is not allowed",
    DifferenceKind.NO_OWNER: "at the mail provider, but owned by no service",
    DifferenceKind.UNREAD: "could not be read",
}


@dataclass(frozen=True)
class Repair:
    """What would make it right: a job for its owner (`action`, and what it needs), or only the
    record corrected to `state`."""

    action: str
    plan: str | None = None
    state: State | None = None
    aliases: tuple[str, ...] | None = None
    forwarding: Forwarding | None = None

    def words(self) -> str:
        if self.action == RECORD:
            return f"record that it is {self.state}"
        if self.aliases is not None:
            return f"set its aliases again ({aliases_in_words(self.aliases)})"
        if self.forwarding is not None:
            return f"set its forwarding again ({forwarding_in_words(self.forwarding)})"
        return f"set plan {self.plan} again" if self.plan else "suspend it again"


RECORD = "record"


@dataclass(frozen=True)
class Difference:
    """One of one mailbox, or of a whole domain (`address` None)."""

    kind: DifferenceKind
    domain: str
    detail: str
    remedy: str
    address: str | None = None
    owner: tuple[str, str | None] | None = None
    repair: Repair | None = None

    def describe(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "domain": self.domain,
            "address": self.address,
            "owner": self.owner and owner_in_words(*self.owner),
            "detail": self.detail,
            "remedy": self.remedy,
            "repair": self.repair and self.repair.words(),
        }


def aliases_in_words(aliases: Sequence[str]) -> str:
    return ", ".join(aliases) or "none"


def forwarding_in_words(forwarding: Forwarding) -> str:
    if not forwarding.forward_to:
        return "off"
    kept = "with" if forwarding.keep_copy else "without"
    return f"to {', '.join(forwarding.forward_to)}, {kept} a copy here"


def owner_in_words(source: str, service_id: str | None) -> str:
    return f"service {service_id} of {source}"
