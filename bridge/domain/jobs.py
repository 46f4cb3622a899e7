"""Rule 1: nothing else changes a job's state, and nothing else decides whether a command may be sent again. Pure.

STATES says where a job may go. `verdict` says what an error makes of a job. `may_send` is the rule for repeating a command.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.domain.errors import AccountFault, BridgeError, Doubted, NeedsPerson, NoFunds, Overtaken, Refused, Withdrawn
from bridge.domain.model import Change, Step

STATES: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"running", "held", "cancelled"}),
    "running": frozenset({"queued", "succeeded", "failed", "held", "cancelled"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "held": frozenset({"cancelled"}),
    "cancelled": frozenset(),
}
ENDED = frozenset({"succeeded", "failed", "held", "cancelled"})
"""No worker takes it up any more, and billing was told. A held one can still be called off, and is told again then."""
WAITING_FOR = ("turn", "retry", "settle", "account")


FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds, between tries after an error
FIRST_LOOK, LONGEST_LOOK = 1.0, 30.0  # seconds, between looks while reads may lag


class LookAgain(Exception):
    """Not now: the job waits until `at` (epoch seconds) and begins again with a look."""

    def __init__(self, at: float, waiting_for: str, error: BridgeError | None = None) -> None:
        super().__init__(f"{waiting_for} until {at:.0f}")
        self.at, self.waiting_for, self.error = at, waiting_for, error


@dataclass(frozen=True)
class Verdict:
    """What an error makes of the job: the state it goes to, and what it waits for there."""

    status: str
    waiting_for: str | None = None


def allow(before: str, after: str) -> None:
    """Raises ValueError for a way that no job goes."""
    if after not in STATES[before]:
        raise ValueError(f"A job cannot go from {before} to {after}.")


def verdict(error: BridgeError) -> Verdict:
    match error:
        case NeedsPerson():
            return Verdict("held")
        case Refused():
            return Verdict("failed")
        case Overtaken() | Withdrawn():
            return Verdict("cancelled")
        case AccountFault() | NoFunds():
            return Verdict("queued", "account")
    return Verdict("queued", "retry")


def pause(tries: int, random: Callable[[], float]) -> float:
    """Seconds to wait after so many tries in a row that met an error: exponential, full jitter. `random` gives 0 to 1."""
    return random() * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(tries, 16))


def look_pause(lagging: float) -> float:
    """Seconds until the next look at a remote whose reads may lag since so many seconds: as long again, within bounds."""
    return min(LONGEST_LOOK, max(FIRST_LOOK, lagging))


def may_send(change: Change, last: Step | None, observed_at: float, settle: float) -> None:
    """Returns when `change`, which a read at `observed_at` showed undone, may be sent; else raises what has to happen instead.

    `last` is the newest step of the same kind in this job. A command whose outcome is not known is sent again only when a read
    after `settle` shows it undone. One that spends money is not sent again by machine when the remote said yes, or when
    its sender was lost: then nobody can know what still travels.
    """
    if last is None or last.outcome == "unsent":
        return
    if last.outcome == "refused" and last.error is not None:
        raise last.error
    quiet_at = last.ended_at + settle
    if observed_at < quiet_at:
        raise LookAgain(min(quiet_at, observed_at + look_pause(observed_at - last.ended_at)), "settle", last.error)
    if last.outcome == "doubted" and isinstance(last.error, Doubted):
        raise last.error.refusal
    if change.spends and (last.outcome == "accepted" or last.interrupted):
        why = "Enom accepted it, but" if last.outcome == "accepted" else "The worker that sent it stopped, and"
        raise NeedsPerson(
            f"A purchase ({change.kind}) is in doubt. {why} no read shows it. Check the orders in Enom's control panel.",
            code="unclear",
        )
