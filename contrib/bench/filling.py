"""A store as a busy bridge has it after three months: jobs with their hooks, commands, callbacks
and audit, and mailboxes."""

import json
import random
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge import wiring
from bridge.store.base import tables

DAY, DAYS, RECENT = 86400.0, 90, 0.05  # of the jobs, in the last day
ENDS = ("succeeded",) * 950 + ("failed",) * 25 + ("cancelled",) * 20 + ("held",) * 5
TOLD = ("delivered",) * 985 + ("superseded",) * 10 + ("stopped",) * 4 + ("exhausted",)
CHANGE_SERVICE = "mailbox.change_service"
ACTIONS = (
    "mailbox.create",
    "mailbox.suspend",
    "mailbox.unsuspend",
    "mailbox.change_password",
    "mailbox.renew",
    CHANGE_SERVICE,
)
DOMAINS = 4000
BATCH = 5000


def fill(service: wiring.Service, jobs: int, mailboxes: int, waiting: int = 40) -> dict[str, str]:
    """Some ids of what was written. The newest `waiting` jobs are queued."""
    dice, now = random.Random(1), time.time()
    for numbers in batches(iter(range(mailboxes))):
        with service.database.write() as tx:
            insert(tx, tables.mailboxes, [mailbox(number, now) for number in numbers])
    moments = sorted(
        now - (dice.random() if dice.random() < RECENT else dice.random() * DAYS) * DAY
        for _ in range(jobs)
    )
    middle = add_jobs(service, moments, 0, mailboxes, dice, waiting)
    settle(service)
    return {
        "job": middle["id"],
        "hook": middle["hook_id"],
        "address": middle["address"],
        "service": middle["service_id"],
    }


def add_jobs(
    service: wiring.Service,
    moments: list[float],
    first: int,
    mailboxes: int,
    dice: random.Random,
    waiting: int = 0,
) -> dict[str, Any]:
    """A job at each moment, numbered from `first`, by turns over the mailboxes; the one in the
    middle."""
    count, middle = len(moments), {}
    numbered = iter(enumerate(moments, first))
    for batch in batches(numbered):
        rows = [
            job(number, moment, mailboxes, dice, number - first >= count - waiting)
            for number, moment in batch
        ]
        ended = [row for row in rows if row["finished_at"]]
        with service.database.write() as tx:
            insert(tx, tables.jobs, rows)
            insert(tx, tables.hooks, [hook(row, dice) for row in rows])
            insert(tx, tables.steps, [step(row, dice) for row in ended for _ in range(2)])
            insert(tx, tables.callbacks, [callback(row, dice) for row in ended])
            insert(tx, tables.audit, [entry(row) for row in rows[::20]])
        if batch[0][0] - first <= count // 2:
            middle = rows[min(count // 2 - (batch[0][0] - first), len(rows) - 1)]
    return middle


def batches(items: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def insert(tx: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows and tx.dialect.name == "postgresql":
        copy(tx, table, rows)
    elif rows:
        tx.execute(sa.insert(table), rows)


def copy(tx: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """In a third of the time that inserting takes."""
    names = list(rows[0])
    objects = [isinstance(table.c[name].type, sa.JSON) for name in names]
    cursor: Any = tx.connection.cursor()
    with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copying:
        for row in rows:
            values = zip(row.values(), objects, strict=True)
            copying.write_row(
                [
                    json.dumps(value) if is_json and value is not None else value
                    for value, is_json in values
                ]
            )


def settle(service: wiring.Service) -> None:
    """What PostgreSQL does by itself in the course of time."""
    if not service.database.embedded:
        with service.database.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as tx:
            tx.execute(sa.text("VACUUM ANALYZE"))


def mailbox(number: int, now: float) -> dict[str, Any]:
    domain = f"example{number % DOMAINS}.com"
    base = {
        "account": "main",
        "domain": domain,
        "address": f"user{number}@{domain}",
        "sequence": 100,
        "source": "shop",
    }
    return base | {
        "service_id": str(number),
        "state": ("active", "suspended")[number % 9 == 0],
        "observed_at": now,
    }


def job(
    number: int, moment: float, mailboxes: int, dice: random.Random, waits: bool
) -> dict[str, Any]:
    owner, status = mailbox(number % mailboxes, moment), "queued" if waits else dice.choice(ENDS)
    error = (
        {"kind": "refused", "code": "refused", "detail": "Enom said no.", "remote": {}}
        if status in ("failed", "held")
        else None
    )
    action = ACTIONS[0] if number < mailboxes else dice.choice(ACTIONS[1:])
    former = str((number + 1) % mailboxes) if action == CHANGE_SERVICE else None
    return {
        "id": wiring.new_job_id(moment), "mailbox_id": number % mailboxes + 1, "sequence": number // mailboxes + 1,
        "hook_id": f"msg_{number}",
        "source": "shop", "account": "main", "domain": owner["domain"], "address": owner["address"],
        "service_id": owner["service_id"], "facts": "suspension", "status": status,
        "action": action, "from_service_id": former,
        "intent": {"timestamp": "2027-03-01T12:00:00+00:00", "unknown": []}, "available_at": moment,
        "state": "active", "plan": [{"change": "suspend", "with": "hosted-email"}], "seen": {"exists": True},
        "verified": {"suspension": "verified"}, "changed": status == "succeeded", "message": "Done.", "error": error,
        "extra": {}, "tries": 1,
        "created_at": moment, "started_at": moment + 1, "finished_at": None if waits else moment + 5,
    }  # fmt: skip


def hook(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    parked = dice.random() < 0.001
    kept = {
        "job_id": None if parked else row["id"],
        "errors": {"data": ["missing"]} if parked else None,
    }
    return kept | {
        "source": "shop", "hook_id": row["hook_id"], "type": row["action"], "digest": "x" * 40, "key_index": 0,
        "received_at": row["created_at"], "sealed": "sealed" if parked and row["created_at"] > time.time() - 3 * DAY else None,
    }  # fmt: skip


def step(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    begun = row["created_at"] + 1
    return {
        "job_id": row["id"], "token": 1, "kind": "suspend", "command": "change_user", "digest": "x", "arguments": {},
        "trust_after": 0.0, "outcome": "accepted" if dice.random() < 0.98 else "refused", "started_at": begun,
        "ended_at": begun + dice.random() * 4,
    }  # fmt: skip


def callback(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    ended = row["finished_at"] + 1
    return {
        "id": f"cb_{row['id']}_1", "job_id": row["id"], "mailbox_id": row["mailbox_id"], "source": "shop", "tries": 1,
        "service_id": row["service_id"], "sequence": row["sequence"], "facts": "suspension",
        "action": row["action"], "status": dice.choice(TOLD), "next_at": ended, "ended_at": ended,
        "created_at": row["finished_at"], "last_status": 200,
    }  # fmt: skip


def entry(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": row["created_at"],
        "who": "jane (password)",
        "action": "retry",
        "target": row["id"],
    }
