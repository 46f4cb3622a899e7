"""What a hook meets from its receipt to its callback: inbox, queue, outbox, and what passes
between them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from bridge.domain.aliases import Neighbour
from bridge.domain.errors import BridgeError, Limit
from bridge.domain.jobs import Status, WaitingFor
from bridge.domain.model import (
    Answer,
    Change,
    Mailbox,
    Outcome,
    Plan,
    Record,
    State,
    Step,
    to_rfc3339,
)
from hooks.types import Intent, Verified, Withdrawal


@dataclass(frozen=True)
class Receipt:
    """What is told about a job, always in these words (contract, section 3.1)."""

    job: str
    hook: str
    action: str
    address: str
    """Empty: it is about a whole service."""
    service_id: str
    sequence: int
    status: Status
    waiting_for: WaitingFor | None
    state: str
    changed: bool
    verified: Mapping[str, str]
    message: str
    error: Mapping[str, Any] | None
    finished_at: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Only where it applies: `observed_only` and `plan`, `delete_after`, `unknown_fields`,
    `from_service_id`; of a service `mailboxes`."""

    def describe(self) -> dict[str, Any]:
        """As JSON."""
        shown = {
            name: value
            for name, value in vars(self).items()
            if name not in ("extra", "finished_at") and (name != "address" or value)
        }
        ended = (
            {"finished_at": to_rfc3339(self.finished_at)} if self.finished_at is not None else {}
        )
        return shown | {"verified": dict(self.verified)} | ended | dict(self.extra)


@dataclass(frozen=True)
class Dismissal:
    """A hook that leads to no job: nobody waits for it, and its id is refused from now on."""

    hook: str

    def describe(self) -> dict[str, str]:
        """As JSON."""
        return {"hook": self.hook, "status": "dismissed"}


@dataclass(frozen=True)
class Job:
    """A claimed job.

    `token` fences every write; `lifted` are the limits that a person lifted for it.
    """

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
    lifted: frozenset[Limit]
    purge: bool
    replaces: str | None = None
    customer_id: str | None = None
    """The customer of the mailbox as the source's own hooks told it, whichever service they were of."""

    @property
    def changes_service(self) -> bool:
        """Whether the mailbox is another service's until this job succeeds."""
        owned = self.record.owned_by(self.source, self.intent.service_id)
        return self.intent.from_service_id is not None and not owned


@dataclass(frozen=True)
class InitialPlan:
    """The first plan of a job, and the observation that it rests on: for people, kept with
    whatever is written next."""

    plan: Plan
    seen: Mailbox


@dataclass(frozen=True)
class JobResult:
    """How a job ended, and what is true of the mailbox now (`record` None: nothing new is
    known)."""

    status: Status
    state: State
    changed: bool
    verified: Mapping[str, str]
    message: str
    error: BridgeError | None = None
    record: Record | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimedCallback:
    """A claimed callback: one conclusion of one job, to be told to its source."""

    id: str
    token: int
    source: str
    job: str
    tries: int
    receipt: Receipt
    account: str = ""
    unanswered: int = 0
    """How often in a row its receiver did not answer; if it did not, no other callback goes to
    it beside this one."""
    waited: float = 0.0
    """Seconds since it was to be delivered."""


@dataclass(frozen=True)
class Limits:
    """Money and safety, for the transaction that commits an intent. 0 means no limit.

    `sharing`: the sources whose customers may have mailboxes of one domain. `monthly`: the accounts whose mailboxes cost by
    the month, which `creations_per_day` is about.
    """

    purchases_per_day: int = 20
    terminations_per_hour: int = 20
    sharing: frozenset[str] = frozenset()
    creations_per_day: int = 200
    monthly: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ServiceRules:
    """What the configuration says of hooks that are about a whole service.

    `terminations_per_hour` as in Limits; `grace`: whether a terminate suspends first. `member_callbacks`: the sources that
    are told of each mailbox, too; `observed`: the accounts in which nothing is changed.
    """

    terminations_per_hour: int = 0
    grace: bool = False
    member_callbacks: frozenset[str] = frozenset()
    observed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AccountLimits:
    """What of an account may run at a time.

    `in_flight`: most jobs and queries. `exclusive_actions`: of these, one in each domain.
    """

    in_flight: int
    exclusive_actions: frozenset[str]


@dataclass(frozen=True)
class Arrival:
    """A hook that was verified and read. `sealed`: its password, encrypted. `matches`: whether a
    stored digest is of the same content. `permit` raises where its source may not touch an address;
    `beside`, where one of these sources, which follow its subscription, keeps it from doing so too.
    """

    source: str
    account: str
    verified: Verified
    intent: Intent
    digest: str
    sealed: str | None = field(repr=False)
    matches: Callable[[str], bool] = field(repr=False)
    permit: Callable[[str], None] = lambda address: None
    beside: Callable[[Collection[str]], None] = lambda sources: None
    anew: bool = False
    """A status counts as new also where it is known."""

    @property
    def of_service(self) -> bool:
        return not self.intent.address

    @property
    def id(self) -> tuple[str, str]:
        return self.source, self.verified.id

    @property
    def mailbox(self) -> tuple[str, str]:
        """Whose line it is for. That of a service looks like no address."""
        service = f"{self.source} {self.intent.service_id}"
        return self.account, self.intent.address or service


class Inbox(Protocol):
    def accept(self, arrival: Arrival) -> Receipt:
        """Records hook, sequence and job in one transaction and overtakes what is overtaken.

        Once it returns, the hook survives a power cut. An id that came before gives its present receipt when `matches`
        agrees to the stored digest, else Reused; one that was parked and is now readable becomes a job. One that was
        dismissed stays so: Dismissed. Raises SourcePaused, SuspensionsPaused, and NothingNew for a status that is known
        (unless `anew`), or older than the newest known.
        """

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Receipt | Exception]:
        """The same for several, in one transaction as far as can be: what `accept` would return or
        raise for each."""

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
        """Records a delivery that could not be read, its whole body encrypted in `sealed`;
        raises Reused, as does `accept`."""


class Withdrawals(Protocol):
    def withdraw(
        self,
        source: str,
        verified: Verified,
        withdrawal: Withdrawal,
        digest: str,
        matches: Callable[[str], bool],
    ) -> Receipt | Dismissal:
        """Takes a hook of this source back, unless a command was sent for it; the receipt of its
        job then.

        A worker that is at the job stops before its first command. A hook that was parked, or never came, is dismissed. The
        same withdrawal again changes nothing and gives the present receipt. Raises Reused, SourcePaused, CannotWithdraw.
        """


class CannotWithdraw(Exception):
    """This hook is not one that can be taken back now; the message says why, and what to do."""


class Reused(Exception):
    """This id was used for another type or other data."""


class Forgotten(Reused):
    """This id was used, and the key of bridge.keys that could tell for what has been taken out."""


class Dismissed(Reused):
    """Nobody waits for the delivery of this id any more: a person dismissed it, or its sender
    took it back."""


class NothingNew(Exception):
    """The hook says a status that makes no job: nothing differs, or a newer one is known."""


class SourcePaused(Exception):
    """A person paused this source; nothing is accepted from it."""


class SuspensionsPaused(SourcePaused):
    """This source sent too many suspensions; no more are accepted until a person has looked, all
    else is."""


class Queue(Protocol):
    """What a worker writes of the job that it holds.

    Claims and leases are between the engine and the store's own class.
    """

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
        first: InitialPlan | None = None,
    ) -> Step:
        """Commits that a command is about to be sent, with what must be remembered before it is.

        The step's `settles_at` is what was written as the record's.
        Raises Refused where another mailbox stands against it, jobs.Recheck or NeedsPerson when
        money, safety or another customer's domain forbids it now, NoFunds while purchases are
        paused. Recheck also when the day's creations are used.
        """

    def neighbours(self, job: Job, wanted: Collection[str]) -> Sequence[Neighbour]:
        """As bridge.domain.aliases.Neighbours, of the job's account; without the job's own
        mailbox."""

    def allow_creation(self, job: Job, limits: Limits) -> None:
        """Raises NeedsPerson where `intend` would because of another customer's domain.

        Writes nothing: for observe mode.
        """

    def answered(
        self,
        job: Job,
        step: Step,
        outcome: Outcome,
        error: BridgeError | None,
        answer: Answer | None,
        record: Record,
        settle: float,
    ) -> Step:
        """Commits what the remote said.

        The step's `settles_at` is what was written as the record's, from the call's end.
        """

    def wait(
        self,
        job: Job,
        until: float,
        waiting_for: WaitingFor,
        error: BridgeError | None,
        undecided: bool,
        first: InitialPlan | None = None,
    ) -> None:
        """Puts the job back, to be claimed again at `until`."""

    def finish(self, job: Job, ending: JobResult, first: InitialPlan | None = None) -> None:
        """Ends the job and writes its callback, in one transaction."""

    def renew(self, job: Job, step: Step, call_limit: float, settle: float) -> None:
        """Takes a new lease for a command that is sent later than its intent said."""


class Outbox(Protocol):
    """Records what came of a claimed callback; nothing where another sender has claimed it
    since."""

    def callback_done(
        self,
        claimed: ClaimedCallback,
        outcome: str,
        status: int | None,
        error: str | None,
        retry_in: float | None,
        silent_for: float | None = None,
    ) -> None:
        """`outcome` is `delivered`, `stopped`, `exhausted`, or `pending` with `retry_in` seconds.

        `silent_for`: the receiver did not answer. Nothing goes to it for so many seconds, then one callback at a time until
        one is answered. Such a callback that goes unanswered counts no try.
        """

    def give_up(self, source: str, after: float) -> int:
        """Ends what has been put off for longer than so many seconds, because the receiver does
        not answer; how many."""
