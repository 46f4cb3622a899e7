"""What passes between the billing side's wire and the bridge. Everything here is frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Delivery:
    """One HTTP request as it arrived: header names lower-cased, `body` raw, `received_at` in
    epoch seconds."""

    source: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: float


@dataclass(frozen=True)
class Verified:
    """A delivery whose signature and time were right. Only `hooks.signing` makes one: nothing
    unverified is parsed.

    `timestamp` is the epoch second of this attempt, as signed; where a platform signs no time, that of
    its arrival. `key_index` tells which of the source's secrets matched (0 is the
    oldest).
    """

    id: str
    timestamp: int
    body: bytes = field(repr=False)
    key_index: int


@dataclass(frozen=True)
class Message:
    """A verified body that is a JSON object in UTF-8 without repeated keys. Nothing is known yet of
    what it says.

    `type` is 1 to 64 characters of `A-Za-z0-9_.:-`, or "" when the body has no such type. `timestamp` and `data` are
    what the JSON holds, None when it holds none.
    """

    type: str
    timestamp: Any
    data: Any = field(repr=False)


@dataclass(frozen=True)
class EventMap:
    """What the configuration says of a source's events, for platforms with webhooks of their own.

    `fields`: where in the event each of ours stands, as a dotted path. `when`: what a status of the
    platform means, over what it means by default: nothing, suspend or terminate.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    when: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApiCall:
    """One call of a platform's API: `path` with its query, `body` as a form or None."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = None


@dataclass(frozen=True)
class Ignored:
    """A verified webhook of a platform's own format that means nothing to us. `type`: what the
    platform calls it. `why`: a sentence for the log, without anything of the event."""

    type: str
    why: str = ""

    def describe(self) -> dict[str, str]:
        """As JSON."""
        return {"status": "ignored"}


@dataclass(frozen=True)
class Intent:
    """What billing wants to be true of one mailbox, or of all of a service.

    `address` is lower-cased with its domain in A-labels; empty: of every mailbox of the service.
    `timestamp` is the hook's own time in UTC. `until` (renew) is inclusive, in UTC.
    `customer_id` is billing's id of the customer, None where it was not told.
    `domain_confirmed` (create): staff vouches that this customer may have mailboxes of the domain.
    `seats` (create, change_service): how many mailboxes the service may have.
    `from_service_id` (change_service): the service that has the mailbox until then.
    `aliases` and `forward_to` are whole sets, sorted, spelled as `address` is; None where the hook
    is not about them.
    `status` is the platform's word for what led to it, of a platform whose events say a status: what
    says nothing new of its service makes no job. `final`: no other status follows this one.
    `unknown` names the fields of `data` that nobody here reads; their values are not kept.
    """

    action: str
    timestamp: datetime
    service_id: str
    address: str = ""
    password: str | None = field(default=None, repr=False)
    display_name: str | None = None
    plan: str | None = None
    reason: str | None = None
    until: datetime | None = None
    customer_id: str | None = None
    domain_confirmed: bool = False
    seats: int | None = None
    from_service_id: str | None = None
    aliases: tuple[str, ...] | None = None
    forward_to: tuple[str, ...] | None = None
    keep_copy: bool = True
    status: str | None = None
    final: bool = False
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Withdrawal:
    """A hook that its sender takes back. `hook` is the webhook-id that it was sent under."""

    hook: str


@dataclass(frozen=True)
class Question:
    """A signed read (`/query`). `arguments` holds the validated fields of `data` in our names."""

    type: str
    arguments: Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """One conclusion of a job, for a callback.

    `data` is safe to be shown to customers: without `error.remote`.
    """

    type: str
    timestamp: datetime
    data: Mapping[str, Any]
