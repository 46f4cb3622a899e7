"""What one attempt at a job has learnt so far, and what follows from that alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bridge.domain.account import Account
from bridge.domain.actions import decides
from bridge.domain.model import (
    Address,
    ChangeKind,
    Fact,
    Mailbox,
    Outcome,
    Record,
    Step,
    Terms,
    to_rfc3339,
)
from bridge.domain.ports import InitialPlan, Job
from bridge.infra.events import Attributes


def with_unknowable_password(
    job: Job,
    new_password: Callable[[Address, Callable[[Sequence[str]], str]], str],
    choose: Callable[[Sequence[str]], str],
) -> Job:
    """The job with a password that nobody will know, for a mailbox that is made without one.

    It is stored nowhere: an attempt that begins anew after a crash sets another, unless one was
    accepted.
    """
    password = new_password(Address.parse(job.intent.address), choose)
    return replace(job, intent=replace(job.intent, password=password))


@dataclass
class Attempt:
    """What one attempt has learnt so far; its record is what is written with the next command."""

    job: Job
    account: Account
    record: Record
    journal: list[Step]
    lease_ends: float  # on the monotonic clock
    attributes: Attributes = field(default_factory=dict)  # what is told of it to whoever watches
    seen: Mailbox | None = None
    observed_at: float = 0.0
    planned: bool = False
    first: InitialPlan | None = None  # until it is written down

    @property
    def facts(self) -> frozenset[Fact]:
        return decides(self.job.intent.action, password=self.job.intent.password is not None)

    @property
    def address(self) -> Address:
        return Address.parse(self.job.intent.address)

    @property
    def terms(self) -> Terms:
        return replace(self.account.terms, lifted=self.job.lifted)

    def last(self, kind: ChangeKind) -> Step | None:
        return next((step for step in reversed(self.journal) if step.kind == kind), None)

    def settle(self, last: Step | None) -> float:
        """Seconds for which reads may miss a command: those in force when it was sent, where
        they were more than now."""
        return max(self.account.settle, self.record.settles_at - last.ended_at if last else 0.0)

    def may_have_done(self, *kinds: ChangeKind) -> bool:
        """Whether a command of one of these kinds took effect, or may have."""
        return any(
            step.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)
            for step in self.journal
            if step.kind in kinds
        )

    def made_anew(self, seen: Mailbox) -> bool:
        """Whether what is there now was made at another time than what this job's deletion was
        sent for: then the mailbox that it was about is gone. Both times are the remote's own: its
        clock is not ours."""
        last = self.last(ChangeKind.DELETE)
        if last is None or last.outcome not in (Outcome.ACCEPTED, Outcome.UNKNOWN):
            return False
        if seen.made_at is None or last.mailbox_made is None:
            return False
        return to_rfc3339(seen.made_at) != last.mailbox_made

    @property
    def makes_without_password(self) -> bool:
        """Whether this job's creation, if it was one, set a password that nobody knows."""
        return self.job.intent.action == "mailbox.ensure" and self.may_have_done(ChangeKind.CREATE)

    @property
    def whose_in_doubt(self) -> bool:
        """Whether a mailbox that is there now may be another's: this job's creation, as far as
        anybody knows, may not have made it."""
        made = [
            step
            for step in self.journal
            if step.kind in (ChangeKind.CREATE, ChangeKind.SET_PASSWORD)
            and step.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.DOUBTED)
        ]
        created = any(step.kind == ChangeKind.CREATE for step in made)
        return created and made[-1].outcome != Outcome.ACCEPTED

    @property
    def acted(self) -> bool:
        """Whether what is so now may be so because of a command of this job."""
        return any(
            step.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.DOUBTED)
            for step in self.journal
        )
