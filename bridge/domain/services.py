"""A service with several mailboxes: what its hooks ask of each of them, and what their ends make of
its own job. Pure.

Rule 1: the members are ordinary jobs, each in the line of its mailbox. The job of the service sends
nothing; it has the end that they have together.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.errors import (
    CODES,
    BridgeError,
    Limit,
    NeedsPerson,
    Overtaken,
    Refused,
    Withdrawn,
)
from bridge.domain.jobs import Status
from bridge.domain.model import Proof, State
from bridge.domain.superseded import withdrawn

MEMBER_ACTIONS: Mapping[str, str] = {
    "service.suspend": "mailbox.suspend",
    "service.unsuspend": "mailbox.unsuspend",
    "service.terminate": "mailbox.terminate",
}
"""What a hook of a service asks of each of its mailboxes."""

OPEN = frozenset({Status.QUEUED, Status.RUNNING})
REPEATED = frozenset({Status.HELD, Status.FAILED})
"""What a repetition of the service's job repeats of its members."""

STATES: Mapping[Status, frozenset[Status]] = {
    Status.RUNNING: frozenset({Status.SUCCEEDED, Status.FAILED, Status.HELD, Status.CANCELLED}),
    # When a member is repeated and ends otherwise, so does the service, and is told anew.
    Status.HELD: frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}),
    Status.FAILED: frozenset({Status.SUCCEEDED, Status.HELD, Status.CANCELLED}),
    Status.SUCCEEDED: frozenset(),
    Status.CANCELLED: frozenset(),
}
"""Where the job of a service may go; the jobs of mailboxes: jobs.STATES."""

DONE: Mapping[str, str] = {
    "service.suspend": "All mailboxes of the service are suspended.",
    "service.unsuspend": "All mailboxes of the service are unsuspended.",
    "service.terminate": "All mailboxes of the service are deleted.",
}
EMPTY = "The service has no mailbox; nothing was changed."
IN_GRACE = "All mailboxes of the service are suspended. They will be deleted when their grace ends."
UNDER_WAY = "Accepted. It is being done, mailbox by mailbox."
HELD = "This request is waiting for a manual decision."
OBSERVED = "Observed only: nothing was changed."


@dataclass(frozen=True)
class Member:
    """How the newest job of one mailbox stands. `code`: its error's. `limit` holds it.

    `observed`: it was only observed. `grace`: it was suspended, and is deleted later.
    """

    status: Status
    state: State
    code: str | None = None
    limit: Limit | None = None
    changed: bool = False
    verified: Mapping[str, str] | None = None
    observed: bool = False
    grace: bool = False

    @property
    def replaced(self) -> bool:
        return self.status == Status.CANCELLED and self.code == "overtaken"


@dataclass(frozen=True)
class ServiceEnd:
    """How the job of a service has ended, from its members."""

    status: Status
    state: State
    changed: bool
    verified: Mapping[str, str]
    message: str
    error: BridgeError | None = None
    observed: bool = False


def is_left_out(action: str, status: str, code: str | None) -> bool:
    """A mailbox that is another service's by now has no part in it any more, and one that turned out
    not to be there none in a suspension, nor in its end."""
    gone = action != "service.terminate" and code == "not_found"
    return status == Status.FAILED and (gone or code == "not_ours")


def conclude(action: str, members: Sequence[Member]) -> ServiceEnd | None:
    """The end of a service's job; None while a member is open."""
    if any(member.status in OPEN for member in members):
        return None
    counted = [each for each in members if not is_left_out(action, each.status, each.code)]
    error = fault(counted)
    status = Status.SUCCEEDED if error is None else ending(counted, error)
    text = CODES[error.code] if error is not None else success(action, counted)
    observed = any(each.observed for each in counted)
    return ServiceEnd(
        status,
        common_state(counted),
        any(each.changed for each in counted),
        weakest(counted),
        HELD if status == Status.HELD else OBSERVED if observed and error is None else text,
        error,
        observed,
    )


def fault(members: Sequence[Member]) -> BridgeError | None:
    """What stands against success. Members that newer hooks replaced count as done, unless all
    were replaced."""
    left = [each for each in members if each.status != Status.SUCCEEDED and not each.replaced]
    if not left:
        replaced = bool(members) and all(each.replaced for each in members)
        return Overtaken("Newer hooks replaced it for every mailbox.") if replaced else None
    if all(each.status == Status.CANCELLED for each in members):
        return called_off(left)
    if all(each.code == "withdrawn" for each in left):
        return withdrawn()
    held = [each for each in left if each.status == Status.HELD]
    if held:
        return held_error(held, len(members))
    codes = Counter(each.code or "refused" for each in left)
    code, _ = codes.most_common(1)[0]
    return Refused(f"Not done for {of(len(left), len(members))}.", code=code)


def called_off(left: Sequence[Member]) -> BridgeError:
    codes = {each.code for each in left}
    if "withdrawn" in codes:
        return withdrawn()
    if "rejected" in codes:
        return BridgeError("Rejected by an admin.", code="rejected")
    return BridgeError("Cancelled by an admin.", code="rejected")


def held_error(held: Sequence[Member], count: int) -> NeedsPerson:
    limits = {each.limit for each in held}
    limit = next(iter(limits)) if len(limits) == 1 else None
    code = "unsafe" if limit is not None else held[0].code or "unclear"
    return NeedsPerson(f"Held for {of(len(held), count)}.", code=code, limit=limit)


def ending(members: Sequence[Member], error: BridgeError) -> Status:
    if isinstance(error, NeedsPerson):
        return Status.HELD
    if isinstance(error, Withdrawn) or all(each.status == Status.CANCELLED for each in members):
        return Status.CANCELLED
    return Status.FAILED


def success(action: str, members: Sequence[Member]) -> str:
    if not members:
        return EMPTY
    return IN_GRACE if any(each.grace for each in members) else DONE[action]


def common_state(members: Sequence[Member]) -> State:
    """The state that all mailboxes have; no mailbox is an absent one."""
    states = {each.state for each in members}
    if not states:
        return State.ABSENT
    return next(iter(states)) if len(states) == 1 else State.UNKNOWN


def weakest(members: Sequence[Member]) -> dict[str, str]:
    """Of each fact how it was shown for all that are done, at least."""
    shown = [each.verified for each in members if each.verified]
    order = list(Proof)
    facts = {fact for one in shown for fact in one}
    return {
        fact: str(max((Proof(one[fact]) for one in shown if fact in one), key=order.index))
        for fact in sorted(facts)
    }


def of(some: int, count: int) -> str:
    return f"{some} of {count} mailbox{'' if count == 1 else 'es'}"
