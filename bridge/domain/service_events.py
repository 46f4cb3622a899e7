"""What a source may be told of its mailboxes beside how its jobs ended, if it wants to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class EventType(StrEnum):
    NEARLY_FULL = "mailbox.nearly_full"


@dataclass(frozen=True)
class Usage:
    """How full a mailbox of a service is. `threshold`: percent from which it is nearly full."""

    source: str
    account: str
    address: str
    service_id: str
    used: int
    quota: int
    threshold: int

    @property
    def nearly_full(self) -> bool:
        return self.used * 100 >= self.quota * self.threshold


@dataclass(frozen=True)
class ClaimedEvent:
    """An event under way. `tries` includes this one."""

    id: str
    token: int
    source: str
    type: str
    data: Mapping[str, Any]
    created_at: float
    tries: int


class EventLog(Protocol):
    """The store of events."""

    def note_usage(self, usage: Usage, data: Mapping[str, Any]) -> bool:
        """Makes an event when a mailbox has become nearly full; once, until it was seen below.
        Whether one was made."""

    def claim_event(self, without: frozenset[str]) -> ClaimedEvent | None:
        """Takes the next event that is due, under a lease, but none of the sources in `without` or
        of a receiver that is left alone because it did not answer."""

    def event_done(
        self,
        claimed: ClaimedEvent,
        outcome: str,
        status: int | None,
        error: str | None,
        retry_in: float | None,
    ) -> None: ...
