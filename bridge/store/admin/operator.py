"""What a person may do: to jobs, callbacks, ownership, and to what may work at all. Each is audited in its own transaction.

Refusals are NotNow: they say why, and what to do instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bridge.domain import decisions
from bridge.domain.decisions import JobFacts
from bridge.domain.differences import Difference
from bridge.domain.errors import CODES, BridgeError, Limit, NotNow, NotThere
from bridge.domain.model import Address, State
from bridge.domain.ports import Receipt
from bridge.store.admin import choices, lookup
from bridge.store.admin.findings import settled
from bridge.store.base.database import Database, upsert
from bridge.store.base.rows import Row, to_intent, to_limits, to_receipt
from bridge.store.base.tables import accounts, among, callbacks, hooks, jobs, mailboxes, purchases, reconciliations, sources
from bridge.store.queue import audit, brake, customers, inbox, money, notes, standing
from bridge.store.queue.money import IN_DOUBT
from bridge.store.queue.standing import Resumed
from hooks.types import Intent

Owner = tuple[str | None, str | None]  # source and service


@dataclass
class People:
    """`who` is doing it; `by` gives the same for a person."""

    database: Database
    new_id: Callable[[float], str]
    who: str = "unknown"

    def by(self, who: str) -> "People":
        return replace(self, who=who)

    def retry(self, job: str, *, approve: bool = False) -> Receipt:
        """A new job with the same intent at the end of the line. `approve`: the limit that held it lets it pass.

        What newer hooks decided is not repeated; of that only a purchase in doubt is settled.
        """
        verb = "approve" if approve else "retry"
        with self.database.write() as tx:
            row, facts = self._decide(tx, job, verb)
            if facts.in_doubt:
                self._judge(tx, job)
            self._audit(tx, verb, job, facts.overtaken)
            if facts.overtaken is None:
                return self._again(tx, row, facts.limit if approve else None)
            text = f"The purchase of {job} was settled; newer hooks replaced the rest of the job."
            notes.clear(tx, f"job:{job}", text, self.database.now(tx))
        raise NotNow(f"{facts.overtaken} Its purchase now counts as settled and no longer blocks others.")

    def _decide(self, tx: Any, job: str, verb: str) -> tuple[Row, JobFacts]:
        """The job, locked, when a person may do this to it now; of two at once the second is told what the first did.

        Raises NotThere and NotNow.
        """
        row = self._job(tx, job)
        facts = choices.of_job(tx, row)
        if (refusal := decisions.OF_JOBS[verb](facts)) is not None:
            raise NotNow(refusal)
        return row, facts

    def _judge(self, tx: Any, job: str) -> None:
        """A person looked at the purchase in doubt: it no longer holds up others."""
        doubted = sa.update(purchases).where(purchases.c.job_id == job, purchases.c.outcome.in_(IN_DOUBT))
        tx.execute(doubted.values(outcome="judged", ended_at=self.database.now(tx)))
        self.database.tell(tx)

    def _again(self, tx: Any, row: Row, limit: Limit | None) -> Receipt:
        now, id = self.database.now(tx), row["id"]
        intent, sealed = to_intent(row, None), row["sealed"]
        special: dict[str, Any] = {"replaces": id, "purge": row["purge"]}
        if limit is not None:
            # What was lifted for it before stays so: two limits would hold it in turns for ever.
            lifted = " ".join(sorted(to_limits(row["lifted"]) | {limit}))
            special |= {"passed": True, "lifted": lifted}
        whose = row["hook_id"], row["source"], row["account"]
        new = inbox.add_job(tx, self.database, self.new_id(now), *whose, intent, sealed, now, **special)
        # It goes on with the new job, and is wiped when that one ends.
        tx.execute(sa.update(jobs).where(jobs.c.id == id).values(sealed=None))
        notes.clear(tx, f"job:{id}", f"{row['action']} of {row['address']} is retried as {new['id']}.", now)
        self.database.tell(tx)
        return to_receipt(new)

    def cancel(self, job: str) -> Receipt:
        with self.database.write() as tx:
            now = self.database.now(tx)
            row, _ = self._decide(tx, job, "cancel")
            inbox.cancel(tx, job, now, None, "Cancelled by an operator.")
            self._call_off(tx, row)
            self._audit(tx, "cancel", job)
            self.database.tell(tx)
            return to_receipt(self._job(tx, job))

    def reject(self, job: str, reason: str | None = None) -> Receipt:
        """A held job is not done: it ends as cancelled, and billing is told so."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            row, _ = self._decide(tx, job, "reject")
            why = BridgeError(f"Rejected by an operator: {reason}" if reason else "Rejected by an operator.", code="rejected")
            ended = inbox.call_off(tx, job, now, why, CODES["rejected"])
            if ended is None:
                raise NotNow(f"Job {job} is no longer held.")
            self._call_off(tx, row)
            self._audit(tx, "reject", job, reason)
            self.database.tell(tx)
            return to_receipt(ended)

    def dismiss(self, hook: str, source: str | None = None, reason: str | None = None) -> None:
        """A parked delivery waits for nobody any more. What was in it is wiped, and its id is refused from now on."""
        with self.database.write() as tx:
            found, _ = lookup.the_hook(tx, hook, source)
            mine = hooks.c.id == found["id"]
            row = tx.execute(self.database.lock_row(sa.select(hooks).where(mine))).mappings().one()
            if (refusal := decisions.of_hook(choices.of_hook(row))["dismiss"]) is not None:
                raise NotNow(refusal)
            tx.execute(sa.update(hooks).where(mine).values(dismissed_at=self.database.now(tx), sealed=None))
            self._audit(tx, "dismiss", hook, reason)

    def _call_off(self, tx: Any, row: Row) -> None:
        """Of a deletion after a grace: taken back, or it would come again within a day."""
        if row["purge"]:
            tx.execute(sa.update(mailboxes).where(mailboxes.c.id == row["mailbox_id"]).values(delete_after=None))

    def resend(self, callback: str) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            wanted = sa.select(callbacks).where(callbacks.c.id == callback)
            row = tx.execute(self.database.lock_row(wanted)).mappings().first()
            if row is None:
                raise NotThere(f"There is no callback {callback!r}. List them: enom-bridge callbacks list")
            if (refusal := choices.of_callback(row, now)["resend"]) is not None:
                raise NotNow(refusal)
            values = {"status": "pending", "next_at": now, "tries": 0, "ended_at": None, "pending_since": now}
            tx.execute(sa.update(callbacks).where(callbacks.c.id == callback).values(**values))
            # Whoever does this expects an answer now, so a receiver that gave none is asked now.
            asked = sa.update(sources).where(sources.c.name == row["source"], sources.c.receiver_after > now)
            tx.execute(asked.values(receiver_after=now))
            self._audit(tx, "resend", callback)
            self.database.tell(tx)

    def adopt(
        self,
        account: str,
        address: Address,
        source: str,
        service_id: str,
        state: State = State.UNKNOWN,
        seen: Owner | None = None,
    ) -> None:
        """Gives a mailbox, known or not, to a service.

        `state` was seen at Enom just now. It is noted where none is on record, unless reads may still miss the last command.
        `seen`: whose it was when a person decided; whoever was faster is not overruled.
        """
        with self.database.write() as tx:
            here = mailboxes.c.account == account, mailboxes.c.address == str(address)
            new = upsert(self.database.embedded, mailboxes).values(account=account, domain=address.domain, address=str(address))
            tx.execute(new.on_conflict_do_nothing(index_elements=["account", "address"]))
            row = tx.execute(self.database.lock_row(sa.select(mailboxes).where(*here))).mappings().one()
            busy = sa.select(jobs.c.id).join(mailboxes).where(*here, jobs.c.status == "running")
            if (job := tx.scalar(busy)) is not None:
                # It would write the owner that it began with when it ends.
                raise NotNow(f"A worker is running job {job} of this mailbox; try again in a moment.")
            if seen is not None and (row["source"], row["service_id"]) != seen:
                owner = f"service {row['service_id']} of {row['source']}" if row["source"] else "nobody"
                raise NotNow(f"{address} has changed since you looked: it now belongs to {owner}. Check it again.")
            # A deletion after the former owner's grace must not take the new owner's mailbox.
            given = {"source": source, "service_id": service_id, "delete_after": None, "gone_at": None}
            if (row["source"], row["service_id"]) != (source, service_id):
                # The former owner's customer is not this one's; what its own hooks said of the mailbox, counts.
                customer = customers.named(tx, row["id"], source, service_id)
                given |= {"customer_id": customer, "customer_source": source if customer is not None else None}
            if row["state"] == State.UNKNOWN and row["settles_at"] <= self.database.now(tx):
                given["state"] = str(state)
            tx.execute(sa.update(mailboxes).where(mailboxes.c.id == row["id"]).values(**given))
            settled(tx, account, [str(address)])
            self._audit(tx, "adopt", str(address), f"for service {service_id} of {source}")

    def repair(self, account: str, found: Difference) -> str:
        """Does what `found.repair` says, if the mailbox is still its owner's and nothing is under way; what came of it."""
        wanted, address = found.repair, found.address
        if wanted is None or address is None or found.owner is None:
            raise NotNow("The bridge cannot repair this by itself.")
        with self.database.write() as tx:
            now = self.database.now(tx)
            here = mailboxes.c.account == account, mailboxes.c.address == address
            row = tx.execute(self.database.lock_row(sa.select(mailboxes).where(*here))).mappings().first()
            busy = sa.select(jobs.c.id).join(mailboxes).where(*here, among(jobs.c.status, "queued", "running"))
            if row is None or (row["source"], row["service_id"]) != found.owner or tx.scalar(busy) is not None:
                raise NotNow(f"{address} has changed since you looked. Reconcile it again.")
            if wanted.state is not None and row["state"] == wanted.state:
                raise NotNow(f"{address} is already recorded as {wanted.state}.")
            settled(tx, account, [address])
            self._audit(tx, "repair", address, wanted.words())
            if wanted.state is not None:
                corrected = sa.update(mailboxes).where(mailboxes.c.id == row["id"])
                tx.execute(corrected.values(state=str(wanted.state), observed_at=now, **customers.going(wanted.state, now)))
                return f"recorded as {wanted.state}"
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

    def pause_account(self, name: str, reason: str) -> bool:
        """False when a person had paused it before: then what that one said stays."""
        with self.database.write() as tx:
            if standing.one_account(tx, self.database, name)["pause_reason"] is not None:
                return False
            standing.pause_account(tx, name, standing.PERSON, reason, self.database.now(tx))
            self._audit(tx, "pause", f"account {name}", reason)
            return True

    def resume_account(self, name: str) -> Resumed:
        """Ends what a person can end, and the wait for money. After a restore that takes a whole reconciliation since.

        Raises NotNow when the restore is all that stops it, and that was not looked at yet.
        """
        with self.database.write() as tx:
            now = self.database.now(tx)
            before = standing.one_account(tx, self.database, name)
            ends = [column for column in standing.PAUSES if column != "restored_at" or self._compared(tx, before)]
            stood = [column for column in ends if before[column] is not None]
            ended = tuple(standing.PAUSES[column](before).code for column in stood)
            if before["restored_at"] is not None and not ended:
                raise NotNow(not_compared(name))
            left = standing.end_pauses(tx, self.database, before, ends, now)
            money.resume_money(tx, name, now)
            self._audit(tx, "resume", f"account {name}", "after a restore" if standing.RESTORED in ended else None)
            return Resumed(ended, left)

    def is_compared(self, name: str) -> bool:
        """Whether a restore of this account may be ended: the whole account was compared with Enom since."""
        with self.database.read() as tx:
            row = tx.execute(sa.select(accounts).where(accounts.c.name == name)).mappings().one()
            return self._compared(tx, row)

    def _compared(self, tx: Any, account: Row) -> bool:
        """Whether a reconciliation of the whole account that began after its restore has read anything there was to read."""
        since = reconciliations.c.account == account["name"], reconciliations.c.whole
        read = sa.or_(reconciliations.c.domains > 0, reconciliations.c.unread == 0)
        shown = sa.exists().where(*since, read, reconciliations.c.started_at >= (account["restored_at"] or 0.0))
        return bool(tx.scalar(sa.select(shown)))

    def pause_source(self, name: str, paused: bool, reason: str | None = None) -> bool:
        """To resume lifts what a person paused; where nobody did, what stopped its suspensions. Each is a fact of its own.

        False when it was so already.
        """
        with self.database.write() as tx:
            wanted = sa.select(sources).where(sources.c.name == name)
            row = tx.execute(self.database.lock_row(wanted)).mappings().first()
            if row is None:
                raise NotThere(f"There is no source {name!r} in the configuration.")
            braked = not paused and not row["paused"] and row["suspensions_paused"] is not None
            if row["paused"] == paused and not braked:
                return False
            if braked:
                brake.release(tx, name, self.database.now(tx))
                reason = f"its suspensions, which were refused: {row['suspensions_paused']}"
            change = sa.update(sources).where(sources.c.name == name)
            tx.execute(change.values(paused=paused, detail=reason if paused else None))
            self._audit(tx, "pause" if paused else "resume", f"source {name}", reason)
            return True

    def noted(self, action: str, target: str, detail: str | None = None) -> None:
        """For what a person did that stands in no other transaction of ours."""
        with self.database.write() as tx:
            self._audit(tx, action, target, detail)

    def _audit(self, tx: Any, action: str, target: str, detail: str | None = None) -> None:
        audit.add(tx, self.who, action, target, self.database.now(tx), detail)

    def _job(self, tx: Any, job: str) -> Row:
        """Locked, after its mailbox, as the inbox locks them: the other way round two could wait for each other."""
        found = tx.execute(sa.select(jobs.c.mailbox_id).where(jobs.c.id == job)).first()
        if found is None:
            raise NotThere(f"There is no job {job!r}. List them: enom-bridge jobs list")
        tx.execute(self.database.lock_row(sa.select(mailboxes.c.id).where(mailboxes.c.id == found[0]))).first()
        row: Row = tx.execute(self.database.lock_row(sa.select(jobs).where(jobs.c.id == job))).mappings().one()
        return row


def not_compared(account: str) -> str:
    """What stands in the way of ending a restore."""
    return (
        f"The database was restored and has not been compared with Enom since. First compare it: "
        f"enom-bridge reconcile --account {account}"
    )
