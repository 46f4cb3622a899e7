"""One attempt at a job: observe, plan, apply, observe again. Success is an empty second plan, never
the absence of an error.

What stops an attempt is an exception: Recheck (wait, then begin again), a BridgeError (jobs.verdict
says what it makes of the job), LeaseLost (somebody else has the job: leave quietly). Whatever else
happens, the journal tells the next attempt what may have been sent.
"""

import json
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from bridge.domain import jobs, plan, proving
from bridge.domain.account import Account
from bridge.domain.actions import Request
from bridge.domain.errors import (
    AccountFault,
    BridgeError,
    LeaseLost,
    NeedsPerson,
    NoFunds,
    OutcomeUnknown,
    RefusalUnproven,
    Refused,
    StoreUnavailable,
    Unavailable,
)
from bridge.domain.jobs import Status, WaitingFor
from bridge.domain.model import (
    Answer,
    Change,
    ChangeKind,
    Desired,
    Mailbox,
    Outcome,
    Record,
    Step,
)
from bridge.domain.ports import (
    AccountState,
    Checkpoint,
    Clock,
    InitialPlan,
    Job,
    JobResult,
    Limits,
    Queue,
)
from bridge.infra import logs
from bridge.infra.events import Attributes, Events
from bridge.pipeline import endings
from bridge.pipeline.attempt import Attempt, with_unknowable_password
from bridge.pipeline.read_back import Ask, nobody_asks
from bridge.steps.look_and_plan import Look, Planned, StaleRead, look_and_plan

log = logs.get("worker")

WHOSE = ("not_ours", "unclear")  # of a mailbox in doubt: another's, or nothing shows whose
MONEY_PAUSE = 300.0  # seconds until a purchase is tried again after the account ran out of money
HOUR = 3600.0


class Digest(Protocol):
    def __call__(self, text: str, known: str | None = None) -> str: ...


@dataclass
class Worker:
    """Runs claimed jobs. Safe to use from several threads; the queue keeps apart what may
    not run side by side.

    `digest` gives a keyed digest of a text, or the `known` one if it is of the same text. `lease` in seconds, as the queue's.
    """

    queue: Queue
    account_state: AccountState
    accounts: Mapping[str, Account]
    digest: Digest
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    lease: float = 60.0
    retry_seconds: float = 72 * HOUR
    checkpoint: Checkpoint = lambda name: None
    random: Callable[[], float] = random.random
    choose: Callable[[Sequence[str]], str] = secrets.choice
    read_back: Ask = nobody_asks
    events: Events = field(default_factory=Events)

    def run(self, job: Job) -> None:
        """Takes a claimed job as far as it goes now.

        Never raises: what is not done is in the database or under a lease.
        """
        if job.intent.action == "mailbox.ensure":
            backend = self.accounts[job.account].backend
            job = with_unknowable_password(job, backend.new_password, self.choose)
        named = {
            "job": job.id,
            "hook": job.hook,
            "source": job.source,
            "account": job.account,
            "action": job.intent.action,
        }
        with (
            logs.bound(**named, address=job.intent.address),
            logs.hiding(job.intent.password or ""),
            self.events.span("attempt", **named, tries=job.tries, outcome="left") as attributes,
        ):
            self._run(job, attributes)

    def _run(self, job: Job, attributes: Attributes) -> None:
        attempt = Attempt(
            job=job,
            account=self.accounts[job.account],
            record=job.record,
            journal=list(job.journal),
            lease_ends=time.monotonic() + self.lease,
            planned=bool(job.journal),
            attributes=attributes,
        )
        try:
            self.checkpoint("claimed")
            self._attempt(attempt)
        except LeaseLost:
            log.warning("lease expired; another worker continues this job")
        except StoreUnavailable as error:
            log.error(
                "the database is not reachable; the job continues when its lease expires",
                error=str(error),
            )

    def _attempt(self, attempt: Attempt) -> None:
        try:
            self._advance(attempt)
        except jobs.Recheck as pause:
            # Waiting for another day is no doubt: it never becomes held for it.
            undecided = pause.waiting_for != WaitingFor.LIMIT
            self._wait(attempt, pause.at, pause.waiting_for, pause.error, undecided)
        except BridgeError as error:
            self._conclude(attempt, error)
        except (LeaseLost, StoreUnavailable):
            raise
        except Exception:  # a fault of ours must not lose the job, nor be tried in a tight loop
            log.exception("unexpected error; the job will be retried")
            self._conclude(attempt, OutcomeUnknown("Internal error of the bridge; see its log."))

    # The loop

    def _advance(self, attempt: Attempt) -> None:
        # Every attempt begins with a look, also the first one after a crash: what an earlier one
        # sent, and whose answer was lost, is then either seen to be done, or stands in the journal
        # and `may_send` decides.
        while True:
            found = self._look_and_plan(attempt)
            if found.plan.empty:
                self._proved_in_time(attempt)
                self._prove_password(attempt, found.seen, found.desired)
                return self._finish(attempt, endings.succeeded(attempt, found.seen, found.desired))
            self._refuse_made_anew(attempt, found.seen)
            for change in found.plan.changes:
                last = attempt.last(change.kind)
                # Settle: by the look that this plan rests on, not by now. A look from before
                # `settle` proves nothing undone.
                jobs.may_send(change, last, attempt.observed_at, attempt.settle(last))
                if change.kind is ChangeKind.DELETE:
                    self.read_back(attempt.job)
                in_doubt = bool(found.seen.exists) and attempt.whose_in_doubt
                change = replace(change, in_doubt=in_doubt)
                self._send(attempt, change, found.seen, found.desired)
                if attempt.journal[-1].outcome != Outcome.ACCEPTED:
                    # In doubt nothing further of this plan is sent: it was made for a mailbox that
                    # may be another by now.
                    break

    def _refuse_made_anew(self, attempt: Attempt, seen: Mailbox) -> None:
        if attempt.made_anew(seen):
            attempt.record = Record(settles_at=attempt.record.settles_at)
            raise NeedsPerson(
                f"{seen.address} exists, and was made after its deletion was sent: it may be "
                "another's, and is left as it is. To delete it all the same, adopt it "
                "(enom-bridge mailboxes adopt) and retry.",
                code="unclear",
            )

    def _look_and_plan(self, attempt: Attempt) -> Planned:
        """Raises Recheck while the look contradicts what was done last and reads may lag,
        Observed in observe mode."""
        known = attempt.account, attempt.terms, self._request(attempt), attempt.record
        looked, doubt = partial(self._looked, attempt), bool(attempt.journal)
        neighbours = partial(self.queue.neighbours, attempt.job)
        try:
            found = look_and_plan(*known, self.clock, doubt, looked, neighbours)
        except StaleRead as stale:
            raise jobs.Recheck(self._next_look(attempt, stale.until), WaitingFor.SETTLE) from None
        if not attempt.planned:
            attempt.first, attempt.planned = InitialPlan(found.plan, found.seen), True
            self.checkpoint("planned")
        if attempt.account.observe_only:
            if attempt.job.changes_service or any(each.makes for each in found.plan.changes):
                self.queue.allow_creation(attempt.job, self.limits)
            raise endings.Observed(found.plan)
        return found

    def _looked(self, attempt: Attempt, look: Look) -> None:
        """Also what is not believed is noted: a job that ends with it tells the state that was
        seen."""
        attempt.seen, attempt.observed_at = look.seen, look.at
        self.checkpoint("observed")

    def _request(self, attempt: Attempt) -> Request:
        intent, job = attempt.job.intent, attempt.job
        digest = None
        if intent.password is not None:
            digest = self.digest(
                f"password:{intent.address}:{intent.password}", attempt.record.password_digest
            )
        return Request(
            job.source,
            intent,
            digest,
            self.clock(),
            job.purge,
            customer_id=job.customer_id,
            creating=any(step.kind == ChangeKind.CREATE for step in attempt.journal),
        )

    def _send(self, attempt: Attempt, change: Change, seen: Mailbox, desired: Desired) -> None:
        job, account, before = attempt.job, attempt.account, attempt.record
        record = plan.before_sending(
            attempt.record, change, seen, (job.source, job.intent.service_id)
        )
        command = account.backend.command(change)
        digest = self.digest(json.dumps([change.describe(), change.secret], sort_keys=True))
        # The journal first, then the send: a crash between the two leaves an intent, which counts
        # as "may have been done". The other way round it would leave nothing, and a purchase could
        # be made twice. In the same transaction, under the mailbox's lock, it is asked whether the
        # job is still wanted; so a newer hook is either seen here, or finds it begun.
        step = self.queue.intend(
            job,
            change,
            command,
            digest,
            record,
            account.call_limit,
            account.settle,
            self.limits,
            attempt.first,
        )
        attempt.record, attempt.first = replace(record, settles_at=step.settles_at), None
        self.checkpoint("intent-committed")
        self._hold_lease(attempt, step)
        outcome, error, answer = self.call(attempt, change, seen)
        self.checkpoint("sent")
        # No look says again that what is there is not ours. A lost answer says nothing of it.
        answered = outcome in (Outcome.REFUSED, Outcome.UNSENT)
        not_ours = change.in_doubt and answered and error is not None and error.code in WHOSE
        # Sessions that could not be ended do not stand against a suspension that holds: a no is as
        # good as a yes here.
        if outcome == Outcome.ACCEPTED or (
            change.kind is ChangeKind.LOG_OUT and outcome in (Outcome.REFUSED, Outcome.DOUBTED)
        ):
            attempt.record = plan.after_accepted(attempt.record, change, desired)
        elif (
            change.kind is ChangeKind.CREATE
            and outcome != Outcome.UNKNOWN
            and not attempt.may_have_done(ChangeKind.CREATE)
        ):
            attempt.record = before  # a mailbox that turns up now is not of our making
        elif not_ours:
            attempt.record = Record(settles_at=attempt.record.settles_at)
        elif outcome != Outcome.UNKNOWN:
            attempt.record = plan.after_no(attempt.record, before, change)
        log.info("command", command=command, outcome=outcome, error=error and error.detail)
        step = self.queue.answered(
            job, step, outcome, error, answer, attempt.record, account.settle
        )
        self.checkpoint("answer-committed")
        attempt.journal.append(step)
        attempt.record = replace(attempt.record, settles_at=step.settles_at)
        # A refusal is not raised here: whether it is final, `may_send` says after the next look.
        if error and (
            not_ours or isinstance(error, AccountFault | NoFunds | NeedsPerson | Unavailable)
        ):
            raise error

    def _hold_lease(self, attempt: Attempt, step: Step) -> None:
        """The last thing before a send: a process that was stopped meanwhile asks whether the
        job is still its own."""
        # Fencing: writes are refused to a token that is not the newest one, but a command at the
        # remote asks for no token. So the lease has to outlive the call. The monotonic clock,
        # because the wall's may be set back meanwhile.
        if time.monotonic() + attempt.account.call_limit > attempt.lease_ends:
            self.queue.renew(attempt.job, step, attempt.account.call_limit, attempt.account.settle)
            attempt.lease_ends = time.monotonic() + self.lease

    def call(
        self, attempt: Attempt, change: Change, seen: Mailbox
    ) -> tuple[Outcome, BridgeError | None, Answer | None]:
        try:
            return (
                Outcome.ACCEPTED,
                None,
                attempt.account.backend.apply(attempt.address, change, seen),
            )
        except RefusalUnproven as error:
            return Outcome.DOUBTED, error, None
        except OutcomeUnknown as error:
            return Outcome.UNKNOWN, error, None
        except Refused as error:
            return Outcome.REFUSED, error, None
        except BridgeError as error:  # unavailable, account, funds: surely nothing was done
            return Outcome.UNSENT, error, None

    def _proved_in_time(self, attempt: Attempt) -> None:
        """A look proves an unknown command only once it cannot show the time before an earlier
        one."""
        # The record was UNKNOWN then, so `believable` left it to the journal: a read that agrees
        # may still be older than an earlier command, of this job or the one before, which set the
        # same.
        for step in attempt.journal:
            if step.outcome == Outcome.UNKNOWN and attempt.observed_at < step.trust_after:
                raise jobs.Recheck(self._next_look(attempt, step.trust_after), WaitingFor.SETTLE)

    def _prove_password(self, attempt: Attempt, seen: Mailbox, desired: Desired) -> None:
        """Signs in with a password that this job has set, where the backend can; a suspended
        mailbox could not."""
        if not attempt.account.backend.proves_passwords or desired.password is None:
            return
        if plan.is_suspended(seen, attempt.record, attempt.terms):
            return
        try:
            while proving.try_due(attempt.journal, self.clock(), attempt.account.settle):
                self._send(
                    attempt,
                    Change(ChangeKind.PROVE_PASSWORD, secret=desired.password),
                    seen,
                    desired,
                )
        except NeedsPerson:
            attempt.record = replace(
                attempt.record, password_digest=None
            )  # so that a retry sends it again
            raise

    def _next_look(self, attempt: Attempt, latest: float) -> float:
        now = self.clock()
        lagging = now - (latest - attempt.account.settle)
        # Below 0 reads may lag for longer than `settle` says now: since when they do, is not known.
        return min(latest, now + (jobs.look_pause(lagging) if lagging >= 0 else jobs.LONGEST_LOOK))

    # The ends

    def _conclude(self, attempt: Attempt, error: BridgeError) -> None:
        verdict = jobs.verdict(error)
        if isinstance(error, endings.Observed) or (
            attempt.account.observe_only and verdict.status in (Status.FAILED, Status.HELD)
        ):
            return self._finish(attempt, endings.observed(attempt, error))
        if isinstance(error, AccountFault):
            self.account_state.pause_account(attempt.job.account, error.code, error.detail)
            self.checkpoint("account-paused")
            return self._wait(attempt, self.clock(), WaitingFor.ACCOUNT, error, undecided=False)
        if isinstance(error, NoFunds):
            seconds = error.retry_after or MONEY_PAUSE
            if error.retry_after is None:
                self.account_state.pause_money(attempt.job.account, seconds, error.detail)
                self.checkpoint("money-paused")
            return self._wait(
                attempt, self.clock() + seconds, WaitingFor.ACCOUNT, error, undecided=False
            )
        if verdict.status == Status.QUEUED:
            seconds = max(jobs.pause(attempt.job.tries, self.random), error.retry_after or 0.0)
            return self._wait(attempt, self.clock() + seconds, WaitingFor.RETRY, error)
        if verdict.status == Status.CANCELLED:
            return self._finish(attempt, endings.called_off(attempt, error))
        unsure = verdict.status == Status.FAILED and endings.unexplained(attempt, error)
        status = Status.HELD if unsure else verdict.status
        self._finish(attempt, endings.failed(attempt, status, error))

    def _wait(
        self,
        attempt: Attempt,
        at: float,
        waiting_for: WaitingFor,
        error: BridgeError | None,
        undecided: bool = True,
    ) -> None:
        since = attempt.job.undecided_since
        if undecided and since is not None and self.clock() - since > self.retry_seconds:
            why = error or OutcomeUnknown("The mail provider does not show the result yet.")
            return self._finish(attempt, endings.failed(attempt, Status.HELD, why))
        log.info("waits", waiting_for=waiting_for, error=error and error.detail)
        self.queue.wait(attempt.job, at, waiting_for, error, undecided, attempt.first)
        attempt.attributes.update(
            outcome="waits", waiting_for=str(waiting_for), code=error and error.code
        )
        self.checkpoint("waited")

    def _finish(self, attempt: Attempt, ending: JobResult) -> None:
        self.checkpoint("finishing")
        self.queue.finish(attempt.job, ending, attempt.first)
        code, age = ending.error and ending.error.code, self.clock() - attempt.job.created_at
        attempt.attributes.update(outcome=str(ending.status), code=code, age=max(0.0, age))
        self.checkpoint("finished")
        tell = log.warning if ending.status in (Status.FAILED, Status.HELD) else log.info
        tell(
            "ended",
            status=ending.status,
            state=ending.state,
            error=ending.error and ending.error.detail,
        )
