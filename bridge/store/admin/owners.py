"""Ownership in batches: what is nobody's is given to services, and nothing else is touched."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bridge.domain.model import Address
from bridge.domain.ports import Assignment
from bridge.reporting.refusals import refusal
from bridge.store.admin.findings import settled
from bridge.store.base.conditions import among
from bridge.store.base.database import Database, upsert
from bridge.store.base.rows import Row
from bridge.store.base.tables import jobs, mailboxes
from bridge.store.queue import customers, service_lines


class Owners:
    def __init__(self, database: Database) -> None:
        self.database = database

    def take_over(
        self, account: str, source: str, takings: Sequence[Assignment]
    ) -> Mapping[str, str]:
        wanted = {taking.address: taking for taking in takings}
        here = mailboxes.c.account == account, mailboxes.c.address.in_(wanted)
        running = (
            sa.select(jobs.c.mailbox_id, jobs.c.id)
            .join(mailboxes)
            .where(*here, among(jobs.c.status, "running"))
        )
        with self.database.write() as tx:
            blank = [
                {"account": account, "domain": Address.parse(name).domain, "address": name}
                for name in sorted(wanted)
            ]
            missing = upsert(self.database.embedded, mailboxes)
            tx.execute(missing.on_conflict_do_nothing(index_elements=["account", "address"]), blank)
            rows = (
                tx.execute(self.database.lock_row(sa.select(mailboxes).where(*here)))
                .mappings()
                .all()
            )
            busy = {mailbox: job for mailbox, job in tx.execute(running)}
            todo = [
                row for row in rows if not owned(row, source, wanted[row["address"]].service_id)
            ]
            left = {
                row["address"]: hindrance(row, wanted[row["address"]], busy.get(row["id"]))
                for row in todo
            }
            given = [
                values(row, source, wanted[row["address"]])
                for row in todo
                if not left[row["address"]]
            ]
            if given:
                change = sa.update(mailboxes).where(mailboxes.c.id == sa.bindparam("mailbox_id"))
                tx.execute(
                    change.values(
                        {name: sa.bindparam(name) for name in given[0] if name != "mailbox_id"}
                    ),
                    given,
                )
                settled(tx, account, [row["address"] for row in todo if not left[row["address"]]])
        return {address: reason for address, reason in left.items() if reason}

    def sell(self, source: str, seats: Mapping[str, int]) -> None:
        told = [(source, service, number) for service, number in seats.items()]
        with self.database.write() as tx:
            service_lines.learn_seats(tx, self.database, told)

    def teach(self, account: str, source: str, customer_ids: Mapping[tuple[str, str], str]) -> int:
        here = (
            mailboxes.c.account == account,
            mailboxes.c.address.in_([address for address, _ in customer_ids]),
        )
        query = (
            sa.select(mailboxes.c.id, mailboxes.c.address, mailboxes.c.service_id)
            .where(*here)
            .order_by(mailboxes.c.id)
        )
        with self.database.write() as tx:
            todo = [
                (row.id, row.service_id, customer_ids.get((row.address, row.service_id)))
                for row in tx.execute(query).all()
            ]
            return sum(
                customers.teach(tx, id, source, service, named)
                for id, service, named in todo
                if named
            )


def owned(row: Row, source: str, service_id: str) -> bool:
    return (row["source"], row["service_id"]) == (source, service_id)


def hindrance(row: Row, taking: Assignment, job: str | None) -> str:
    """Why this mailbox cannot be given away now; "" when nothing stands against it."""
    if row["source"] is not None:
        return refusal("owned_already", service=row["service_id"], source=row["source"])
    if job is not None:
        # It would write the owner that it began with when it ends.
        return refusal("worker_at_job", job=job)
    if row["settles_at"] > taking.seen_at:
        return refusal("changed_since_look")
    return ""


def values(row: Row, source: str, taking: Assignment) -> dict[str, Any]:
    return {
        "mailbox_id": row["id"],
        "source": source,
        "service_id": taking.service_id,
        "state": str(taking.state),
        "observed_at": taking.seen_at,
        "password_digest": None,
        "customer_id": taking.customer_id,
        "customer_source": source if taking.customer_id is not None else None,
        "gone_at": None,
    }
