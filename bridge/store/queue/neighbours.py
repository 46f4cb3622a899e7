"""Other mailboxes as they are on record: those that have certain addresses, and those that their
mail is sent on to.

Rule 1: two jobs never give one address to two mailboxes, and never close a ring together: what one
is about to send is on record before the other is asked, under the account's lock.
"""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.aliases import (
    Neighbour,
    Surroundings,
    own_names,
    refuse_alias,
    refuse_ring,
    refuse_taken,
    sent_on,
)
from bridge.domain.model import NAMING, Address, Change, ChangeKind, Record, State
from bridge.domain.ports import Job
from bridge.store.base.database import Database
from bridge.store.base.rows import Row, to_names
from bridge.store.base.tables import accounts, mailboxes

MOST_STEPS = 10  # from mailbox to mailbox; a longer chain of forwardings is not followed
SELECT_NEIGHBOURS = sa.select(
    mailboxes.c.address,
    mailboxes.c.source,
    mailboxes.c.state,
    mailboxes.c.settles_at,
    mailboxes.c.aliases,
    mailboxes.c.forwarding,
).where(
    mailboxes.c.account == sa.bindparam("account_name"),
    mailboxes.c.address != sa.bindparam("its_address"),
)
SELECT_NAMED = SELECT_NEIGHBOURS.where(
    mailboxes.c.address.in_(sa.bindparam("names", expanding=True))
)
# One domain at a time, because a list of values cannot be prepared.
SELECT_WITH_ALIASES = SELECT_NEIGHBOURS.where(
    mailboxes.c.domain == sa.bindparam("in_domain"), mailboxes.c.aliases.is_not(None)
)


def beside(tx: Connection, account: str, address: str, wanted: Collection[str]) -> list[Neighbour]:
    """All but `address` itself that have one of these addresses, and those that they lead to."""
    found: dict[str, Neighbour] = {}
    asked: set[str] = set()
    for _ in range(MOST_STEPS):
        wanted = set(wanted) - asked
        if not wanted:
            break
        asked |= wanted
        having = having_one_of(tx, account, address, wanted)
        found |= {each.address: each for each in having}
        wanted = {name for each in having for name in sent_on(each)}
    return list(found.values())


def having_one_of(
    tx: Connection, account: str, address: str, wanted: Collection[str]
) -> list[Neighbour]:
    """An alias is of its mailbox's domain, so of what is wanted the domains are enough."""
    domains = sorted({Address.parse(each).domain for each in wanted})
    mine = {"account_name": account, "its_address": address}
    # One after the other: asked for either at once, no index would be used, and a domain may be
    # large.
    asked: list[tuple[sa.Select[Any], dict[str, Any]]] = [
        (SELECT_WITH_ALIASES, mine | {"in_domain": domain}) for domain in domains
    ]
    if others := sorted(set(wanted) - {address}):
        asked.append((SELECT_NAMED, mine | {"names": others}))
    shown = [to_neighbour(row) for each in asked for row in tx.execute(*each).mappings()]
    found = {each.address: each for each in shown}
    return [each for each in found.values() if has_one_of(each, wanted)]


def has_one_of(each: Neighbour, wanted: Collection[str]) -> bool:
    return each.address in wanted or not set(wanted).isdisjoint(each.aliases)


def to_neighbour(row: Row) -> Neighbour:
    names = to_names(row)
    return Neighbour(
        row["address"],
        row["source"],
        row["source"] is not None and row["state"] != State.ABSENT,
        names["aliases"] or (),
        names["forwarding"],
        row["settles_at"],
    )


def permit(tx: Connection, database: Database, job: Job, change: Change, record: Record) -> None:
    """Returns when this change may be sent, as far as other mailboxes go. Raises Refused.

    `record` is as it will be. Mailbox before account, as everybody locks them.
    """
    address = job.intent.address
    if change.makes:
        refuse_alias(job.source, address, beside(tx, job.account, address, [address]))
    if change.kind not in NAMING:
        return
    lock = sa.select(accounts.c.name).where(accounts.c.name == job.account)
    tx.execute(database.lock_row(lock)).all()
    names = record.aliases or ()
    onward = record.forwarding.forward_to if record.forwarding else ()
    found = beside(tx, job.account, address, {*names, *onward})
    if change.kind is ChangeKind.SET_ALIASES:
        refuse_taken(job.source, names, Surroundings(found))
    refuse_ring(own_names(address, names), record.forwarding, found)


def of_account(
    database: Database, account: str, address: str, wanted: Collection[str]
) -> Sequence[Neighbour]:
    """`beside`, in a transaction of its own."""
    with database.read() as tx:
        return beside(tx, account, address, wanted)
