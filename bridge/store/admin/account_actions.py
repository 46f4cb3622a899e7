"""What a person may do to accounts and sources; each is audited in its own transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bridge.domain.errors import NotPossible, UnknownThing
from bridge.domain.ports import ServiceRules
from bridge.reporting import notes as sentences
from bridge.reporting.refusals import refusal
from bridge.store.base.database import Database
from bridge.store.base.rows import Row
from bridge.store.base.tables import (
    accounts,
    reconciliations,
    sources,
)
from bridge.store.queue import account_state, audit, brake, money
from bridge.store.queue.account_state import Resumed


@dataclass
class AccountActions:
    database: Database
    new_id: Callable[[float], str]
    who: str = "unknown"
    rules: ServiceRules = field(default_factory=ServiceRules)

    def reconcile_soon(self, account: str) -> None:
        """A worker compares the account with Enom within seconds."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            account_state.known(tx, account)
            tx.execute(
                sa.update(accounts).where(accounts.c.name == account).values(reconcile_at=now)
            )
            self._audit(tx, "reconcile", f"account {account}")

    def pause_account(self, name: str, reason: str) -> bool:
        """False when a person had paused it before: then what that one said stays."""
        with self.database.write() as tx:
            if account_state.one_account(tx, self.database, name)["pause_reason"] is not None:
                return False
            account_state.pause_account(
                tx, name, account_state.PERSON, reason, self.database.now(tx)
            )
            self._audit(tx, "pause", f"account {name}", reason)
            return True

    def resume_account(self, name: str) -> Resumed:
        """Ends what a person can end, and the wait for money. After a restore that takes a whole
        reconciliation since.

        Raises NotPossible when the restore is all that stops it, and that was not looked at yet.
        """
        with self.database.write() as tx:
            now = self.database.now(tx)
            before = account_state.one_account(tx, self.database, name)
            ends = [
                column
                for column in account_state.PAUSES
                if column != "restored_at" or self._not_compared(tx, before) is None
            ]
            stood = [column for column in ends if before[column] is not None]
            ended = tuple(account_state.PAUSES[column](before).code for column in stood)
            if before["restored_at"] is not None and not ended:
                raise NotPossible(self._not_compared(tx, before) or "")
            over = sentences.account_resumed(name, self.who)
            left = account_state.end_pauses(tx, self.database, before, ends, over, now)
            money.resume_money(tx, name, now)
            self._audit(
                tx,
                "resume",
                f"account {name}",
                "after a restore" if account_state.RESTORED in ended else None,
            )
            return Resumed(ended, left)

    def not_compared(self, name: str) -> str | None:
        """Why a restore of this account may not be ended yet; None once the whole account was
        compared with Enom since.
        """
        with self.database.read() as tx:
            row = tx.execute(sa.select(accounts).where(accounts.c.name == name)).mappings().one()
            return self._not_compared(tx, row)

    def _not_compared(self, tx: Any, account: Row) -> str | None:
        """None where a reconciliation of the whole account that began after its restore has read at
        least one domain. One that knew of no domain has compared nothing.
        """
        since = (
            reconciliations.c.account == account["name"],
            reconciliations.c.whole,
            reconciliations.c.started_at >= (account["restored_at"] or 0.0),
        )
        last = sa.select(reconciliations.c.unread).where(*since)
        if tx.scalar(sa.select(last.where(reconciliations.c.domains > 0).exists())):
            return None
        unread = tx.scalar(last.order_by(reconciliations.c.id.desc()).limit(1))
        if unread is None:
            return refusal("restore_not_compared", account=account["name"])
        if unread:
            return refusal("restore_unread", account=account["name"])
        return refusal("restore_no_domain", account=account["name"])

    def pause_source(self, name: str, paused: bool, reason: str | None = None) -> bool:
        """To resume lifts what a person paused; where nobody did, what stopped its suspensions.
        Each is a fact of its own.

        False when it was so already.
        """
        with self.database.write() as tx:
            wanted = sa.select(sources).where(sources.c.name == name)
            row = tx.execute(self.database.lock_row(wanted)).mappings().first()
            if row is None:
                raise UnknownThing(refusal("no_source", name=name))
            braked = not paused and not row["paused"] and row["suspensions_paused"] is not None
            if row["paused"] == paused and not braked:
                return False
            if braked:
                brake.release(tx, name, self.database.now(tx))
                reason = sentences.suspensions_released(row["suspensions_paused"])
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
