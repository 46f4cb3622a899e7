"""What is told of a service's job: itself, and how each of its mailboxes stands now. No address is
kept in its row, so what is erased is told no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import CODES
from bridge.domain.ports import Receipt
from bridge.domain.services import UNDER_WAY, is_left_out
from bridge.store.base.rows import Row, to_receipt, without_class
from bridge.store.base.tables import jobs

SELECT_FIRST = sa.select(sa.func.min(jobs.c.id)).where(
    jobs.c.mailbox_id.is_(None),
    jobs.c.source == sa.bindparam("source"),
    jobs.c.service_id == sa.bindparam("service_id"),
    jobs.c.hook_id == sa.bindparam("hook_id"),
)
IS_MEMBER = jobs.c.service_job == sa.bindparam("first")
SELECT_MEMBERS = sa.select(jobs).where(IS_MEMBER).order_by(jobs.c.address, jobs.c.sequence)


def first_of(tx: Connection, job: Row) -> str:
    """The first job of the same hook of a service: the one that its members name."""
    asked = {name: job[name] for name in ("source", "service_id", "hook_id")}
    return str(tx.scalar(SELECT_FIRST, asked) or job["id"])


def all_members(tx: Connection, first: str) -> Sequence[Row]:
    return tx.execute(SELECT_MEMBERS, {"first": first}).mappings().all()


def newest(tx: Connection, first: str) -> Sequence[Row]:
    """The newest job of each member, by address."""
    return list({row["mailbox_id"]: row for row in all_members(tx, first)}.values())


def receipt(tx: Connection, row: Row) -> Receipt:
    """As `to_receipt`; that of a service with how each of its mailboxes stands."""
    found = to_receipt(row)
    if row["mailbox_id"] is not None:
        return found
    members = newest(tx, first_of(tx, row))
    shown = [
        described(member)
        for member in members
        if not is_left_out(row["action"], member["status"], member["code"])
    ]
    message = row["message"] or UNDER_WAY
    return replace(found, message=message, extra={**found.extra, "mailboxes": shown})


def described(member: Row) -> Mapping[str, Any]:
    error = member["error"] if member["finished_at"] is not None else None
    return {
        "address": member["address"],
        "job": member["id"],
        "status": member["status"],
        "state": member["state"],
        "error": error
        and {"code": error["code"], "message": CODES[error["code"]], **without_class(error)},
    }
