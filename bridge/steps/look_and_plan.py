"""From a hook to its plan: look, believe the look or not, decide, plan. The worker and the preview
share all of it.

Rule 1: what is decided by a look is decided by one that `believe` let pass. Nothing here writes,
here or at the remote.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bridge.domain import plan
from bridge.domain.account import Account
from bridge.domain.actions import ACTIONS, Request, decides
from bridge.domain.aliases import Neighbours, Surroundings, alone, new_aliases, settled_at
from bridge.domain.backend import Clock
from bridge.domain.compare import unsettled
from bridge.domain.errors import OutcomeUnknown
from bridge.domain.model import Address, Desired, Fact, Mailbox, Plan, Record, Terms, to_rfc3339
from hooks.types import Intent


@dataclass(frozen=True)
class Look:
    """What the remote showed of one mailbox.

    `at` (epoch seconds) is from before the call: no read is newer than its start. `holders`: of
    the addresses that it is to get, those that are another mailbox's there.
    """

    seen: Mailbox
    at: float
    holders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """What one look led to.

    An empty plan means that the hook's wish is true, and that this look proves it.
    """

    seen: Mailbox
    desired: Desired
    plan: Plan


class StaleRead(Exception):
    """A read that may be older than the last command and contradicts it.

    From `until` (epoch seconds) on reads count again.
    """

    def __init__(self, until: float) -> None:
        super().__init__(
            "The mail provider may still show this mailbox as it was before the last command. Look "
            "again "
            f"after {to_rfc3339(until)}."
        )
        self.until = until


def silent(look: Look) -> None:
    """For whom the look by itself is of no use."""


def look(
    account: Account, address: Address, clock: Clock, about: Collection[Fact] = tuple(Fact)
) -> Look:
    """Raises BridgeError where the remote cannot be asked."""
    at = clock()
    return Look(account.backend.observe(address, about), at)


def believe(look: Look, record: Record, terms: Terms, own_doubt: bool = False) -> Mailbox:
    """What was seen, once it counts. Raises StaleRead while it may be the past, OutcomeUnknown
    where the remote contradicts itself.

    `own_doubt`: what was done last was done by the job that asks. Then its journal decides what a read is worth.
    """
    stale = unsettled(record, look.at)
    if look.seen.exists is None and not stale:
        raise OutcomeUnknown("Only one of the mail provider's two systems lists this mailbox.")
    # Within `settle` two systems that disagree are no riddle yet: one of them may only be late.
    if look.seen.exists is None or not plan.believable(
        look.seen, record, terms, look.at, own_doubt
    ):
        raise StaleRead(record.settles_at)
    return look.seen


def look_and_plan(
    account: Account,
    terms: Terms,
    request: Request,
    record: Record,
    clock: Clock,
    own_doubt: bool = False,
    looked: Callable[[Look], None] = silent,
    neighbours: Neighbours = alone,
) -> Planned:
    """What this hook wants and what has to be done for it. Raises StaleRead, and BridgeError where
    there can be no plan.

    `terms` are the account's, with what a person lifted for this job. `looked` is given the look before it is judged.
    """
    found = look_for(account, request.intent, clock)
    looked(found)
    return plan_upon(found, terms, request, record, clock, own_doubt, neighbours)


def look_for(account: Account, intent: Intent, clock: Clock) -> Look:
    """A look at what this hook is about, and at who has the aliases that are new."""
    about, address = (
        decides(intent.action, password=intent.password is not None),
        Address.parse(intent.address),
    )
    found = look(account, address, clock, about)
    wanted = new_aliases(address, intent.aliases or (), found.seen.aliases)
    if not wanted or not found.seen.exists or found.seen.aliases is None:
        return found
    holders = account.backend.holders(address.domain, wanted)
    # What this mailbox has by now, its own look was too early for.
    others = {name: holder for name, holder in holders.items() if holder != str(address)}
    return replace(found, holders=others)


def plan_upon(
    found: Look,
    terms: Terms,
    request: Request,
    record: Record,
    clock: Clock,
    own_doubt: bool = False,
    neighbours: Neighbours = alone,
) -> Planned:
    """The second half of `look_and_plan`. Who holds no job reads `record` after the look: what a
    worker did meanwhile is known there, and the look may be from before."""
    seen = believe(found, record, terms, own_doubt)
    around = surroundings(found, request.intent, record, neighbours)
    if found.at < settled_at(around):
        raise StaleRead(settled_at(around))
    request = replace(request, around=around)
    desired = ACTIONS[request.intent.action](request, seen, record, terms)
    # The time anew: a look may take a while, and a pak may end meanwhile.
    now = datetime.fromtimestamp(clock(), UTC)
    return Planned(seen, desired, plan.diff(seen, record, desired, terms, now))


def surroundings(
    found: Look, intent: Intent, record: Record, neighbours: Neighbours
) -> Surroundings:
    """What is on record of other mailboxes, where the hook is about names or forwarding."""
    if intent.aliases is None and intent.forward_to is None:
        return Surroundings()
    onward = record.forwarding.forward_to if record.forwarding else ()
    wanted = {*(intent.aliases or ()), *(intent.forward_to or ()), *onward}
    return Surroundings(neighbours(wanted | set(found.holders.values())), found.holders)
