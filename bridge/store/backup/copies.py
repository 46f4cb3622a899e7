"""Backup and restore, whichever store it is. What a restored database must not believe any more
stands in restored.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.domain.errors import NotPossible, StoreUnavailable
from bridge.reporting.refusals import refusal
from bridge.store.backup import backup, dump
from bridge.store.backup.restored import Quarantined, quarantine_after_restore
from bridge.store.base.database import Database
from bridge.store.base.migrate import bring_up
from bridge.store.base.tables import workers
from bridge.store.queue.account_state import ALIVE


@dataclass(frozen=True)
class Restored:
    """`kept` is where the database that was replaced is now: a file, or a schema of PostgreSQL.
    None: there was none.
    """

    tamed: Quarantined
    kept: str | None


class Copies:
    """`quiet`: account -> seconds that Enom's reads may lag behind the end of its last command."""

    def __init__(self, database: Database, quiet: Mapping[str, float]) -> None:
        self.database = database
        self.quiet = quiet
        self.file = database.file

    def backup(self, target: Path) -> None:
        """A whole, checked copy at `target`, mode 0600, beside a running bridge.

        Raises NotPossible.
        """
        if self.file is not None:
            backup.backup(self.file, target)
        else:
            dump.backup(self.database, target)

    def restore(self, source: Path) -> Restored:
        """Puts a backup in the place of the database, upgraded and tamed. Raises NotPossible; then
        nothing was changed.
        """
        self._refuse_beside_a_worker()
        quarantined: list[Quarantined] = []
        stamp = datetime.now(UTC).strftime("%Y%m%dt%H%M%S%fz")
        if self.file is None:
            schema = f"replaced_{stamp}"
            existed = dump.restore(
                self.database,
                source,
                lambda tx: quarantined.append(self._quarantine_after_restore(tx, self.database)),
                schema,
            )
            return Restored(quarantined[0], f"schema {schema}" if existed else None)
        self.database.let_go()  # the exchange wants to be alone with the file
        kept = self.file.with_name(f"{self.file.name}.replaced-{stamp}")
        existed = backup.restore(
            source, self.file, lambda part: quarantined.append(self._quarantine_file(part)), kept
        )
        return Restored(quarantined[0], str(kept) if existed else None)

    def restored_in_place(self) -> Restored:
        """For a database that was set back by other means: what `restore` does beyond copying."""
        self._refuse_beside_a_worker()
        with self.database.write() as tx:
            return Restored(self._quarantine_after_restore(tx, self.database), None)

    def _quarantine_after_restore(self, tx: Connection, database: Database) -> Quarantined:
        bring_up(tx, database)
        return quarantine_after_restore(tx, database, self.quiet)

    def _quarantine_file(self, file: Path) -> Quarantined:
        copy = Database(f"sqlite:///{file}", self.database.own_clock)
        try:
            with copy.write() as tx:
                return self._quarantine_after_restore(tx, copy)
        except StoreUnavailable as error:
            raise NotPossible(refusal("unchanged", why=error)) from None
        finally:
            copy.close()

    def _refuse_beside_a_worker(self) -> None:
        if self.file is not None and not self.file.exists():
            return
        try:
            with self.database.read() as tx:
                if not sa.inspect(tx).has_table("workers"):
                    return
                seen = sa.select(workers.c.owner, workers.c.seen_at).where(
                    workers.c.seen_at > self.database.now(tx) - ALIVE
                )
                row = tx.execute(seen.order_by(workers.c.seen_at.desc()).limit(1)).first()
                ago = row and self.database.now(tx) - row[1]
        except StoreUnavailable:
            if self.file is None:
                raise
            # A file that cannot be read is refused, with the remedy, when it is to be exchanged
            return
        if row is not None:
            raise NotPossible(refusal("bridge_runs", owner=row[0], ago=ago, alive=ALIVE))
