"""One-time links by which a customer sets a password; of each token only a digest is stored.

Rule 1: a look consumes nothing. Rule 2: a password that was set, whoever set it, ends every link of
its mailbox.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NotPossible, UnknownThing
from bridge.domain.ports import LinkedMailbox, LinkUsed
from bridge.reporting import notes as sentences
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database, Topic
from bridge.store.base.rows import Row
from bridge.store.base.tables import jobs, mailboxes, password_links
from bridge.store.queue import audit, enqueue, notes
from hooks.types import Intent

LASTS = 72 * 3600.0  # seconds from when it was sent
AUDITED = "password-link"

OF_JOB = (
    sa.select(mailboxes)
    .join(jobs, jobs.c.mailbox_id == mailboxes.c.id)
    .where(
        jobs.c.id == sa.bindparam("job_id"),
        mailboxes.c.awaits_password,
        mailboxes.c.source == jobs.c.source,
        mailboxes.c.service_id == jobs.c.service_id,
    )
)
# What was posted and not taken leaves the link usable; what is under way, or done, does not.
UNUSED = sa.or_(
    password_links.c.job_id.is_(None),
    sa.exists().where(
        jobs.c.id == password_links.c.job_id, jobs.c.status.in_(("failed", "cancelled"))
    ),
)
SELECT_USABLE = (
    sa.select(
        *(mailboxes.c[name] for name in ("id", "account", "address", "source", "service_id")),
        password_links.c.id.label("link"),
    )
    .join(mailboxes, mailboxes.c.id == password_links.c.mailbox_id)
    .where(
        password_links.c.digest == sa.bindparam("digest"),
        password_links.c.ended_at.is_(None),
        password_links.c.expires_at > sa.bindparam("now"),
        mailboxes.c.source == password_links.c.source,
        mailboxes.c.service_id == password_links.c.service_id,
        mailboxes.c.state != "absent",
        UNUSED,
    )
)
END = (
    sa.update(password_links)
    .where(
        password_links.c.mailbox_id == sa.bindparam("of_mailbox"),
        password_links.c.ended_at.is_(None),
    )
    .values(ended_at=sa.bindparam("now"))
)


def end(tx: Connection, mailbox: int, now: float) -> None:
    """A password was set, as far as anybody knows, or the mailbox is another by now."""
    tx.execute(END, {"of_mailbox": mailbox, "now": now})


class PasswordLinks:
    def __init__(self, database: Database, new_id: Callable[[float], str]) -> None:
        self.database = database
        self.new_id = new_id

    def issue_for_job(self, job: str, digest: str) -> bool:
        """Makes a link for the mailbox that this job made; whether it still awaits a password."""
        with self.database.write() as tx:
            row = tx.execute(OF_JOB, {"job_id": job}).mappings().first()
            if row is None:
                return False
            self._add(tx, row, digest, "callback", f"for the callback of {job}")
            return True

    def issue(self, address: str, digest: str, who: str) -> None:
        """Makes a link in the name of a person. Raises UnknownThing, NotPossible."""
        with self.database.write() as tx:
            found = sa.select(mailboxes).where(mailboxes.c.address == address)
            rows = tx.execute(found).mappings().all()
            if not rows:
                raise UnknownThing(refusal("no_mailbox", address=address))
            owned = [row for row in rows if row["source"] and row["state"] != "absent"]
            if not owned:
                raise NotPossible(refusal("link_for_nobody", address=address))
            if len(owned) > 1:
                raise NotPossible(refusal("link_of_several", address=address))
            self._add(tx, owned[0], digest, who, None)

    def _add(self, tx: Connection, mailbox: Row, digest: str, who: str, why: str | None) -> None:
        now = self.database.now(tx)
        link = {
            "digest": digest,
            "mailbox_id": mailbox["id"],
            "source": mailbox["source"],
            "service_id": mailbox["service_id"],
            "created_at": now,
            "expires_at": now + LASTS,
        }
        tx.execute(sa.insert(password_links).values(link))
        audit.add(tx, who, AUDITED, mailbox["address"], now, why)

    def remind(self, job: str) -> None:
        """Tells the admin of a mailbox that awaits its first password, where no callback tells
        billing."""
        with self.database.write() as tx:
            row = tx.execute(OF_JOB, {"job_id": job}).mappings().first()
            if row is not None:
                now = self.database.now(tx)
                notes.add(tx, f"job:{job}", sentences.awaits_password(row["address"]), now)

    def find(self, digest: str) -> LinkedMailbox | None:
        """Whose password a link sets; None for what is none, or is one no more."""
        with self.database.read() as tx:
            asked = {"digest": digest, "now": self.database.now(tx)}
            row = tx.execute(SELECT_USABLE, asked).mappings().first()
        return None if row is None else LinkedMailbox(row["account"], row["address"])

    def use(self, digest: str, sealed: str, who: str) -> LinkUsed | None:
        """Consumes a link and makes the job that sets the password; None as `find`."""
        with self.database.write() as tx:
            asked = {"digest": digest, "now": self.database.now(tx)}
            found = tx.execute(SELECT_USABLE, asked).mappings().first()
            if found is None:
                return None
            # The mailbox first, as everywhere; then it is asked again under its lock.
            mailbox = sa.select(mailboxes.c.id).where(mailboxes.c.id == found["id"])
            tx.execute(self.database.lock_row(mailbox)).first()
            row = tx.execute(SELECT_USABLE, asked).mappings().first()
            if row is None:
                return None
            now = self.database.now_and_notify(tx, Topic.JOBS)
            job = self._job(tx, row, sealed, now)
            used = sa.update(password_links).where(password_links.c.id == row["link"])
            tx.execute(used.values(job_id=job))
            audit.add(tx, who, AUDITED, row["address"], now, f"a password was posted: {job}")
            return LinkUsed(row["source"], job)

    def _job(self, tx: Connection, row: Row, sealed: str, now: float) -> str:
        job = self.new_id(now)
        intent = Intent(
            "mailbox.change_password",
            datetime.fromtimestamp(now, UTC),
            row["service_id"],
            row["address"],
        )
        hook, where = f"link_{job}", (row["source"], row["account"])
        enqueue.add_job(tx, self.database, job, hook, *where, intent, sealed, now)
        return job
