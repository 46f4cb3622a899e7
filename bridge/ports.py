"""What the use cases need of the outside. Adapters and use cases meet only here.

Every time is in epoch seconds. A method that writes under a lease raises LeaseLost when another worker holds the job.
Any method of the store raises StoreUnavailable when the database cannot be used; then nothing was done.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge.drift import Difference
from bridge.errors import BridgeError
from bridge.model import Address, Answer, Change, Deleted, Fact, Mailbox, Pak, Plan, Proof, Record, State, Step, Survey
from bridge.readiness import Found
from hooks.types import Intent, Verified

Clock = Callable[[], float]
"""Epoch seconds."""

Checkpoint = Callable[[str], None]
"""Called with a name between every two steps that a crash could separate. Does nothing in service; tests kill there."""


class Backend(Protocol):
    """One mailbox system under one account. Safe to use from several threads."""

    proofs: Mapping[Fact, Proof]
    """How each fact can be shown to be true."""

    def observe(self, address: Address) -> Mailbox:
        """What the remote shows now. An absent mailbox is an answer (`exists=False`), not an error. Raises BridgeError."""

    def survey(self, domain: str) -> Survey:
        """Every mailbox and pak that the remote shows of a domain, at the price of one look. Raises BridgeError.

        `exists` is True, or None where its two systems disagree. A list shows less than a look: `services` are told where all
        of them are suspended, and sizes may be missing.
        """

    def deleted(self, domain: str) -> Sequence[Deleted]:
        """What was deleted of a domain and can still be brought back, newest first. Raises Refused("unsupported")."""

    def undelete(self, found: Deleted) -> None:
        """Brings it back under its own name, with its mail. Raises BridgeError; then a look tells what came of it."""

    def apply(self, address: Address, change: Change, seen: Mailbox) -> Answer:
        """Sends the one command of `change`. Returning means that the remote said yes, not that it is so.

        Refused: surely not done. Unavailable: surely nothing happened. Unclear and its kin: may have happened.
        """

    def command(self, change: Change) -> str:
        """The remote's name of the command that `apply` would send."""

    def probe(self) -> None:
        """Asks the remote, without changing anything, whether this account may work. Raises BridgeError."""

    def usage(self, address: Address) -> Mapping[str, int]:
        """`used_bytes` and `quota_bytes`, as far as they can be read. Raises Refused("unsupported")."""

    def sign_in(self, address: Address) -> str:
        """A link that opens this mailbox's webmail once. Raises Refused("unsupported")."""


@dataclass(frozen=True)
class Receipt:
    """What is told about a job, always in these words (contract, section 3.1)."""

    job: str
    hook: str
    action: str
    address: str
    service_id: str
    sequence: int
    status: str
    waiting_for: str | None
    state: str
    changed: bool
    verified: Mapping[str, str]
    message: str
    error: Mapping[str, Any] | None
    finished_at: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Only where it applies: `observed_only` and `plan`, `delete_after`, `unknown_fields`."""

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        shown = {name: value for name, value in vars(self).items() if name not in ("extra", "finished_at")}
        ended = {"finished_at": self.finished_at} if self.finished_at else {}
        return shown | {"verified": dict(self.verified)} | ended | dict(self.extra)


@dataclass(frozen=True)
class Job:
    """A claimed job. `token` fences every write; `passed` is true when a person approved what safety had held."""

    id: str
    token: int
    hook: str
    source: str
    account: str
    intent: Intent
    mailbox: int
    sequence: int
    record: Record
    journal: tuple[Step, ...]
    created_at: float
    undecided_since: float | None
    tries: int
    passed: bool
    purge: bool
    replaces: str | None = None


@dataclass(frozen=True)
class Ending:
    """How a job ended, and what is true of the mailbox now (`record` None: nothing new is known)."""

    status: str
    state: State
    changed: bool
    verified: Mapping[str, str]
    message: str
    error: BridgeError | None = None
    record: Record | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Postcard:
    """A claimed callback: one conclusion of one job, to be told to its source."""

    id: str
    token: int
    source: str
    job: str
    tries: int
    receipt: Receipt
    account: str = ""


@dataclass(frozen=True)
class Limits:
    """Money and safety, for the transaction that commits an intent. 0 means no limit."""

    purchases_per_day: int = 20
    terminations_per_hour: int = 20


class Inbox(Protocol):
    def accept(
        self,
        source: str,
        account: str,
        verified: Verified,
        intent: Intent,
        digest: str,
        sealed: str | None,
        matches: Callable[[str], bool],
    ) -> Receipt:
        """Records hook, sequence and job in one transaction and overtakes what is overtaken.

        Once it returns, the hook survives a power cut. `sealed` is the encrypted password. An id that came before gives
        its present receipt when `matches` agrees to the stored digest, else Reused; one that was parked and is now
        readable becomes a job. Raises SourcePaused.
        """

    def park(
        self,
        source: str,
        verified: Verified,
        type: str,
        digest: str,
        sealed: str,
        errors: Mapping[str, list[str]],
        matches: Callable[[str], bool],
    ) -> None:
        """Records a delivery that could not be read, its whole body encrypted in `sealed`; raises Reused."""


class Reused(Exception):
    """This id was used for another type or other data."""


class Forgotten(Reused):
    """This id was used, and the key of bridge.keys that could tell for what has been taken out."""


class SourcePaused(Exception):
    """A person paused this source; nothing is accepted from it."""


class Queue(Protocol):
    def claim(self, owner: str, limits: Mapping[str, int]) -> Job | None:
        """Takes the next job that may run, under a lease. `limits` is account -> most jobs in flight."""

    def planned(self, job: Job, plan: Plan, seen: Mailbox) -> None:
        """Keeps the first plan and the observation that it rests on."""

    def intend(
        self,
        job: Job,
        change: Change,
        command: str,
        digest: str,
        record: Record,
        call_limit: float,
        settle: float,
        limits: Limits,
    ) -> Step:
        """Commits that a command is about to be sent, with what must be remembered before it is.

        Raises jobs.LookAgain or NeedsPerson when money or safety forbids it now, NoFunds while purchases are paused.
        """

    def answered(
        self,
        job: Job,
        step: Step,
        outcome: str,
        error: BridgeError | None,
        answer: Answer | None,
        record: Record,
        settle: float,
    ) -> Step:
        """Commits what the remote said; `record.settles_at` is set by the store, from the end of the call."""

    def wait(self, job: Job, until: float, waiting_for: str, error: BridgeError | None, undecided: bool) -> None:
        """Puts the job back, to be claimed again at `until`."""

    def finish(self, job: Job, ending: Ending) -> None:
        """Ends the job and writes its callback, in one transaction."""

    def renew(self, job: Job, step: Step, call_limit: float) -> None:
        """Takes a new lease for a command that is sent later than its intent said."""

    def extend(self, owner: str, jobs: Sequence[str], alive: bool = True) -> None:
        """Heartbeat: renews the leases of the jobs that `owner` is at, and tells that it lives, unless it claims nothing."""

    def release(self, owner: str) -> None:
        """Hands back what `owner` holds, for a graceful stop."""

    def pause_account(self, account: str, code: str, detail: str) -> None: ...
    def pause_money(self, account: str, seconds: float, detail: str) -> None: ...
    def mark(self) -> int:
        """What has changed so far; to be taken before a claim."""

    def idle(self, seconds: float, since: int) -> None:
        """Waits until something may have changed since that mark, at most `seconds`. Waking too often is harmless."""

    def wake(self) -> None:
        """Ends every `idle` of this process."""


class Outbox(Protocol):
    def claim_callback(self, owner: str) -> Postcard | None:
        """Takes the next callback that is due and in turn, under a lease."""

    def callback_done(
        self, card: Postcard, outcome: str, status: int | None, error: str | None, retry_in: float | None
    ) -> None:
        """`outcome` is `delivered`, `stopped`, `exhausted`, or `pending` with `retry_in` seconds."""

    def mark(self) -> int: ...
    def idle(self, seconds: float, since: int) -> None: ...
    def wake(self) -> None: ...


@dataclass(frozen=True)
class Recorded:
    """A hook as it is kept, with the newest job that it led to; `job` and what is the job's are None while it is parked.

    `sealed` is encrypted: the whole body while parked, else the password. None when it was wiped, or there is none.
    """

    hook: str
    source: str
    key_index: int
    received_at: float
    sealed: str | None = field(repr=False)
    job: str | None = None
    account: str | None = None
    intent: Intent | None = None


@dataclass(frozen=True)
class Reading:
    """A delivery that can be read now. `accept` makes a job of it."""

    account: str
    intent: Intent
    accept: Callable[[], Receipt]


@dataclass(frozen=True)
class ObservedJob:
    """A job that was only observed. `would_be`: how it would have ended and why, where that is not success."""

    id: str
    hook: str
    intent: Intent
    facts: Sequence[str]
    created_at: float
    would_be: tuple[str, str] | None = None


class Lookup(Protocol):
    """Reads; all but `record`, `records`, `recorded`, `busy` and `observed` are bounded to one source."""

    def receipt(self, source: str, job_or_hook: str) -> Receipt: ...
    def results(self, source: str, after: str, limit: int) -> tuple[Sequence[Receipt], str | None]:
        """`after` is what the page before gave, or epoch seconds and a slash to begin at that time. Raises ValueError."""

    def mailboxes(self, source: str, after: str, limit: int) -> tuple[Sequence[dict[str, Any]], str | None]: ...
    def record(self, account: str, address: str, owner: tuple[str, str] | None = None) -> Record:
        """An empty one where there is none, or none of this owner (source and service)."""

    def records(self, account: str) -> Mapping[str, Record]:
        """Every record of the account, by address."""

    def recorded(self, hook: str, source: str | None = None) -> Recorded: ...
    def busy(self, account: str) -> Set[str]:
        """The addresses at which a job is, or waits."""

    def observed(self, account: str, since: float) -> Sequence[ObservedJob]:
        """What came since then and was only observed, the newest first."""


class Standing(Protocol):
    """What may work at all, for queries."""

    def account_paused(self, account: str) -> str | None:
        """The reason, or None."""

    def first_use(self, source: str, query_id: str, keep: float) -> bool: ...
    def call_slot(self, account: str, most: int, seconds: float) -> AbstractContextManager[None]:
        """Counts one call among the account's calls in flight. Raises NotNow when there is no room."""


@dataclass(frozen=True)
class Taking:
    """A mailbox that a service is to own from now on, and its state as Enom showed it at `seen_at`."""

    address: str
    service_id: str
    state: State
    seen_at: float


class Owners(Protocol):
    def take_over(self, account: str, source: str, takings: Sequence[Taking]) -> Mapping[str, str]:
        """Gives mailboxes that are nobody's to services of the source, in one transaction. No password is known of them.

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
    mailboxes that are not judged, because the bridge is at them or has just changed them.
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


class Findings(Protocol):
    def keep(self, who: str, found: Reconciliation) -> None:
        """Takes the place of what was known of the same domains and addresses; what was known keeps its first time."""


class Notebook(Protocol):
    def due_notes(self, gather: bool = False) -> Sequence[Note]:
        """What is to be sent now, each to one worker. `gather`: after the first, the next ones are kept for a while."""

    def notes_sent(self, due: Sequence[Note], ok: bool) -> None: ...


class Summaries(Protocol):
    def write(self, minute: int) -> None:
        """Makes a note of the summary of today, once it is that minute of the day (UTC) and unless it is there."""


@dataclass(frozen=True)
class Seen:
    """What DNS says of a domain's mail, and when it was asked."""

    found: Found
    checked_at: float


class Readings(Protocol):
    def reading(self, domain: str, fresh: Callable[[Found], float], ask: Callable[[str], Found]) -> Seen:
        """What is on record, unless it is older than `fresh` says; else what `ask` finds, which is kept."""
