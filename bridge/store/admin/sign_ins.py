"""Tries to sign in to the pages, counted over all processes; used-up codes and sessions."""

from dataclasses import dataclass

import sqlalchemy as sa

from bridge.store.base.database import Database
from bridge.store.base.tables import sign_in_failures, used_ids

WINDOW = 900.0  # seconds that a failure counts
MOST_FROM_ONE = 5  # failures of one client within the window
MOST_IN_ALL = 50
# In the audit trail; the one kind of line that strangers write, so it is pruned
REFUSED = "sign-in refused"
LINKS, ENDED = "admin.link", "admin.session"  # no source can have a name with a dot


@dataclass(frozen=True)
class SignInAttempt:
    """`id` None: there were too many, this one is not even looked at. `last`: if it fails, the next
    will be too many.
    """

    id: int | None
    last: bool = False


class SignIns:
    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self, client: str) -> SignInAttempt:
        """Counts a try as a failure before it is looked at, so that many at once are no way around
        the limit.
        """
        mine = sign_in_failures.c.address == client
        with self.database.write() as tx:
            now = self.database.now(tx)
            tx.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.at < now - WINDOW))
            if not self.database.embedded:  # one at a time; SQLite's transaction is so already
                tx.execute(sa.text("LOCK TABLE sign_in_failures IN EXCLUSIVE MODE"))
            before = int(tx.scalar(sa.select(sa.func.count()).where(mine)) or 0)
            in_all = int(tx.scalar(sa.select(sa.func.count()).select_from(sign_in_failures)) or 0)
            if before >= MOST_FROM_ONE or in_all >= MOST_IN_ALL:
                return SignInAttempt(None)
            new = (
                sa.insert(sign_in_failures)
                .values(address=client, at=now)
                .returning(sign_in_failures.c.id)
            )
            return SignInAttempt(
                tx.execute(new).scalar_one(),
                before + 1 == MOST_FROM_ONE or in_all + 1 == MOST_IN_ALL,
            )

    def succeeded(self, attempt: SignInAttempt) -> None:
        with self.database.write() as tx:
            tx.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.id == attempt.id))

    def end_session(self, id: str, seconds: float) -> None:
        """From now on `ended` knows it, for so many seconds."""
        with self.database.write() as tx:
            now = self.database.now(tx)
            tx.execute(sa.delete(used_ids).where(used_ids.c.source == ENDED, used_ids.c.id == id))
            tx.execute(sa.insert(used_ids).values(source=ENDED, id=id, until=now + seconds))

    def ended(self, id: str) -> bool:
        mine = sa.exists().where(used_ids.c.source == ENDED, used_ids.c.id == id)
        with self.database.read() as tx:
            return bool(tx.scalar(sa.select(mine)))
