"""What a person may do: to jobs, callbacks, ownership, and to what may work at all. Each is audited in its own transaction.

Refusals are NotNow: they say why, and what to do instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bridge.drift import Difference
from bridge.errors import NotNow, NotThere
from bridge.jobs import ENDED
from bridge.model import Address, State
from bridge.ports import Receipt
from bridge.store import audit, brake, inbox, notes, standing
from bridge.store.database import Database
from bridge.store.money import IN_DOUBT
from bridge.store.rows import Row, to_intent, to_receipt
from bridge.store.tables import accounts, among, callbacks, jobs, mailboxes, purchases, reconciliations, sources
from hooks.types import Intent


@dataclass
class People:
    """`who` is doing it; `by` gives the same for a person."""

    database: Database
    new_id: Callable[[float], str]
    who: str = "nobody in particular"

    def by(self, who: str) -> "People":
        return replace(self, who=who)

    def retry(self, job: str, *, approve: bool = False) -> Receipt:
        """A new job with the same intent at the end of the line. `approve`: safety limits let it pass."""
        with self.database.write() as tx:
            row = self._retriable(tx, job, approve)
            # A person looked at the purchase in doubt: it no longer holds up others, also when the job is not repeated.
            doubted = sa.update(purchases).where(purchases.c.job_id == job, purchases.c.outcome.in_(IN_DOUBT))
            judged = tx.execute(doubted.values(outcome="judged", ended_at=self.database.now(tx))).rowcount > 0
            self.database.tell(tx)
            refusal = self._overtaken(tx, row)
            self._audit(tx, "approve" if approve else "retry", job, refusal)
            if refusal is None:
                return self._again(tx, row, approve)
            if judged:
                text = f"The purchase of {job} was looked up; newer hooks decided the rest."
                notes.clear(tx, f"job:{job}", text, self.database.now(tx))
        raise NotNow(f"{refusal} Its purchase counts as looked up, and holds up no other any more." if judged else refusal)

    def _retriable(self, tx: Any, job: str, approve: bool) -> Row:
        row = self._job(tx, job)
        if row["status"] not in ("held", "failed"):
            text = f"Job {job} is {row['status']}; only what is held or failed can be tried again."
            raise NotNow(f"{text} See: enom-bridge jobs explain {job}")
        if approve and row["status"] != "held":
            raise NotNow(f"Job {job} is {row['status']}; only what is held can be approved.")
        again = sa.select(jobs.c.id).where(jobs.c.replaces == job)
        if (newer := tx.scalar(again)) is not None:
            raise NotNow(f"Job {job} was tried again already, as {newer}.")
        return row

    def _again(self, tx: Any, row: Row, approve: bool) -> Receipt:
        now, id = self.database.now(tx), row["id"]
        intent, sealed = to_intent(row, None), row["sealed"]
        special: dict[str, Any] = {"passed": approve, "replaces": id, "purge": row["purge"]}
        whose = row["hook_id"], row["source"], row["account"]
        new = inbox.add_job(tx, self.database, self.new_id(now), *whose, intent, sealed, now, **special)
        # It goes on with the new job, and is wiped when that one ends.
        tx.execute(sa.update(jobs).where(jobs.c.id == id).values(sealed=None))
        notes.clear(tx, f"job:{id}", f"{row['action']} of {row['address']} is tried again as {new['id']}.", now)
        return to_receipt(new)

    def _overtaken(self, tx: Any, row: Row) -> str | None:
        """Why this job is not to be repeated, when newer hooks decided all that it wanted."""
        newer = sa.select(jobs).where(
            jobs.c.mailbox_id == row["mailbox_id"],
            jobs.c.sequence > row["sequence"],
            jobs.c.source == row["source"],
            jobs.c.service_id == row["service_id"],
            jobs.c.status.in_(("queued", "running", "succeeded")),
        )
        decided: set[str] = set()
        for later in tx.execute(newer).mappings():
            decided |= set(later["facts"].split())
        if set(row["facts"].split()) <= decided:
            text = f"overtaken: newer hooks of this service decided what job {row['id']} wanted."
            return f"{text} Let billing send again what it wants now."
        return None

    def cancel(self, job: str) -> Receipt:
        with self.database.write() as tx:
            now = self.database.now(tx)
            row = self._job(tx, job)
            doubt = sa.select(purchases.c.id).where(purchases.c.job_id == job, purchases.c.outcome.in_(IN_DOUBT))
            if tx.scalar(doubt) is not None:
                raise NotNow(f"Job {job} has a purchase in doubt: it must find out first. See: enom-bridge jobs explain {job}")
            if not inbox.cancel(tx, job, now, None, "Cancelled by a person."):
                why = "it has ended" if row["status"] in ENDED else "a worker is at it right now; try again in a moment"
                raise NotNow(f"Job {job} is {row['status']}: {why}.")
            self._audit(tx, "cancel", job)
            self.database.tell(tx)
            return to_receipt(self._job(tx, job))

    def resend(self, callback: str) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            values = {"status": "pending", "next_at": now, "tries": 0, "ended_at": None, "pending_since": now}
            change = sa.update(callbacks).where(callbacks.c.id == callback).values(**values).returning(callbacks.c.source)
            source = tx.scalar(change)
            if source is None:
                raise NotThere(f"There is no callback {callback!r}. List them: enom-bridge callbacks list")
            # Whoever does this expects an answer now, so a receiver that gave none is asked now.
            asked = sa.update(sources).where(sources.c.name == source, sources.c.receiver_after > now)
            tx.execute(asked.values(receiver_after=now))
            self._audit(tx, "resend", callback)
            self.database.tell(tx)

    def adopt(self, account: str, address: Address, source: str, service_id: str, state: State = State.UNKNOWN) -> None:
        """Gives a mailbox, known or not, to a service.

        `state` was seen at Enom just now. It is noted where none is on record, unless reads may still miss the last command.
        """
        with self.database.write() as tx:
            here = mailboxes.c.account == account, mailboxes.c.address == str(address)
            known = mailboxes.c.id, mailboxes.c.state, mailboxes.c.settles_at
            row = tx.execute(self.database.lock_row(sa.select(*known).where(*here))).first()
            busy = sa.select(jobs.c.id).join(mailboxes).where(*here, jobs.c.status == "running")
            if (job := tx.scalar(busy)) is not None:
                # It would write the owner that it began with when it ends.
                raise NotNow(f"A worker is at job {job} of this mailbox right now; try again in a moment.")
            if row is None:
                new = sa.insert(mailboxes).values(account=account, domain=address.domain, address=str(address))
                row = tx.execute(new.returning(*known)).one()
            # A deletion after the former owner's grace must not take the new owner's mailbox.
            owner = {"source": source, "service_id": service_id, "delete_after": None}
            if row.state == State.UNKNOWN and row.settles_at <= self.database.now(tx):
                owner["state"] = str(state)
            tx.execute(sa.update(mailboxes).where(mailboxes.c.id == row[0]).values(**owner))
            self._audit(tx, "adopt", str(address), f"for service {service_id} of {source}")

    def repair(self, account: str, found: Difference) -> str:
        """Does what `found.repair` says, if the mailbox is still its owner's and nothing is under way; what came of it."""
        wanted, address = found.repair, found.address
        if wanted is None or address is None or found.owner is None:
            raise NotNow("There is nothing to repair by itself.")
        with self.database.write() as tx:
            now = self.database.now(tx)
            here = mailboxes.c.account == account, mailboxes.c.address == address
            row = tx.execute(self.database.lock_row(sa.select(mailboxes).where(*here))).mappings().first()
            busy = sa.select(jobs.c.id).join(mailboxes).where(*here, among(jobs.c.status, "queued", "running"))
            if row is None or (row["source"], row["service_id"]) != found.owner or tx.scalar(busy) is not None:
                raise NotNow(f"{address} was changed meanwhile. Reconcile it again.")
            self._audit(tx, "repair", address, wanted.words())
            if wanted.state is not None:
                corrected = sa.update(mailboxes).where(mailboxes.c.id == row["id"])
                tx.execute(corrected.values(state=str(wanted.state), observed_at=now))
                return f"noted that it is {wanted.state}"
            job = self.new_id(now)
            moment = datetime.fromtimestamp(now, UTC)
            intent = Intent(wanted.action, moment, row["service_id"], address, plan=wanted.plan)
            # `replaces` marks a job that comes from no hook: it overtakes nothing, and no hook counts as older than it.
            inbox.add_job(tx, self.database, job, f"repair_{job}", row["source"], account, intent, None, now, replaces=None)
            self.database.tell(tx)
            return f"job {job}"

    def reconcile_soon(self, account: str) -> None:
        """A worker compares the account with Enom within seconds."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            standing.known(tx, account)
            tx.execute(sa.update(accounts).where(accounts.c.name == account).values(reconcile_at=now))
            self._audit(tx, "reconcile", f"account {account}")

    def pause_account(self, name: str, reason: str) -> None:
        with self.database.write() as tx:
            standing.pause_account(tx, name, standing.PERSON, reason, self.database.now(tx))
            self._audit(tx, "pause", f"account {name}", reason)

    def resume_account(self, name: str) -> bool:
        """False when there was nothing to resume. After a restore only once a reconciliation was shown since."""
        with self.database.write() as tx:
            restored = sa.select(accounts.c.name).where(accounts.c.name == name, accounts.c.paused == standing.RESTORED)
            looked = sa.exists().where(reconciliations.c.account == name, reconciliations.c.whole)
            if tx.scalar(restored.where(~looked)) is not None:
                raise NotNow(
                    f"The database was restored, and nobody has compared it with Enom since. First look at what differs: "
                    f"enom-bridge reconcile --account {name}"
                )
            resumed = standing.resume_account(tx, name, self.database.now(tx), probed=False)
            self._audit(tx, "resume", f"account {name}")
            self.database.tell(tx)
            return resumed

    def pause_source(self, name: str, paused: bool, reason: str | None = None) -> None:
        """To resume lifts what a person paused; where nobody did, what stopped its suspensions. Each is a fact of its own."""
        with self.database.write() as tx:
            one = sa.select(sources).where(sources.c.name == name)
            row = tx.execute(self.database.lock_row(one)).mappings().first()
            if row is None:
                raise NotThere(f"There is no source {name!r} in the configuration.")
            if not paused and not row["paused"] and row["suspensions_paused"] is not None:
                brake.release(tx, name, self.database.now(tx))
                reason = f"its suspensions, which were stopped: {row['suspensions_paused']}"
            change = sa.update(sources).where(sources.c.name == name)
            tx.execute(change.values(paused=paused, detail=reason if paused else None))
            self._audit(tx, "pause" if paused else "resume", f"source {name}", reason)

    def noted(self, action: str, target: str, detail: str | None = None) -> None:
        """For what a person did that stands in no other transaction of ours."""
        with self.database.write() as tx:
            self._audit(tx, action, target, detail)

    def _audit(self, tx: Any, action: str, target: str, detail: str | None = None) -> None:
        audit.add(tx, self.who, action, target, self.database.now(tx), detail)

    def _job(self, tx: Any, job: str) -> Row:
        row: Row | None = tx.execute(sa.select(jobs).where(jobs.c.id == job)).mappings().first()
        if row is None:
            raise NotThere(f"There is no job {job!r}. List them: enom-bridge jobs list")
        return row
