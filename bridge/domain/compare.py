"""A mailbox's record beside what the remote shows of it. Pure; reconciliation, import, adoption and
observe mode go by it.

Rule 1: nobody else decides in what way the two differ. Who needs a sentence or a remedy makes it of
what `compare` says.
"""

from dataclasses import dataclass

from bridge.domain import plan
from bridge.domain.differences import DifferenceKind
from bridge.domain.model import MAILBOX, Mailbox, Record, State, Terms


@dataclass(frozen=True)
class CompareResult:
    """`state` as the remote shows it; UNKNOWN where its two systems disagree. `kind` None: the two
    agree.

    `suspended_by_others`: it is suspended, and not by this bridge, so nothing of ours may lift it. True of a mailbox without
    an owner, too, where `kind` says that first.
    """

    state: State
    kind: DifferenceKind | None = None
    suspended_by_others: bool = False


def compare(record: Record, seen: Mailbox | None, terms: Terms) -> CompareResult:
    """`seen` None: a list of its domain does not hold it.

    Who must not judge by a stale read asks `unsettled` first.
    """
    # An alias or a forward under this address is nobody's mailbox.
    if seen is None or seen.exists is False or (seen.exists and seen.type != MAILBOX):
        return CompareResult(
            State.ABSENT, None if record.source is None else DifferenceKind.MISSING
        )
    if seen.exists is None:
        return CompareResult(State.UNKNOWN, DifferenceKind.HALF)
    state = plan.state_of(seen, record, terms)
    foreign = state is State.SUSPENDED and record.suspended_with is None
    return CompareResult(state, kind_of(record, seen, state, foreign), foreign)


def kind_of(record: Record, seen: Mailbox, state: State, foreign: bool) -> DifferenceKind | None:
    """What weighs most of a mailbox that is there: one difference, because its repair may end
    the others."""
    if record.source is None:
        return DifferenceKind.EXTRA if record.state is State.ABSENT else DifferenceKind.NO_OWNER
    if foreign:
        return DifferenceKind.SUSPENDED_AT_ENOM
    if record.state is not state:
        return DifferenceKind.WRONG_STATE
    # What was never set or confirmed, or what no read shows, differs from nothing.
    pairs = {
        DifferenceKind.WRONG_PLAN: (record.quota, seen.quota),
        DifferenceKind.WRONG_ALIASES: (record.aliases, seen.aliases),
        DifferenceKind.WRONG_FORWARDING: (record.forwarding, seen.forwarding),
    }
    return next((kind for kind, (was, now) in pairs.items() if differ(was, now)), None)


def differ(was: object, now: object) -> bool:
    return was is not None and now is not None and was != now


def unsettled(record: Record, at: float) -> bool:
    """Whether a read that began then (epoch seconds) may still show the time before the bridge's
    last command."""
    return at < record.settles_at
