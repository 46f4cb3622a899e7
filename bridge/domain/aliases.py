"""The other names of a mailbox and where its mail is sent on to: what stands against them. Pure.

Rule 1: no address is two mailboxes', and no mail is only ever sent in a ring. What can be known of
that is on record, or shown by the remote; what a mailbox sends on by its own filters, or what
somebody else's server does with it, nobody here can see.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.domain.errors import Refused
from bridge.domain.model import Address, Forwarding

MOST_NAMED = 3  # addresses that a sentence names


@dataclass(frozen=True)
class Neighbour:
    """Another mailbox as it is on record. `exists`: a service has it. `settles_at` as of a
    Record."""

    address: str
    source: str | None
    exists: bool
    aliases: tuple[str, ...] = ()
    forwarding: Forwarding | None = None
    settles_at: float = 0.0


Neighbours = Callable[[Collection[str]], Sequence[Neighbour]]
"""Of these addresses: the mailboxes that have one, or are one, and those that they lead to."""


def alone(wanted: Collection[str]) -> Sequence[Neighbour]:
    return ()


@dataclass(frozen=True)
class Surroundings:
    """What is known of other mailboxes when one is to get new names or a forwarding.

    `holders`: address -> the mailbox that has it at the remote, of those that are not this one's.
    """

    neighbours: Sequence[Neighbour] = ()
    holders: Mapping[str, str] = field(default_factory=dict)


def settled_at(around: Surroundings) -> float:
    """Until when what the remote shows of taken addresses may be the past (epoch seconds)."""
    late = {each.address: each.settles_at for each in around.neighbours}
    return max((late.get(holder, 0.0) for holder in around.holders.values()), default=0.0)


def refuse_taken(source: str, aliases: Collection[str], around: Surroundings) -> None:
    """Raises Refused where one of these is somebody's already."""
    for each in around.neighbours:
        if each.exists and each.address in aliases:
            raise taken(f"{each.address} is a mailbox")
        if shared := sorted(set(each.aliases) & set(aliases)):
            # One source learns nothing of another's mailboxes.
            whose = each.address if each.source == source else "another mailbox"
            raise taken(f"{named(shared)} is an alias of {whose}")
    if shown := sorted(set(around.holders) & set(aliases)):
        raise taken(f"The mail provider shows {named(shown)} as taken by another mailbox")


def taken(what: str) -> Refused:
    return Refused(
        f"{what}. Remove it there first, or leave it out of aliases.",
        code="address_taken",
    )


def refuse_alias(source: str, address: str, neighbours: Iterable[Neighbour]) -> None:
    """Raises Refused where a mailbox is to be made whose address is an alias already."""
    for each in neighbours:
        if address in each.aliases:
            whose = each.address if each.source == source else "another mailbox"
            raise Refused(
                f"{address} is an alias of {whose}. Remove it there first (mailbox.set_aliases), "
                "or choose another address.",
                code="conflict",
            )


def refuse_own(own: Collection[str], forwarding: Forwarding | None) -> None:
    """Raises Refused where a mailbox would send its mail to one of its own addresses."""
    if back := sorted(set(own) & set(forwarding.forward_to if forwarding else ())):
        raise Refused(
            f"The mailbox would forward to its own address {named(back)}, which is a loop. Leave "
            "it out of forward_to, or remove the alias first.",
            code="forwarding_loop",
        )


def refuse_ring(
    own: Collection[str], forwarding: Forwarding | None, neighbours: Sequence[Neighbour]
) -> None:
    """Raises Refused where what is sent on comes back, and nobody on the way keeps a copy."""
    if forwarding is None or forwarding.keep_copy:
        return
    of = {name: each for each in neighbours for name in (each.address, *each.aliases)}
    for first in forwarding.forward_to:
        if leads_back(first, own, of):
            raise Refused(
                f"Mail forwarded to {first} comes back to this mailbox, and no mailbox on the way "
                "keeps a copy. Leave it out of forward_to, or set keep_copy to true.",
                code="forwarding_loop",
            )


def leads_back(first: str, own: Collection[str], of: Mapping[str, Neighbour]) -> bool:
    """Whether mail for `first` ends at one of `own`, as far as it is on record."""
    seen: set[str] = set()
    todo = [first]
    while todo:
        name = todo.pop()
        if name in own:
            return True
        next_one = of.get(name)
        if next_one is not None and next_one.address not in seen:
            seen.add(next_one.address)
            todo += sent_on(next_one)
    return False


def sent_on(mailbox: Neighbour) -> Sequence[str]:
    """Where all mail of a mailbox goes that keeps no copy."""
    forwarding = mailbox.forwarding
    return () if forwarding is None or forwarding.keep_copy else forwarding.forward_to


def own_names(address: str, *aliases: Iterable[str] | None) -> frozenset[str]:
    return frozenset({address}).union(*(each for each in aliases if each is not None))


def named(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - MOST_NAMED} more" if len(addresses) > MOST_NAMED else ""
    return f"{', '.join(addresses[:MOST_NAMED])}{more}"


def facts_of(aliases: Sequence[str] | None, forwarding: Forwarding | None) -> dict[str, object]:
    """Both as JSON, the same wherever a mailbox is shown; None: not known."""
    return {
        "aliases": None if aliases is None else list(aliases),
        "forwarding": forwarding and forwarding.describe(),
    }


def new_aliases(address: Address, wanted: Iterable[str], has: Collection[str] | None) -> list[str]:
    """Those of `wanted` that the remote does not show as this mailbox's."""
    return sorted(set(wanted) - set(has or ()) - {str(address)})
