"""What was said last of each subscription, so that an event that is older or says nothing new makes
no job.

Rule 1: it changes in the transaction that makes the job, or none; and before any mailbox is locked.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.store.base.database import Database, upsert
from bridge.store.base.rows import Row
from bridge.store.base.tables import subscriptions
from hooks.types import Intent

COMPARED = ("action", "status", "address", "plan")
"""What makes an event news. Of two statuses that come to the same, the newer one is written back."""
MOST_IDS = 50  # events of one subscription within one second

SELECT_KNOWN = sa.select(subscriptions).where(
    subscriptions.c.source == sa.bindparam("of_source"),
    subscriptions.c.service_id == sa.bindparam("of_service"),
)
UPDATE_KNOWN = sa.update(subscriptions).where(subscriptions.c.id == sa.bindparam("known_id"))
SELECT_FOLLOWERS = sa.select(subscriptions.c.source).where(
    subscriptions.c.service_id == sa.bindparam("of_service")
)


def is_news(
    tx: Connection,
    database: Database,
    source: str,
    account: str,
    event: str,
    intent: Intent,
    anew: bool = False,
) -> bool:
    """Whether this event, by its own time, says something new of its subscription. It is noted as
    the newest where it is not older; equal times go by arrival, but nothing follows a status that is
    final: what the bridge itself wrote back may lead to an event of that second. `anew`: what is known counts as new,
    because nothing was done for it."""
    said: dict[str, Any] = {
        "account": account,
        "address": intent.address,
        "action": intent.action,
        "status": intent.status,
        "plan": intent.plan,
        "final": intent.final,
        "said_at": intent.timestamp.timestamp(),
    }
    of = {"source": source, "service_id": intent.service_id}
    # Made first, so that there is a row to lock: of two first events one waits for the other.
    made = tx.execute(insert_first(database.embedded), {**of, **said, "said_in": [event]}).first()
    if made is not None:
        return True
    known = _locked(tx, database, source, intent.service_id)
    if not _is_newest(known, said, event):
        return False
    same_time = known["said_at"] == said["said_at"]
    ids = [*(known["said_in"] if same_time else ()), event][-MOST_IDS:]
    if known["plan"] is not None and intent.plan is None:
        said["plan"] = known["plan"]  # a suspension names none, and changes none
    tx.execute(UPDATE_KNOWN, {"known_id": known["id"], **said, "said_in": ids})
    return anew or any(known[name] != said[name] for name in COMPARED)


def followers(tx: Connection, service_id: str) -> Sequence[str]:
    """The sources that have told of a subscription of this id."""
    return tx.scalars(SELECT_FOLLOWERS, {"of_service": service_id}).all()


def _is_newest(known: Row, said: Mapping[str, Any], event: str) -> bool:
    if said["said_at"] != known["said_at"]:
        return bool(said["said_at"] > known["said_at"])
    return event not in known["said_in"] and (said["final"] or not known["final"])


def _locked(tx: Connection, database: Database, source: str, service_id: str) -> Row:
    query = database.lock_row(SELECT_KNOWN)
    return tx.execute(query, {"of_source": source, "of_service": service_id}).mappings().one()


@cache
def insert_first(embedded: bool) -> Any:
    new = upsert(embedded, subscriptions).on_conflict_do_nothing(
        index_elements=["source", "service_id"]
    )
    return new.returning(subscriptions.c.id)
