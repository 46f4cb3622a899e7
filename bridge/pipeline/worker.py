"""One attempt at a job: observe, plan, apply, observe again. Success is an empty second plan, never the absence of an error.

What stops an attempt is an exception: LookAgain (wait, then begin again), a BridgeError (jobs.verdict says what it makes
of the job), LeaseLost (somebody else has the job: leave quietly). Whatever else happens, the journal tells the next
attempt what may have been sent.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from bridge.domain import jobs, plan, proving
from bridge.domain.actions import ACTIONS, Wish, decides
from bridge.domain.errors import (
    CODES,
    AccountFault,
    BridgeError,
    Doubted,
    LeaseLost,
    NeedsPerson,
    NoFunds,
    Refused,
    StoreUnavailable,
    Unavailable,
    Unclear,
)
from bridge.domain.model import (
    Address,
    Answer,
    Change,
    Desired,
    Fact,
    Kind,
    Mailbox,
    Plan,
    Proof,
    Record,
    State,
    Step,
    Terms,
    in_words,
)
from bridge.domain.ports import Backend, Checkpoint, Clock, Ending, First, Job, Limits, Queue
from bridge.domain.wanted import NEEDS, SAID
from bridge.infra import logs
from bridge.infra.events import Facts, Watch
from bridge.reporting.messages import message

log = logs.get("worker")

MONEY_PAUSE = 300.0  # seconds until a purchase is tried again after the account ran out of money
HOUR = 3600.0


class Digest(Protocol):
    def __call__(self, text: str, known: str | None = None) -> str: ...


@dataclass(frozen=True)
class Desk:
    """One account as a worker needs it. `call_limit`: most seconds that one command can take."""

    backend: Backend
    terms: Terms
    settle: float
    call_limit: float
    observe_only: bool = False


@dataclass
class Attempt:
    """What one attempt has learnt so far."""

    job: Job
    desk: Desk
    record: Record
    journal: list[Step]
    lease_ends: float  # on the monotonic clock
    told: Facts = field(default_factory=dict)  # what is told of it to whoever watches
    seen: Mailbox | None = None
    observed_at: float = 0.0
    planned: bool = False
    first: First | None = None  # until it is written down

    @property
    def facts(self) -> frozenset[Fact]:
        """What the hook decides."""
        return decides(self.job.intent.action, password=self.job.intent.password is not None)

    @property
    def address(self) -> Address:
        return Address.parse(self.job.intent.address)

    @property
    def terms(self) -> Terms:
        return replace(self.desk.terms, lifted=self.job.lifted)

    def last(self, kind: Kind) -> Step | None:
        return next((step for step in reversed(self.journal) if step.kind == kind), None)

    def settle(self, last: Step | None) -> float:
        """Seconds for which reads may miss a command: those in force when it was sent, where they were more than now."""
        return max(self.desk.settle, self.record.settles_at - last.ended_at if last else 0.0)

    def may_have_done(self, *kinds: Kind) -> bool:
        """Whether a command of one of these kinds took effect, or may have."""
        return any(step.outcome in ("accepted", "unknown") for step in self.journal if step.kind in kinds)

    @property
    def acted(self) -> bool:
        """Whether what is so now may be so because of a command of this job."""
        return any(step.outcome in ("accepted", "unknown", "doubted") for step in self.journal)


@dataclass
class Worker:
    """Runs claimed jobs. Safe to use from several threads; the queue keeps two from one domain apart.

    `digest` gives a keyed digest of a text, or the `known` one if it is of the same text. `lease` in seconds, as the queue's.
    """

    queue: Queue
    desks: Mapping[str, Desk]
    digest: Digest
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    lease: float = 60.0
    retry_seconds: float = 72 * HOUR
    checkpoint: Checkpoint = lambda name: None
    random: Callable[[], float] = random.random
    watch: Watch = field(default_factory=Watch)

    def run(self, job: Job) -> None:
        """Takes a claimed job as far as it goes now. Never raises: what is not done is in the database or under a lease."""
        named = {"job": job.id, "hook": job.hook, "source": job.source, "account": job.account, "action": job.intent.action}
        with (
            logs.bound(**named, address=job.intent.address),
            logs.hiding(job.intent.password or ""),
            self.watch.over("attempt", **named, tries=job.tries, outcome="left") as told,
        ):
            self._run(job, told)

    def _run(self, job: Job, told: Facts) -> None:
        attempt = Attempt(
            job=job,
            desk=self.desks[job.account],
            record=job.record,
            journal=list(job.journal),
            lease_ends=time.monotonic() + self.lease,
            planned=bool(job.journal),
            told=told,
        )
        try:
            self.checkpoint("claimed")
            self._attempt(attempt)
        except LeaseLost:
            log.warning("lease lost; another worker goes on with this job")
        except StoreUnavailable as error:
            log.error("the database is away; the job is taken up again when its lease ends", error=str(error))

    def _attempt(self, attempt: Attempt) -> None:
        try:
            self._advance(attempt)
        except jobs.LookAgain as pause:
            self._wait(attempt, pause.at, pause.waiting_for, pause.error)
        except BridgeError as error:
            self._conclude(attempt, error)
        except (LeaseLost, StoreUnavailable):
            raise
        except Exception:
            # A fault of ours must not lose the job, nor be tried in a tight loop.
            log.exception("unexpected; the job waits and begins again with a look")
            self._conclude(attempt, Unclear("An error inside the bridge; see its log."))

    # The loop

    def _advance(self, attempt: Attempt) -> None:
        while True:
            seen = self._observe(attempt)
            desired = self._desired(attempt, seen)
            todo = self._plan(attempt, seen, desired)
            if todo.empty:
                self._proved_in_time(attempt)
                self._prove_password(attempt, seen, desired)
                return self._succeed(attempt, seen, desired)
            for change in todo.changes:
                last = attempt.last(change.kind)
                jobs.may_send(change, last, attempt.observed_at, attempt.settle(last))
                self._send(attempt, change, seen, desired)
                if attempt.journal[-1].outcome != "accepted":
                    break  # believe reads only: the next look tells what came of it

    def _observe(self, attempt: Attempt) -> Mailbox:
        """A look that can be believed. Raises LookAgain while it contradicts what was done last and reads may lag."""
        attempt.observed_at = self.clock()
        seen = attempt.seen = attempt.desk.backend.observe(attempt.address, attempt.facts)
        self.checkpoint("observed")
        believable = plan.believable(seen, attempt.record, attempt.terms, attempt.observed_at, bool(attempt.journal))
        if seen.exists is None and attempt.observed_at >= attempt.record.settles_at:
            raise Unclear("Enom lists this mailbox and hosted email does not, or the other way round.")
        if seen.exists is None or not believable:
            raise jobs.LookAgain(self._next_look(attempt, attempt.record.settles_at), "settle")
        return seen

    def _desired(self, attempt: Attempt, seen: Mailbox) -> Desired:
        intent, job = attempt.job.intent, attempt.job
        known, digest = attempt.record.password_digest, None
        if intent.password is not None:
            digest = self.digest(f"password:{intent.address}:{intent.password}", known)
        wish = Wish(job.source, intent, digest, self.clock(), job.purge)
        return ACTIONS[intent.action](wish, seen, attempt.record, attempt.terms)

    def _plan(self, attempt: Attempt, seen: Mailbox, desired: Desired) -> Plan:
        now = datetime.fromtimestamp(self.clock(), UTC)
        todo = plan.diff(seen, attempt.record, desired, attempt.terms, now)
        if not attempt.planned:
            attempt.first, attempt.planned = First(todo, seen), True
            self.checkpoint("planned")
        if attempt.desk.observe_only:
            if any(change.makes for change in todo.changes):
                self.queue.allow_creation(attempt.job, self.limits)
            raise Observed(todo)
        return todo

    def _send(self, attempt: Attempt, change: Change, seen: Mailbox, desired: Desired) -> None:
        job, desk, before = attempt.job, attempt.desk, attempt.record
        record = plan.before_sending(attempt.record, change, seen, (job.source, job.intent.service_id))
        command = desk.backend.command(change)
        digest = self.digest(json.dumps([change.describe(), change.secret], sort_keys=True))
        step = self.queue.intend(job, change, command, digest, record, desk.call_limit, desk.settle, self.limits, attempt.first)
        attempt.record, attempt.first = replace(record, settles_at=step.settles_at), None
        self.checkpoint("intent-committed")
        self._hold_lease(attempt, step)
        outcome, error, answer = self._call(attempt, change, seen)
        self.checkpoint("sent")
        if outcome == "accepted" or (change.kind is Kind.LOG_OUT and outcome in ("refused", "doubted")):
            attempt.record = plan.after_accepted(attempt.record, change, desired)
        elif change.kind is Kind.CREATE and outcome != "unknown" and not attempt.may_have_done(Kind.CREATE):
            attempt.record = before  # a mailbox that turns up now is not of our making
        log.info("command", command=command, outcome=outcome, error=error and error.detail)
        step = self.queue.answered(job, step, outcome, error, answer, attempt.record, desk.settle)
        self.checkpoint("answer-committed")
        attempt.journal.append(step)
        attempt.record = replace(attempt.record, settles_at=step.settles_at)
        if isinstance(error, AccountFault | NoFunds | NeedsPerson | Unavailable):
            raise error

    def _hold_lease(self, attempt: Attempt, step: Step) -> None:
        """The last thing before a send: a process that was stopped meanwhile asks whether the job is still its own."""
        if time.monotonic() + attempt.desk.call_limit > attempt.lease_ends:
            self.queue.renew(attempt.job, step, attempt.desk.call_limit, attempt.desk.settle)
            attempt.lease_ends = time.monotonic() + self.lease

    def _call(self, attempt: Attempt, change: Change, seen: Mailbox) -> tuple[str, BridgeError | None, Answer | None]:
        try:
            return "accepted", None, attempt.desk.backend.apply(attempt.address, change, seen)
        except Doubted as error:
            return "doubted", error, None
        except Unclear as error:
            return "unknown", error, None
        except Refused as error:
            return "refused", error, None
        except BridgeError as error:  # unavailable, account, funds: surely nothing was done
            return "unsent", error, None

    def _proved_in_time(self, attempt: Attempt) -> None:
        """A look proves an unknown command only once it cannot show the time before an earlier one."""
        for step in attempt.journal:
            if step.outcome == "unknown" and attempt.observed_at < step.trust_after:
                raise jobs.LookAgain(self._next_look(attempt, step.trust_after), "settle")

    def _prove_password(self, attempt: Attempt, seen: Mailbox, desired: Desired) -> None:
        """Signs in with a password that this job has set, where the backend can; a suspended mailbox could not."""
        if not attempt.desk.backend.proves_passwords or desired.password is None:
            return
        if plan.is_suspended(seen, attempt.record, attempt.terms):
            return
        try:
            while proving.try_due(attempt.journal, self.clock(), attempt.desk.settle):
                self._send(attempt, Change(Kind.PROVE_PASSWORD, secret=desired.password), seen, desired)
        except NeedsPerson:
            attempt.record = replace(attempt.record, password_digest=None)  # so that a retry sends it again
            raise

    def _next_look(self, attempt: Attempt, latest: float) -> float:
        now = self.clock()
        lagging = now - (latest - attempt.desk.settle)
        # Below 0 reads may lag for longer than `settle` says now: since when they do, is not known.
        return min(latest, now + (jobs.look_pause(lagging) if lagging >= 0 else jobs.LONGEST_LOOK))

    # The ends

    def _succeed(self, attempt: Attempt, seen: Mailbox, desired: Desired) -> None:
        record = plan.at_end(attempt.record, seen, desired, attempt.terms)
        if attempt.job.intent.action in NEEDS:
            record = replace(record, delete_after=None)  # the customer came back within the grace
        state = plan.state_of(seen, record, attempt.terms)
        extra: dict[str, object] = {}
        if record.delete_after is not None and desired.delete_after is not None:
            extra["delete_after"] = in_words(record.delete_after)
        kept = sorted(name for name, value in (attempt.record.saved_services or {}).items() if value == "suspended")
        text = message(attempt.job.intent.action, state, attempt.acted, kept if desired.suspended is False else [])
        verified = proofs(attempt, desired)
        self._finish(attempt, Ending("succeeded", state, attempt.acted, verified, text, None, record, extra))

    def _conclude(self, attempt: Attempt, error: BridgeError) -> None:
        verdict = jobs.verdict(error)
        if isinstance(error, Observed) or (attempt.desk.observe_only and verdict.status in ("failed", "held")):
            return self._observed(attempt, error)
        if isinstance(error, AccountFault):
            self.queue.pause_account(attempt.job.account, error.code, error.detail)
            self.checkpoint("account-paused")
            return self._wait(attempt, self.clock(), "account", error, undecided=False)
        if isinstance(error, NoFunds):
            seconds = error.retry_after or MONEY_PAUSE
            if error.retry_after is None:
                self.queue.pause_money(attempt.job.account, seconds, error.detail)
                self.checkpoint("money-paused")
            return self._wait(attempt, self.clock() + seconds, "account", error, undecided=False)
        if verdict.status == "queued":
            seconds = max(jobs.pause(attempt.job.tries, self.random), error.retry_after or 0.0)
            return self._wait(attempt, self.clock() + seconds, "retry", error)
        if verdict.status == "cancelled":
            return self._called_off(attempt, error)
        unsure = verdict.status == "failed" and attempt.journal and in_the_dark(attempt.journal[-1], error)
        self._end_badly(attempt, "held" if unsure else verdict.status, error)

    def _wait(self, attempt: Attempt, at: float, waiting_for: str, error: BridgeError | None, undecided: bool = True) -> None:
        since = attempt.job.undecided_since
        if undecided and since is not None and self.clock() - since > self.retry_seconds:
            why = error or Unclear("What Enom shows and what was done still differ.")
            return self._end_badly(attempt, "held", why)
        log.info("waits", waiting_for=waiting_for, error=error and error.detail)
        self.queue.wait(attempt.job, at, waiting_for, error, undecided, attempt.first)
        attempt.told.update(outcome="waits", waiting_for=waiting_for, code=error and error.code)
        self.checkpoint("waited")

    def _end_badly(self, attempt: Attempt, status: str, error: BridgeError) -> None:
        record = plan.after_failure(attempt.record, attempt.seen, attempt.terms)
        state = State.UNKNOWN
        if attempt.seen is not None and status == "failed":
            state = plan.state_of(attempt.seen, record, attempt.terms)
        text = message("held", state, False, []) if status == "held" else CODES[error.code]
        kept = record if status == "failed" else attempt.record
        known = kept if attempt.seen is not None else None
        changed = attempt.may_have_done(*Kind)
        self._finish(attempt, Ending(status, state, changed, {}, text, error, known))

    def _called_off(self, attempt: Attempt, error: BridgeError) -> None:
        """The end of a job that turned out, just before a command, not to be wanted any more."""
        state = attempt.record.state
        if attempt.seen is not None and not attempt.acted:
            state = plan.state_of(attempt.seen, attempt.record, attempt.terms)
        self._finish(attempt, Ending("cancelled", state, attempt.may_have_done(*Kind), {}, SAID[type(error)], error))

    def _observed(self, attempt: Attempt, error: BridgeError) -> None:
        """The end of a job in observe mode: what would have been done, or what would have stood in the way."""
        extra: dict[str, object] = {"observed_only": True}
        if isinstance(error, Observed):
            extra["plan"] = error.todo.describe()
        else:
            extra["would_be"] = {"status": jobs.verdict(error).status, "code": error.code, "detail": error.detail}
        state = State.UNKNOWN
        if attempt.seen is not None:
            state = plan.state_of(attempt.seen, attempt.record, attempt.terms)
        self._finish(attempt, Ending("succeeded", state, False, {}, message("observed", state, False, []), extra=extra))

    def _finish(self, attempt: Attempt, ending: Ending) -> None:
        self.checkpoint("finishing")
        self.queue.finish(attempt.job, ending, attempt.first)
        code, age = ending.error and ending.error.code, self.clock() - attempt.job.created_at
        attempt.told.update(outcome=ending.status, code=code, age=max(0.0, age))
        self.checkpoint("finished")
        tell = log.warning if ending.status in ("failed", "held") else log.info
        tell("ended", status=ending.status, state=ending.state, error=ending.error and ending.error.detail)


class Observed(BridgeError):
    """The account is in observe mode, and this is what would be done."""

    def __init__(self, todo: Plan) -> None:
        super().__init__("observe mode")
        self.todo = todo


def in_the_dark(last: Step, error: BridgeError) -> bool:
    """Whether a refusal does not explain what became of the last command: a no that was doubted, it explains by its code."""
    said = last.error.code if last.error else None
    return last.outcome == "unknown" or (last.outcome == "doubted" and said != error.code)


def proofs(attempt: Attempt, desired: Desired) -> dict[str, str]:
    """How each fact that the hook decided was shown to be true."""
    intent, facts = attempt.job.intent, attempt.facts
    if intent.action == "mailbox.terminate":
        facts = frozenset({Fact.EXISTENCE if desired.exists is False else Fact.SUSPENSION})
    if intent.plan is None:
        facts -= {Fact.PLAN}
    shown = {str(fact): str(attempt.desk.backend.proofs[fact]) for fact in Fact if fact in facts}
    method = attempt.record.suspended_with or attempt.terms.suspend_with
    if Fact.PASSWORD in facts and proving.proved(attempt.journal):
        shown[Fact.PASSWORD] = str(Proof.VERIFIED)
    if Fact.SUSPENSION in facts and method in ("lock-out", "commands"):
        shown[Fact.SUSPENSION] = str(Proof.ACCEPTED)
    return shown
