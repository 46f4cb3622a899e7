"""Which hooks take a mailbox away, which need it, and what a newer hook makes of an older one of
its service. Pure.

Rule 1: nothing else decides whether a hook is still wanted; whoever records, runs or repeats one
asks here. Rule 2: in doubt a mailbox stays. A hook that takes it away too late can be sent again, a
mailbox that is gone cannot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.actions import CREATES, GAINS
from bridge.domain.errors import Overtaken, Withdrawn
from bridge.domain.model import Fact

TAKES_AWAY = frozenset({"mailbox.terminate"})
"""Also what the bridge does in its name: the suspension that begins a grace, and the deletion at
its end."""
NEEDS = frozenset({*GAINS, "mailbox.unsuspend", "mailbox.renew"})
"""What says that the service is to have its mailbox; a renewal, because it is paid for."""

NEEDED = "needed"
"""The mark of the last hook that needs the mailbox, beside those of the facts. An unsuspend leaves
no other mark of existence: under that one a create that is older than the unsuspend would be late.
"""

Marks = Mapping[str, Sequence[Any]]
"""Fact -> source, service and own time (epoch seconds) of the hook that decided it last."""

CUSTOMER_TEXTS: Mapping[type, str] = {
    Overtaken: "Replaced by a newer request.",
    Withdrawn: "This request was withdrawn.",
}
"""What a customer is told of a job that ended because it is not wanted any more."""


@dataclass(frozen=True)
class HookEffect:
    """One hook as it counts beside others of its service: what it asks for, and which facts it
    decides."""

    action: str
    facts: frozenset[str]

    @property
    def takes_away(self) -> bool:
        return self.action in TAKES_AWAY

    @property
    def needs(self) -> bool:
        return self.action in NEEDS

    @property
    def takes_over(self) -> bool:
        """It makes no mailbox, so it stands for none that does, and none for it."""
        return self.action in GAINS and self.action not in CREATES


Mark = tuple[HookEffect, Sequence[str], float]
"""A hook with the source and service that it came from, and its own time."""


def overtaken(older: HookEffect, newer: Iterable[HookEffect]) -> Overtaken | None:
    """Why nothing is to be done for a hook that still waits, when these of its service were
    accepted after it.

    One that takes the mailbox away yields to any that needs it, and to nothing else. One that takes
    it over from another service yields at once to any that takes it away: there it is not to go any
    more. To a repetition it does not: what came between them may rest on it. Every other one yields
    when newer hooks decide all of its facts. One that takes the mailbox away does not count for it,
    because it may yet be called off itself: it makes an end of what waits before it once it is
    begun, by `taken_away`.
    """
    if older.takes_away:
        return needed() if any(each.needs for each in newer) else None
    if older.takes_over:
        return taken_away(older, newer)
    decided = frozenset[str]().union(
        *(each.facts for each in newer if not each.takes_away and not each.takes_over)
    )
    return (
        Overtaken("Cancelled by a newer hook of this service.") if older.facts <= decided else None
    )


def needed() -> Overtaken:
    return Overtaken(
        "A newer hook of this service needs the mailbox, so it is not deleted or suspended."
    )


def withdrawn() -> Withdrawn:
    return Withdrawn("Billing withdrew this hook before anything was sent to the mail provider.")


def taken_away(older: HookEffect, newer: Iterable[HookEffect]) -> Overtaken | None:
    """Why nothing is to be done for a hook that still waits, when these newer ones of its
    service are begun or done."""
    if older.takes_away or not any(each.takes_away for each in newer):
        return None
    if older.takes_over:
        return Overtaken("A newer hook gives the mailbox up, so it stays with its former service.")
    return Overtaken("A newer hook of this service deletes the mailbox.")


def is_late(
    hook: HookEffect,
    marks: Marks,
    service: Sequence[str],
    hook_time: float,
    former: Sequence[str] | None = None,
) -> bool:
    """Whether hooks of the same service, newer by their own time, were accepted before this one,
    and decide what it wants.

    `former`: the service that it takes the mailbox from. If that one has the mailbox by a newer
    hook, this one is over.

    For one that takes the mailbox away existence alone counts: a newer one that needs it, or that said the last of existence.
    """
    if hook.takes_away:
        return any(
            is_later(marks.get(name), service, hook_time) for name in (NEEDED, Fact.EXISTENCE)
        )
    if former is not None and is_later(marks.get(Fact.EXISTENCE), former, hook_time):
        return True
    return all(is_later(marks.get(fact), service, hook_time) for fact in hook.facts)


def is_later(last: Sequence[Any] | None, service: Sequence[str], hook_time: float) -> bool:
    """Whether a mark is of the same service and strictly newer than a hook of this time.

    Equal times go by arrival. A time without a fraction stands for its whole second: beside a sender with finer times it is
    not older.
    """
    return last is not None and list(last[:2]) == list(service) and is_older(hook_time, last[2])


def is_older(hook_time: float, other: float) -> bool:
    """Whether a hook of this time is older than one of the other, as far as its own time can
    tell."""
    return other > (hook_time if hook_time % 1 else hook_time + 0.999_999)


def marks_with(
    hook: HookEffect, marks: Marks, service: Sequence[str], hook_time: float
) -> dict[str, Sequence[Any]]:
    """The marks once this hook is accepted; those given are not changed."""
    now = {**marks, **{str(fact): [*service, hook_time] for fact in hook.facts}}
    if hook.needs:
        # A renewal may be older than the unsuspend before it: what is known of the service's need
        # does not grow older by it.
        last = marks.get(NEEDED)
        now[NEEDED] = (
            last
            if is_later(last, service, hook_time) and last is not None
            else [*service, hook_time]
        )
    return now


def marks_without(
    hook: HookEffect, marks: Marks, service: Sequence[str], hook_time: float, before: Iterable[Mark]
) -> dict[str, Sequence[Any]]:
    """The marks once nothing is done for this hook: what was said `before` it, the newest first,
    counts again.

    That its service needs the mailbox stays said.
    """
    now, earlier = dict(marks), list(before)
    for fact in hook.facts:
        if list(marks.get(fact, ())) == [*service, hook_time]:
            del now[fact]
            now |= next(
                ({fact: [*of, at]} for effect, of, at in earlier if fact in effect.facts), {}
            )
    return now
