"""What an attempt at a job makes of it, as the queue writes it down and billing is told it.
Pure."""

from dataclasses import replace

from bridge.domain import jobs, plan, proving
from bridge.domain.actions import GAINS
from bridge.domain.errors import CODES, BridgeError
from bridge.domain.jobs import Status
from bridge.domain.model import (
    ChangeKind,
    Desired,
    Fact,
    Mailbox,
    Outcome,
    Plan,
    Proof,
    Record,
    State,
    to_rfc3339,
)
from bridge.domain.ports import JobResult
from bridge.domain.superseded import CUSTOMER_TEXTS, NEEDS
from bridge.pipeline.attempt import Attempt
from bridge.reporting.messages import message


class Observed(BridgeError):
    """The account is in observe mode, and this is what would be done."""

    def __init__(self, todo: Plan) -> None:
        super().__init__("observe mode")
        self.todo = todo


def succeeded(attempt: Attempt, seen: Mailbox, desired: Desired) -> JobResult:
    """The end of a job of which a read has shown that nothing is left to do."""
    intent = attempt.job.intent
    record = plan.at_end(attempt.record, seen, desired, attempt.terms)
    if intent.action in NEEDS:
        record = replace(record, delete_after=None)  # the customer came back within the grace
    if intent.action in GAINS:  # it may be another service's until now
        record = replace(record, source=attempt.job.source, service_id=intent.service_id)
    state = plan.state_of(seen, record, attempt.terms)
    extra: dict[str, object] = {}
    if attempt.makes_without_password:
        extra["first_password"] = True
    if record.delete_after is not None and desired.delete_after is not None:
        extra["delete_after"] = to_rfc3339(record.delete_after)
    kept = still_suspended(attempt.record) if desired.suspended is False else []
    changed = attempt.acted or attempt.job.changes_service
    text = message(intent.action, state, changed, kept)
    verified = proofs(attempt, desired)
    return JobResult(Status.SUCCEEDED, state, changed, verified, text, None, record, extra)


def still_suspended(record: Record) -> list[str]:
    """Services that somebody else had suspended before we did: an unsuspend leaves them so."""
    saved = record.saved_services or {}
    return sorted(name for name, value in saved.items() if value == "suspended")


def failed(attempt: Attempt, status: Status, error: BridgeError) -> JobResult:
    """The end of a job that failed, or that is held for a person."""
    record = plan.after_failure(attempt.record, attempt.seen, attempt.terms)
    state = State.UNKNOWN
    if attempt.seen is not None and status == Status.FAILED:
        state = plan.state_of(attempt.seen, record, attempt.terms)
    text = message("held", state, False, []) if status == Status.HELD else CODES[error.code]
    kept = record if status == Status.FAILED else attempt.record
    known = kept if attempt.seen is not None else None
    return JobResult(status, state, attempt.may_have_done(*ChangeKind), {}, text, error, known)


def called_off(attempt: Attempt, error: BridgeError) -> JobResult:
    """The end of a job that turned out, just before a command, not to be wanted any more."""
    state = attempt.record.state
    if attempt.seen is not None and not attempt.acted:
        state = plan.state_of(attempt.seen, attempt.record, attempt.terms)
    changed = attempt.may_have_done(*ChangeKind)
    return JobResult(Status.CANCELLED, state, changed, {}, CUSTOMER_TEXTS[type(error)], error)


def observed(attempt: Attempt, error: BridgeError) -> JobResult:
    """The end of a job in observe mode: what would have been done, or what would have stood in
    the way."""
    extra: dict[str, object] = {"observed_only": True}
    if isinstance(error, Observed):
        extra["plan"] = error.todo.describe()
    else:
        extra["would_be"] = {
            "status": str(jobs.verdict(error).status),
            "code": error.code,
            "detail": error.detail,
        }
    state = State.UNKNOWN
    if attempt.seen is not None:
        state = plan.state_of(attempt.seen, attempt.record, attempt.terms)
    text = message("observed", state, False, [])
    return JobResult(Status.SUCCEEDED, state, False, {}, text, extra=extra)


def unexplained(attempt: Attempt, error: BridgeError) -> bool:
    """Whether a refusal does not say what became of the last command sent. A no that was
    doubted, it explains by its code."""
    if not attempt.journal:
        return False
    last = attempt.journal[-1]
    code = last.error.code if last.error else None
    return last.outcome == Outcome.UNKNOWN or (
        last.outcome == Outcome.DOUBTED and code != error.code
    )


def proofs(attempt: Attempt, desired: Desired) -> dict[str, str]:
    """How each fact that the hook decided was shown to be true."""
    intent, facts = attempt.job.intent, attempt.facts
    if intent.action == "mailbox.terminate":
        facts = frozenset({Fact.EXISTENCE if desired.exists is False else Fact.SUSPENSION})
    if intent.plan is None:
        facts -= {Fact.PLAN}
    shown = {str(fact): str(attempt.account.backend.proofs[fact]) for fact in Fact if fact in facts}
    method = attempt.record.suspended_with or attempt.terms.suspend_with
    if Fact.PASSWORD in facts and proving.proved(attempt.journal):
        shown[Fact.PASSWORD] = str(Proof.VERIFIED)
    if Fact.SUSPENSION in facts and method in ("lock-out", "commands"):
        shown[Fact.SUSPENSION] = str(Proof.ACCEPTED)
    return shown
