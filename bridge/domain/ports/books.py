"""What is looked up and kept beside the journey of a hook: records, findings, notes, and what
may work at all."""

from collections.abc import Collection, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge.domain.aliases import Neighbour
from bridge.domain.differences import Difference
from bridge.domain.model import Pak, Record, State
from bridge.domain.ports.journey import Receipt
from hooks.types import Intent


@dataclass(frozen=True)
class Recorded:
    """A hook as it is kept, with the newest job that it led to; `job` and what is the job's are
    None while it is parked.

    `sealed` is encrypted: the whole body while parked, else the password. None when it was wiped, or there is none.
    `refusal` says why a parked one cannot be read again.
    """

    hook: str
    source: str
    key_index: int
    received_at: float
    sealed: str | None = field(repr=False)
    job: str | None = None
    account: str | None = None
    intent: Intent | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class ObservedJob:
    """A job that was only observed.

    `would_be`: how it would have ended and why, where that is not success.
    """

    id: str
    hook: str
    intent: Intent
    facts: Sequence[str]
    created_at: float
    would_be: tuple[str, str] | None = None


class Lookup(Protocol):
    """Reads; all but `record`, `records`, `domains`, `recorded`, `busy` and `observed` are bounded
    to one source."""

    def receipt(self, source: str, job_or_hook: str) -> Receipt: ...
    def results(self, source: str, after: str, limit: int) -> tuple[Sequence[Receipt], str | None]:
        """`after` is what the page before gave, or epoch seconds and a slash to begin at that time.

        Raises ValueError.
        """

    def mailboxes(
        self, source: str, after: str, limit: int
    ) -> tuple[Sequence[dict[str, Any]], str | None]: ...
    def record(self, account: str, address: str, owner: tuple[str, str] | None = None) -> Record:
        """An empty one where there is none, or none of this owner (source and service)."""

    def customer(self, account: str, address: str, source: str) -> str | None:
        """The mailbox's customer, as this source's own hooks told it."""

    def records(self, account: str, domains: Sequence[str] | None = None) -> Mapping[str, Record]:
        """Every record of the account, or of these domains of it, by address: also those of
        mailboxes that are gone."""

    def neighbours(
        self, account: str, address: str, wanted: Collection[str]
    ) -> Sequence[Neighbour]:
        """As bridge.domain.aliases.Neighbours; without the mailbox `address` itself."""

    def domains(self, account: str) -> Sequence[str]:
        """Every domain of which there is a record."""

    def customers(self, account: str, source: str) -> Mapping[str, str]:
        """The customer of each mailbox of a source of which it is known, by address."""

    def has_mailbox_in(self, source: str, account: str, domain: str) -> bool:
        """Whether a service of this source owns a mailbox there."""

    def recorded(self, hook: str, source: str | None = None) -> Recorded: ...
    def busy(self, account: str) -> Set[str]:
        """The addresses at which a job is, or waits."""

    def observed(self, account: str, since: float) -> Sequence[ObservedJob]:
        """What came since then and was only observed, the newest first."""


class Services(Protocol):
    """What services with several mailboxes have."""

    def service(self, source: str, service_id: str) -> Mapping[str, Any]:
        """`seats` (None: none were sold), `used`, `suspended_at`."""

    def mailboxes(
        self, source: str, service_id: str, after: str, limit: int
    ) -> tuple[Sequence[Any], str | None]: ...
    def members(self, action: str, source: str, account: str, service_id: str) -> Sequence[str]:
        """The addresses that a hook of this action would be about now."""

    def saw_usage(self, account: str, address: str, used: int) -> None:
        """Notes how many bytes a mailbox uses, as it was just read."""


class AccountState(Protocol):
    """Which accounts, purchases and sources may work, and how many calls an account has under
    way."""

    def pause_account(self, name: str, code: str, detail: str) -> None:
        """For a fault that the remote answers with: nothing more is sent for the account until a
        probe goes well."""

    def pause_money(self, name: str, seconds: float, detail: str) -> None:
        """Nothing is bought for the account for so long."""

    def account_paused(self, account: str) -> str | None:
        """The code of the error that paused it; None while it works."""

    def heard(self, source: str, sender: str) -> None:
        """Notes what the module that tested the connection of this source calls itself."""

    def first_use(self, source: str, query_id: str, keep: float) -> bool: ...
    def call_slot(self, account: str, most: int, seconds: float) -> AbstractContextManager[None]:
        """Counts one call among the account's calls in flight.

        Raises NotPossible when there is no room.
        """


class OperatorActions(Protocol):
    """What a person does by hand, noted in that person's name."""

    def by(self, who: str) -> "OperatorActions": ...
    def retry(self, job: str) -> Receipt:
        """A new job with the same intent. Raises UnknownThing, NotPossible."""

    def noted(self, action: str, target: str) -> None:
        """For what a person did that stands in no other transaction of the store."""


@dataclass(frozen=True)
class Assignment:
    """A mailbox that a service is to own from now on, and its state as Enom showed it at
    `seen_at`."""

    address: str
    service_id: str
    state: State
    seen_at: float
    customer_id: str | None = None


class Owners(Protocol):
    def teach(self, account: str, source: str, customer_ids: Mapping[tuple[str, str], str]) -> int:
        """Notes the customers of mailboxes by address and service, where that service owns the
        mailbox; how many."""

    def sell(self, source: str, seats: Mapping[str, int]) -> None:
        """Notes how many mailboxes each of these services may have."""

    def take_over(
        self, account: str, source: str, takings: Sequence[Assignment]
    ) -> Mapping[str, str]:
        """Gives mailboxes that are nobody's to services of the source, in one transaction. No
        password is known of them.

        Gives address -> reason for each that is left as it is: it has another owner by now, or changes right now.
        """


@dataclass(frozen=True)
class Note:
    """Something to tell the admin; `cleared` when it is over. `tries` counts this one."""

    id: int
    subject: str
    cleared: bool
    text: str
    tries: int
    about: str = ""
    """The same for all of one cause; empty where nobody asked for it."""


@dataclass(frozen=True)
class Reconciliation:
    """One look over an account, beside its records. Times in epoch seconds.

    `whole`: every domain that the bridge knows. `domains` are those that were read, with their paks and how many mailboxes
    are in each; `unread` those that could not be. `looked_at` are addresses that were asked for singly. `under_way` counts
    mailboxes that are not judged, because the bridge is at them or has just changed them; the last of what it changed shows
    for sure from `settles_at` on (0: none waits for that).
    """

    account: str
    started_at: float
    ended_at: float
    whole: bool
    domains: Mapping[str, Sequence[tuple[Pak, int]]]
    unread: Sequence[str]
    looked_at: Sequence[str]
    mailboxes: int
    under_way: int
    differences: Sequence[Difference]
    foreign: Sequence[str] = ()
    """Domains that Enom says are not in the account, and where nothing of ours is on record:
    told, and no fault."""
    settles_at: float = 0.0


@dataclass(frozen=True)
class Comparison:
    """The right to compare an account now.

    `lease` (epoch seconds) names it too: with each renewal it is another one.
    """

    account: str
    lease: float
    taken_at: float


class Comparisons(Protocol):
    """Which account is to be compared when, each by one process at a time.

    What a lost lease allows no more does nothing.
    """

    def take_due(self, at: str, among: Sequence[str]) -> Comparison | None:
        """Of these accounts the one that is due longest.

        `at` (HH:MM, UTC) is the hour of every night, empty for none.
        """

    def renew(self, comparison: Comparison) -> Comparison | None:
        """Prolongs the lease; None when it was lost, and the comparison is another process's."""

    def done(self, comparison: Comparison, at: str) -> None:
        """The next one comes at that hour; or at once, if a person asked for it meanwhile."""

    def put_off(self, comparison: Comparison, seconds: float) -> None: ...
    def hand_back(self, comparison: Comparison) -> None:
        """Gives the lease back before the end: the comparison is due, as it was before."""


class Findings(Protocol):
    def keep(self, who: str, found: Reconciliation) -> None:
        """Takes the place of what was known of the same domains and addresses; what was known
        keeps its first time."""


class AlertLog(Protocol):
    def due_notes(self, gather: bool = False) -> Sequence[Note]:
        """What is to be sent now, each to one worker.

        `gather`: after the first, the next ones are kept for a while.
        """

    def notes_sent(self, due: Sequence[Note], ok: bool) -> None: ...


class Summaries(Protocol):
    def write(self, minute: int) -> None:
        """Makes a note of the summary of today, once it is that minute of the day (UTC) and
        unless it is there."""


@dataclass(frozen=True)
class Said:
    """What a subscription said last."""

    action: str
    status: str
    address: str
    plan: str | None
    observed: bool = False
    """Its newest job was only observed: nothing was done for it."""

    def is_so(self, intent: Intent) -> bool:
        """Whether this hook would say nothing new, but for its time."""
        plan = self.plan if intent.plan is None else intent.plan
        known = self.action, self.status, self.address, self.plan
        return known == (intent.action, intent.status, intent.address, plan)


class Subscribed(Protocol):
    """What the subscriptions of a source said, and when they were compared."""

    def said(self, source: str) -> Mapping[str, Said]: ...
