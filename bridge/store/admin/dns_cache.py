"""What was found out about the mail of domains, for as long as it may be taken for true."""

from collections.abc import Callable

import sqlalchemy as sa

from bridge.maildns.check import Seen
from bridge.maildns.rules import Found
from bridge.store.base.database import Database, upsert
from bridge.store.base.tables import readiness


class DnsCache:
    def __init__(self, database: Database) -> None:
        self.database = database

    def reading(
        self, domain: str, fresh: Callable[[Found], float], ask: Callable[[str], Found]
    ) -> Seen:
        """What is known, unless it is older than `fresh` says (seconds); else what `ask` finds,
        which is kept.
        """
        with self.database.read() as tx:
            now = self.database.now(tx)
            row = (
                tx.execute(sa.select(readiness).where(readiness.c.domain == domain))
                .mappings()
                .first()
            )
        if row is not None:
            found = Found.of(row["found"])
            if now - row["checked_at"] < fresh(found):
                return Seen(found, row["checked_at"])
        found = ask(domain)  # no transaction is open meanwhile
        values = {"found": found.plain(), "checked_at": now}
        with self.database.write() as tx:
            new = upsert(self.database.embedded, readiness).values(domain=domain, **values)
            tx.execute(new.on_conflict_do_update(index_elements=["domain"], set_=values))
        return Seen(found, now)
