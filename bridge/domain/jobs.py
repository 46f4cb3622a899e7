"""Rule 1: nothing else changes a job's state, and nothing else decides whether a command may be
sent again. Pure.

STATES says where a job may go. `verdict` says what an error makes of a job. `may_send` is the rule
for repeating a command.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.domain.errors import (
    AccountFault,
    BridgeError,
    NeedsPerson,
    NoFunds,
    Overtaken,
    RefusalUnproven,
    Refused,
    Withdrawn,
)
from bridge.domain.model import Change, Outcome, Step


class Status(StrEnum):
    """The state of a job; which may follow which: STATES."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"


class WaitingFor(StrEnum):
    """What a queued job waits for: an earlier job, a pause after an error, a read that counts, its
    account."""

    TURN = "turn"
    RETRY = "retry"
    SETTLE = "settle"
    ACCOUNT = "account"
    LIMIT = "limit"  # the next day, because safety.max_creations_per_day is reached


STATES: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.HELD, Status.CANCELLED}),
    Status.RUNNING: frozenset(
        {Status.QUEUED, Status.SUCCEEDED, Status.FAILED, Status.HELD, Status.CANCELLED}
    ),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.HELD: frozenset({Status.CANCELLED}),
    Status.CANCELLED: frozenset(),
}
ENDED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.HELD, Status.CANCELLED})
"""No worker takes it up any more, and billing was told.

A held one can still be called off, and is told again then.
"""


FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds, between tries after an error
FIRST_LOOK, LONGEST_LOOK = 1.0, 30.0  # seconds, between looks while reads may lag


class Recheck(Exception):
    """Not now: the job waits until `at` (epoch seconds) and begins again with a look."""

    def __init__(
        self, at: float, waiting_for: WaitingFor, error: BridgeError | None = None
    ) -> None:
        super().__init__(f"{waiting_for} until {at:.0f}")
        self.at, self.waiting_for, self.error = at, waiting_for, error


@dataclass(frozen=True)
class Verdict:
    """What an error makes of the job: the state it goes to, and what it waits for there."""

    status: Status
    waiting_for: WaitingFor | None = None


def allow(before: Status, after: Status) -> None:
    """Raises ValueError for a way that no job goes."""
    if after not in STATES[before]:
        raise ValueError(f"A job cannot go from {before} to {after}.")


def verdict(error: BridgeError) -> Verdict:
    match error:
        case NeedsPerson():
            return Verdict(Status.HELD)
        case Refused():
            return Verdict(Status.FAILED)
        case Overtaken() | Withdrawn():
            return Verdict(Status.CANCELLED)
        case AccountFault() | NoFunds():
            return Verdict(Status.QUEUED, WaitingFor.ACCOUNT)
    return Verdict(Status.QUEUED, WaitingFor.RETRY)


def pause(tries: int, random: Callable[[], float]) -> float:
    """Seconds to wait after so many tries in a row that met an error: exponential, full jitter.

    `random` gives 0 to 1.
    """
    return random() * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(tries, 16))


def look_pause(lagging: float) -> float:
    """Seconds until the next look at a remote whose reads may lag since so many seconds: as long
    again, within bounds."""
    return min(LONGEST_LOOK, max(FIRST_LOOK, lagging))


def may_send(change: Change, last: Step | None, observed_at: float, settle: float) -> None:
    """Returns when `change`, which a read at `observed_at` showed undone, may be sent; else raises
    what has to happen instead.

    `last` is the newest step of the same kind in this job. A command whose outcome is not known is sent again only when a read
    after `settle` shows it undone. One that spends money is not sent again by machine when the remote said yes, or when
    its sender was lost: then nobody can know what still travels.
    """
    # Nothing was sent, so nothing can be on its way.
    if last is None or last.outcome == Outcome.UNSENT:
        return
    if last.outcome == Outcome.REFUSED and last.error is not None:
        raise last.error
    # From the end of the call, not from its start: as long as it ran, the remote could still act on
    # it. `ended_at` of a call whose sender was lost is the time at which it must have ended.
    quiet_at = last.ended_at + settle
    if observed_at < quiet_at:
        raise Recheck(
            min(quiet_at, observed_at + look_pause(observed_at - last.ended_at)),
            WaitingFor.SETTLE,
            last.error,
        )
    # Doubt: the no did not prove that nothing was done. Now a look does, so the no is taken at its
    # word.
    if last.outcome == Outcome.DOUBTED and isinstance(last.error, RefusalUnproven):
        raise last.error.refusal
    # All else may be sent again: to set the same value, or create what is proved absent, does no
    # harm. Money does.
    if change.spends and (last.outcome == Outcome.ACCEPTED or last.interrupted):
        why = (
            "The mail provider accepted it, but"
            if last.outcome == Outcome.ACCEPTED
            else "The worker that sent it stopped, and"
        )
        raise NeedsPerson(
            (
                f"A purchase ({change.kind}) is in doubt. {why} no read shows it. Check the orders "
                "in the mail provider's control panel."
            ),
            code="unclear",
        )
