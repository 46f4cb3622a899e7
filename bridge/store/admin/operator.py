"""What a person may do: to jobs, callbacks, ownership, and to what may work at all. Each is audited
in its own transaction.

Refusals are NotPossible: they say why, and what to do instead.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bridge.domain import decisions
from bridge.domain.decisions import JobFacts
from bridge.domain.differences import Difference, Repair
from bridge.domain.errors import CODES, BridgeError, Limit, NotPossible, UnknownThing
from bridge.domain.model import Address, Record, State
from bridge.domain.ports import Receipt
from bridge.reporting import notes as sentences
from bridge.reporting.receipts import CANCELLED, rejected
from bridge.reporting.refusals import refusal
from bridge.store.admin import decision_facts, lookup, service_actions
from bridge.store.admin.account_actions import AccountActions
from bridge.store.admin.findings import settled
from bridge.store.base.conditions import among
from bridge.store.base.database import Topic, upsert
from bridge.store.base.rows import Row, to_intent, to_limits, to_receipt, to_record
from bridge.store.base.tables import callbacks, hooks, jobs, mailboxes, purchases, sources
from bridge.store.queue import (
    cancelling,
    customers,
    enqueue,
    notes,
    service_lines,
    service_receipts,
    usage_events,
)
from bridge.store.queue.money import IN_DOUBT
from bridge.store.queue.service_jobs import ServiceJobs
from hooks.types import Intent

Owner = tuple[str | None, str | None]  # source and service


def lifting(row: Row, limit: Limit | None) -> dict[str, Any]:
    """The columns of an approval."""
    if limit is None:
        return {}
    # What was lifted for it before stays so: two limits would hold it in turns for ever.
    lifted = " ".join(sorted(to_limits(row["lifted"]) | {limit}))
    return {"passed": True, "lifted": lifted}


class OperatorActions(AccountActions):
    """`who` is doing it; `by` gives the same for a person."""

    def by(self, who: str) -> "OperatorActions":
        return replace(self, who=who)

    def retry(self, job: str, *, approve: bool = False) -> Receipt:
        """A new job with the same intent at the end of the line. `approve`: the limit that held it
        lets it pass; a job that waits for one goes on itself.

        What newer hooks decided is not repeated; of that only a purchase in doubt is settled.
        """
        verb = "approve" if approve else "retry"
        with self.database.write() as tx:
            row, facts = self._decide(tx, job, verb)
            if facts.in_doubt:
                self._judge(tx, job)
            self._audit(tx, verb, job, facts.overtaken)
            if facts.waits:
                return self._pass(tx, row, Limit.CREATIONS)
            if facts.overtaken is None:
                return self._again(tx, row, facts.limit if approve else None)
            notes.clear(tx, f"job:{job}", sentences.purchase_looked_up(job), self.database.now(tx))
        raise NotPossible(refusal("purchase_looked_up", why=facts.overtaken))

    def _decide(self, tx: Any, job: str, verb: str) -> tuple[Row, JobFacts]:
        """The job, locked, when a person may do this to it now; of two at once the second is told
        what the first did.

        Raises UnknownThing and NotPossible.
        """
        row = self._job(tx, job)
        facts = decision_facts.of_job(tx, row)
        if (why := decisions.OF_JOBS[verb](facts)) is not None:
            raise NotPossible(why)
        return row, facts

    def _judge(self, tx: Any, job: str) -> None:
        """A person looked at the purchase in doubt: it no longer holds up others."""
        doubted = sa.update(purchases).where(
            purchases.c.job_id == job, purchases.c.outcome.in_(IN_DOUBT)
        )
        tx.execute(doubted.values(outcome="judged", ended_at=self.database.now(tx)))
        self.database.notify(tx, *Topic)

    def _pass(self, tx: Any, row: Row, limit: Limit) -> Receipt:
        """A waiting job goes on now, past this limit and no other."""
        lifted = " ".join(sorted(to_limits(row["lifted"]) | {limit}))
        values = {"lifted": lifted, "passed": True, "waiting_for": None}
        change = sa.update(jobs).where(jobs.c.id == row["id"]).returning(jobs)
        now = self.database.now(tx)
        self.database.notify(tx, *Topic)
        return to_receipt(tx.execute(change.values(available_at=now, **values)).mappings().one())

    def _again(self, tx: Any, row: Row, limit: Limit | None) -> Receipt:
        now, id = self.database.now(tx), row["id"]
        if row["mailbox_id"] is None:
            return self._again_whole(tx, row, limit, now)
        intent, sealed = to_intent(row, None), row["sealed"]
        special: dict[str, Any] = {"replaces": id, "purge": row["purge"]} | lifting(row, limit)
        # A member stays one: its service's end is judged anew when it has ended.
        special |= {name: row[name] for name in ("service_job", "silent")}
        whose = row["hook_id"], row["source"], row["account"]
        new = enqueue.add_job(
            tx, self.database, self.new_id(now), *whose, intent, sealed, now, **special
        )
        # It goes on with the new job, and is wiped when that one ends.
        tx.execute(sa.update(jobs).where(jobs.c.id == id).values(sealed=None))
        notes.clear(tx, f"job:{id}", sentences.tried_again(row, new["id"]), now)
        self.database.notify(tx, *Topic)
        return to_receipt(new)

    def _again_whole(self, tx: Any, row: Row, limit: Limit | None, now: float) -> Receipt:
        special = {"replaces": row["id"], **lifting(row, limit)}
        makes = ServiceJobs(self.database, self.new_id, self.rules)
        new = service_actions.repeat(tx, makes, row, special, now)
        notes.clear(tx, f"job:{row['id']}", sentences.tried_again(row, new["id"]), now)
        self.database.notify(tx, *Topic)
        return service_receipts.receipt(tx, new)

    def cancel(self, job: str) -> Receipt:
        with self.database.write() as tx:
            now = self.database.now(tx)
            row, _ = self._decide(tx, job, "cancel")
            if row["mailbox_id"] is None:
                service_actions.cancel(tx, row, now)
            else:
                cancelling.cancel(tx, job, now, None, CANCELLED)
            self._call_off(tx, row)
            self._audit(tx, "cancel", job)
            self.database.notify(tx, *Topic)
            return service_receipts.receipt(tx, self._job(tx, job))

    def reject(self, job: str, reason: str | None = None) -> Receipt:
        """A held job is not done: it ends as cancelled, and billing is told so."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            row, _ = self._decide(tx, job, "reject")
            why = BridgeError(rejected(reason), code="rejected")
            ended = cancelling.call_off(tx, job, now, why, CODES["rejected"])
            if ended is None:
                raise NotPossible(refusal("not_held", job=job))
            if row["mailbox_id"] is None:
                service_lines.take_back(tx, ended)
                service_actions.reject(tx, ended, why, now)
            self._call_off(tx, row)
            self._audit(tx, "reject", job, reason)
            self.database.notify(tx, *Topic)
            return service_receipts.receipt(tx, ended)

    def dismiss(self, hook: str, source: str | None = None, reason: str | None = None) -> None:
        """A parked delivery waits for nobody any more. What was in it is wiped, and its id is
        refused from now on.
        """
        with self.database.write() as tx:
            found, _ = lookup.the_hook(tx, hook, source)
            mine = hooks.c.id == found["id"]
            row = tx.execute(self.database.lock_row(sa.select(hooks).where(mine))).mappings().one()
            if (why := decisions.of_hook(decision_facts.of_hook(row))["dismiss"]) is not None:
                raise NotPossible(why)
            tx.execute(
                sa.update(hooks).where(mine).values(dismissed_at=self.database.now(tx), sealed=None)
            )
            self._audit(tx, "dismiss", hook, reason)

    def _call_off(self, tx: Any, row: Row) -> None:
        """Of a deletion after a grace: taken back, or it would come again within a day."""
        if row["purge"]:
            tx.execute(
                sa.update(mailboxes)
                .where(mailboxes.c.id == row["mailbox_id"])
                .values(delete_after=None)
            )

    def resend(self, callback: str) -> None:
        with self.database.write() as tx:
            now = self.database.now(tx)
            wanted = sa.select(callbacks).where(callbacks.c.id == callback)
            row = tx.execute(self.database.lock_row(wanted)).mappings().first()
            if row is None:
                raise UnknownThing(refusal("no_callback", id=callback))
            if (why := decision_facts.of_callback(row, now)["resend"]) is not None:
                raise NotPossible(why)
            values = {
                "status": "pending",
                "next_at": now,
                "tries": 0,
                "ended_at": None,
                "pending_since": now,
            }
            tx.execute(sa.update(callbacks).where(callbacks.c.id == callback).values(**values))
            # Whoever does this expects an answer now, so a receiver that gave none is asked now.
            asked = sa.update(sources).where(
                sources.c.name == row["source"], sources.c.receiver_after > now
            )
            tx.execute(asked.values(receiver_after=now))
            self._audit(tx, "resend", callback)
            self.database.notify(tx, *Topic)

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

        `state` was seen there just now. It is noted where none is on record, or that it is gone,
        unless reads may still miss the last command. `seen`: whose it was when a person decided; whoever was faster
        is not overruled.
        """
        with self.database.write() as tx:
            here = mailboxes.c.account == account, mailboxes.c.address == str(address)
            new = upsert(self.database.embedded, mailboxes).values(
                account=account, domain=address.domain, address=str(address)
            )
            tx.execute(new.on_conflict_do_nothing(index_elements=["account", "address"]))
            row = (
                tx.execute(self.database.lock_row(sa.select(mailboxes).where(*here)))
                .mappings()
                .one()
            )
            busy = sa.select(jobs.c.id).join(mailboxes).where(*here, jobs.c.status == "running")
            if (job := tx.scalar(busy)) is not None:
                # It would write the owner that it began with when it ends.
                raise NotPossible(refusal("worker_at_mailbox", job=job))
            if seen is not None and (row["source"], row["service_id"]) != seen:
                owner = (
                    f"service {row['service_id']} of {row['source']}" if row["source"] else "nobody"
                )
                raise NotPossible(refusal("owner_changed", address=address, owner=owner))
            # A deletion after the former owner's grace must not take the new owner's mailbox.
            given = {
                "source": source,
                "service_id": service_id,
                "delete_after": None,
                "gone_at": None,
            }
            if (row["source"], row["service_id"]) != (source, service_id):
                # The former owner's customer is not this one's; what its own hooks said of the
                # mailbox, counts.
                customer = customers.named(tx, row["id"], source, service_id)
                given |= {
                    "customer_id": customer,
                    "customer_source": source if customer is not None else None,
                    "aliases": None,  # what the former owner wanted, this one never said
                    "forwarding": None,
                }
                usage_events.end(tx, account, str(address), self.database.now(tx))
            unsure = row["state"] in (State.UNKNOWN, State.ABSENT) and state != State.UNKNOWN
            if unsure and row["settles_at"] <= self.database.now(tx):
                given["state"] = str(state)
            tx.execute(sa.update(mailboxes).where(mailboxes.c.id == row["id"]).values(**given))
            settled(tx, account, [str(address)])
            self._audit(tx, "adopt", str(address), f"for service {service_id} of {source}")

    def repair(self, account: str, found: Difference) -> str:
        """Does what `found.repair` says, if the mailbox is still its owner's and nothing is under
        way; what came of it.
        """
        wanted, address = found.repair, found.address
        if wanted is None or address is None or found.owner is None:
            raise NotPossible(refusal("nothing_to_repair"))
        with self.database.write() as tx:
            now = self.database.now(tx)
            here = mailboxes.c.account == account, mailboxes.c.address == address
            row = (
                tx.execute(self.database.lock_row(sa.select(mailboxes).where(*here)))
                .mappings()
                .first()
            )
            busy = (
                sa.select(jobs.c.id)
                .join(mailboxes)
                .where(*here, among(jobs.c.status, "queued", "running"))
            )
            if (
                row is None
                or (row["source"], row["service_id"]) != found.owner
                or tx.scalar(busy) is not None
            ):
                raise NotPossible(refusal("mailbox_changed", address=address))
            if not still_wanted(wanted, to_record(row)):
                raise NotPossible(refusal("mailbox_changed", address=address))
            if wanted.state is not None and row["state"] == wanted.state:
                raise NotPossible(refusal("state_known", address=address, state=wanted.state))
            settled(tx, account, [address])
            self._audit(tx, "repair", address, wanted.words())
            if wanted.state is not None:
                corrected = sa.update(mailboxes).where(mailboxes.c.id == row["id"])
                tx.execute(
                    corrected.values(
                        state=str(wanted.state),
                        observed_at=now,
                        **customers.going(wanted.state, now),
                    )
                )
                return f"recorded as {wanted.state}"
            job = self.new_id(now)
            moment = datetime.fromtimestamp(now, UTC)
            intent = Intent(
                wanted.action,
                moment,
                row["service_id"],
                address,
                plan=wanted.plan,
                aliases=wanted.aliases,
                **forwarding_of(wanted),
            )
            # `replaces` marks a job that comes from no hook: it overtakes nothing, and no hook
            # counts as older than it.
            enqueue.add_job(
                tx,
                self.database,
                job,
                f"repair_{job}",
                row["source"],
                account,
                intent,
                None,
                now,
                replaces=None,
            )
            self.database.notify(tx, *Topic)
            return f"job {job}"

    def _job(self, tx: Any, job: str) -> Row:
        """Locked, after its mailbox, as the inbox locks them: the other way round two could wait
        for each other.
        """
        found = tx.execute(sa.select(jobs.c.mailbox_id).where(jobs.c.id == job)).first()
        if found is None:
            raise UnknownThing(refusal("no_job", id=job))
        if found[0] is None:
            service_actions.lock_mailboxes(tx, self.database, job)
        tx.execute(
            self.database.lock_row(sa.select(mailboxes.c.id).where(mailboxes.c.id == found[0]))
        ).first()
        row: Row = (
            tx.execute(self.database.lock_row(sa.select(jobs).where(jobs.c.id == job)))
            .mappings()
            .one()
        )
        return row


def still_wanted(wanted: Repair, record: Record) -> bool:
    """Whether the names that a repair would set again are those that billing wants now."""
    pairs = (wanted.aliases, record.aliases), (wanted.forwarding, record.forwarding)
    return all(shown is None or shown == now for shown, now in pairs)


def forwarding_of(wanted: Repair) -> dict[str, Any]:
    """As the fields of a hook."""
    if wanted.forwarding is None:
        return {}
    return vars(wanted.forwarding)
