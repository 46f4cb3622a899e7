"""What follows a job beside its callback: links for a first password, and what is written back to
platforms whose events say a status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ClaimedWriteBack:
    """What is to be written into a subscription now. `notes` None: nothing. `written`: what the
    bridge wrote there last."""

    id: int
    token: int
    source: str
    service_id: str
    tries: int
    written: Mapping[str, str]
    notes: Mapping[str, str] | None


@dataclass(frozen=True)
class LinkedMailbox:
    """The mailbox whose password a link sets."""

    account: str
    address: str


@dataclass(frozen=True)
class LinkUsed:
    """The job that sets a password which was posted, and whose it is."""

    source: str
    job: str


class PasswordLinks(Protocol):
    """One-time links for passwords, by the digests of their tokens."""

    def issue_for_job(self, job: str, digest: str) -> bool: ...
    def issue(self, address: str, digest: str, who: str) -> None: ...
    def remind(self, job: str) -> None: ...
    def find(self, digest: str) -> LinkedMailbox | None: ...
    def use(self, digest: str, sealed: str, who: str) -> LinkUsed | None: ...


class WriteBacks(Protocol):
    """What is due to be written back to platforms, and what came of it."""

    def claim_write_back(self) -> ClaimedWriteBack | None: ...
    def write_back_done(
        self,
        claimed: ClaimedWriteBack,
        written: Mapping[str, str] | None,
        error: str | None,
        retry_in: float | None,
    ) -> None: ...
