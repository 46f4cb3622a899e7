"""The words of the middle: what a mailbox is, what it should be, and the plan between the two.

All frozen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bridge.domain.errors import BridgeError, Limit

if TYPE_CHECKING:  # it speaks of what stands here
    from bridge.domain.backend import Products


class Fact(StrEnum):
    """One thing that can be true of a mailbox, and that one hook can decide without the others."""

    EXISTENCE = "existence"
    SUSPENSION = "suspension"
    PASSWORD = "password"  # noqa: S105 - the name of a fact
    PLAN = "plan"
    EXPIRY = "expiry"
    ALIASES = "aliases"
    FORWARDING = "forwarding"


class Proof(StrEnum):
    VERIFIED = "verified"  # seen in a read
    ACCEPTED = "accepted"  # the remote said yes; no read can show it
    UNSUPPORTED = "unsupported"


class State(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Address:
    """`local@domain`, lower-cased, the domain in A-labels."""

    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        local, _, domain = text.partition("@")
        return cls(local, domain)

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


@dataclass(frozen=True)
class Forwarding:
    """Where mail for a mailbox is sent on to; to nobody: it is off. `keep_copy`: it is delivered
    here, too."""

    forward_to: tuple[str, ...] = ()
    keep_copy: bool = True

    @classmethod
    def of(cls, forward_to: Iterable[str], keep_copy: bool) -> "Forwarding":
        """In the one form of each, so that equal ones compare equal."""
        found = tuple(sorted({each.lower() for each in forward_to}))
        return cls(found, keep_copy or not found)

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        return {"forward_to": list(self.forward_to), "keep_copy": self.keep_copy}


ENDS_SOON = 30 * 86400.0
"""Seconds before the end of a pak from which on people are told."""


@dataclass(frozen=True)
class Pak:
    """A paid bundle of mailbox places of one domain.

    `free` counts the places left, `expires` is in UTC.
    """

    bundle: str
    free: int
    expires: datetime


MAILBOX = "mailbox"
"""The type of what is one.

A remote may show others under an address: an alias, a forward, a filter.
"""
ALIAS = "alias"
"""The type of what is only another name of one."""


@dataclass(frozen=True)
class Mailbox:
    """What the remote shows of one address now.

    `exists` is None when the remote's two systems disagree. `services` (name -> enabled, disabled, suspended), `quota`
    and `used` (bytes) are None when no read can show them. `pak` is the one that holds the mailbox, `paks` are all of
    its domain, where they were asked for. `type`: what is there in the remote's word, where it tells.
    `domain_missing`: the mail domain is not there either, and would be made with its first mailbox.
    `made_at`: since when it exists, in epoch seconds of the remote's clock; None where it is not shown.
    `aliases` (whole addresses, sorted) and `forwarding` are None when no read can show them.
    """

    address: Address
    exists: bool | None
    services: Mapping[str, str] | None = None
    quota: int | None = None
    used: int | None = None
    pak: Pak | None = None
    paks: tuple[Pak, ...] = ()
    type: str = MAILBOX
    domain_missing: bool = False
    made_at: float | None = None
    aliases: tuple[str, ...] | None = None
    forwarding: Forwarding | None = None


@dataclass(frozen=True)
class Survey:
    """Every mailbox that the remote shows of a domain, by address, and all of the domain's paks."""

    mailboxes: tuple[Mailbox, ...]
    paks: tuple[Pak, ...] = ()


@dataclass(frozen=True)
class Deleted:
    """A mailbox that the remote still keeps after its deletion, under its own id of it."""

    address: Address
    id: str


@dataclass(frozen=True)
class Record:
    """What the bridge itself remembers of a mailbox, because no read can show it.

    `suspended_with` is our mark: the way in which *we* suspended it. `saved_services` are the states from before our
    suspension. `password_digest` is the keyed digest of the last accepted password, `quota` (bytes) the last one set or
    confirmed. `settles_at` (epoch seconds): until then reads may be stale. `aliases` and `forwarding`: what billing last
    wanted them to be; None: it never said.
    """

    source: str | None = None
    service_id: str | None = None
    state: State = State.UNKNOWN
    password_digest: str | None = None
    suspended_with: str | None = None
    saved_services: Mapping[str, str] | None = None
    sessions_ended: bool = False
    quota: int | None = None
    delete_after: float | None = None
    settles_at: float = 0.0
    aliases: tuple[str, ...] | None = None
    forwarding: Forwarding | None = None
    suspended_by: str | None = None

    def owned_by(self, source: str, service_id: str) -> bool:
        return (self.source, self.service_id) == (source, service_id)


@dataclass(frozen=True)
class Terms:
    """What the account's configuration allows: the part of it that planning needs.

    `suspend_with` as in the configuration, `products` the backend's, `services` the ones that a suspension switches off,
    `plans` name -> bytes, `grace` in seconds. `lifted`: the limits that a person lifted for this job.
    """

    suspend_with: str
    products: "Products"
    services: tuple[str, ...] = ()
    hosted_email: bool = False
    plans: Mapping[str, int] = field(default_factory=dict)
    grace: float = 0.0
    lifted: frozenset[Limit] = frozenset()


@dataclass(frozen=True)
class Desired:
    """What one hook wants to be true; None leaves a fact as it is.

    `quota` in bytes, `delete_after` in epoch seconds.
    """

    exists: bool | None = None
    suspended: bool | None = None
    password: str | None = field(default=None, repr=False)
    password_digest: str | None = None
    display_name: str | None = None
    quota: int | None = None
    until: datetime | None = None
    delete_after: float | None = None
    aliases: tuple[str, ...] | None = None
    forwarding: Forwarding | None = None


class ChangeKind(StrEnum):
    """What a change does. The order is the order in which a plan holds them."""

    MAKE_DOMAIN = "make_domain"
    BUY = "buy"
    RENEW = "renew"
    CREATE = "create"
    SET_PASSWORD = "set_password"  # noqa: S105 - the name of a change
    RESTORE = "restore"
    SET_QUOTA = "set_quota"
    SET_ALIASES = "set_aliases"
    SET_FORWARDING = "set_forwarding"
    SUSPEND = "suspend"
    LOG_OUT = "log_out"
    DELETE = "delete"
    PROVE_PASSWORD = "prove_password"  # noqa: S105 - the name of a change; it changes nothing, and no plan holds it


MONEY = frozenset({ChangeKind.BUY, ChangeKind.RENEW})
NAMING = frozenset({ChangeKind.SET_ALIASES, ChangeKind.SET_FORWARDING})
"""What decides which addresses lead to a mailbox, and from it to others."""
MAKING = frozenset({ChangeKind.MAKE_DOMAIN, ChangeKind.BUY, ChangeKind.CREATE})
"""What leads to a mailbox that was not there."""


@dataclass(frozen=True)
class Change:
    """One command to the remote.

    `arguments` may be shown to staff and stored; `secret` (a password) may not.
    """

    kind: ChangeKind
    arguments: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = field(default=None, repr=False)
    in_doubt: bool = False
    """The mailbox may be another's: no creation of this job was answered with a yes, and now it is
    there."""

    @property
    def spends(self) -> bool:
        return self.kind in MONEY

    @property
    def makes(self) -> bool:
        return self.kind in MAKING

    def describe(self) -> dict[str, Any]:
        return {"change": str(self.kind), **self.arguments}


@dataclass(frozen=True)
class Plan:
    """What has to be done so that observed becomes desired. Empty means: it is so."""

    changes: tuple[Change, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.changes

    def describe(self) -> list[dict[str, Any]]:
        return [change.describe() for change in self.changes]


@dataclass(frozen=True)
class Answer:
    """The remote's yes to one command; `evidence` are allow-listed fields of it (order number,
    bundle, counts)."""

    command: str
    evidence: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Remark:
    """What an admin should know before the first hook. `level` is ok, warn or FAIL."""

    level: str
    text: str
    remedy: str = ""


class Outcome(StrEnum):
    """What became of one command, as far as it is known."""

    INTENT = "intent"  # it is about to be sent, or its sender was lost
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DOUBTED = "doubted"  # refused in words that do not prove that nothing was done
    UNKNOWN = "unknown"
    UNSENT = "unsent"  # surely not sent, or turned away before anything was done


@dataclass(frozen=True)
class Step:
    """One command in a job's journal.

    `interrupted`: its sender was lost between intent and answer, so the outcome is unknown, and `ended_at` is the time at
    which the call must have ended. `trust_after`: reads before may still show the time before an earlier command.
    `settles_at`: the record's, as it was written with this step; 0 where the step was read back.
    `mailbox_made`: when the mailbox was made that a deletion was sent for, by the remote's clock, where it shows that.
    """

    id: int
    kind: str
    outcome: Outcome
    started_at: float
    ended_at: float
    trust_after: float
    interrupted: bool = False
    error: BridgeError | None = None
    settles_at: float = 0.0
    mailbox_made: str | None = None


def to_rfc3339(moment: float | datetime) -> str:
    """A time in RFC 3339, UTC, whole seconds."""
    at = moment if isinstance(moment, datetime) else datetime.fromtimestamp(moment, UTC)
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def day_after(moment: float) -> str:
    """The first day (UTC) on which that moment is surely over."""
    return (datetime.fromtimestamp(moment, UTC) + timedelta(days=1)).date().isoformat()
