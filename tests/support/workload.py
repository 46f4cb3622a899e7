"""Many hooks for many mailboxes, made by a seed and sent side by side: of each mailbox one after
the other."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from bridge.domain.errors import NotPossible
from bridge.store import Database, OperatorActions
from bridge.store.base.tables import jobs
from bridge.wiring import new_job_id
from tests.support.audit import Counts
from tests.support.stage import Stage

SENDERS = 8
LATER = ("change_password", "change_plan", "suspend", "unsuspend", "terminate", "create")
SHARES = (30, 25, 15, 15, 5, 10)


class Workload:
    """`jobs` hooks over `domains` domains of three mailboxes.

    A new domain has no pak: its first create buys one.
    """

    def __init__(
        self, stage: Stage, name: str, database: str, jobs: int, domains: int, seed: int
    ) -> None:
        self.stage, self.name, self.database, self.seed = stage, name, database, seed
        self.domains = [f"{name}-{number}.test" for number in range(domains)]
        self.boxes = [f"box{number}@{domain}" for domain in self.domains for number in range(3)]
        self.each = jobs // len(self.boxes)
        self.accepted: dict[str, dict[str, Any]] = {}
        self.retried = 0
        self.looked_up: set[str] = set()
        self._lock = threading.Lock()
        for domain in self.domains:
            stage.domain(domain, pak=False)

    @property
    def jobs(self) -> int:
        return self.each * len(self.boxes)

    def send(self, url: Callable[[], str]) -> None:
        """Returns when every hook has been taken. `url` is asked anew for each try."""
        with ThreadPoolExecutor(SENDERS) as pool:
            for done in [pool.submit(self._mailbox, box, url) for box in self.boxes]:
                done.result()

    def _mailbox(self, address: str, url: Callable[[], str]) -> None:
        chance = random.Random(f"{self.seed} {address}")
        for number, (type, data) in enumerate(self._hooks(address, chance)):
            id = f"msg_{self.name}_{address.replace('@', '_').replace('.', '_')}_{number}"
            # Some wait as a person at the billing system does, so that not everything is overtaken.
            wait = 3 if chance.random() < 0.4 else 0
            self.stage.send(
                url, type, id=id, wait=wait, service_id=address, address=address, **data
            )
            with self._lock:
                self.accepted[id] = data

    def _hooks(self, address: str, chance: random.Random) -> Iterator[tuple[str, dict[str, str]]]:
        for number in range(self.each):
            action = "create" if number == 0 else chance.choices(LATER, SHARES)[0]
            data = {}
            if action in ("create", "change_password"):
                data["password"] = f"Planted-{number:04}.Xy"
            if action in ("create", "change_plan"):
                data["plan"] = chance.choice(("basic", "large"))
            yield f"mailbox.{action}", data

    def finish(self) -> Counts:
        """Waits for the end of everything and counts.

        A purchase in doubt is looked up and tried again, as a person would.
        """
        self.stage.ended(self.database, self.jobs, 120 + self.jobs / 2, meanwhile=self._judge)
        return self.stage.audit(self.database, self.accepted, dict.fromkeys(self.domains, 1))

    def look_again(self, url: Callable[[], str]) -> Counts:
        """What a late call did is seen by the next hook at the latest: one more for each
        mailbox, then counts."""
        for address in self.boxes:
            id = f"msg_{self.name}_{address.replace('@', '_').replace('.', '_')}_last"
            data = {"password": "Planted-Last.1z", "plan": "basic"}
            self.stage.send(
                url, "mailbox.create", id=id, service_id=address, address=address, **data
            )
            self.accepted[id] = data
        self.stage.ended(
            self.database, self.jobs + len(self.boxes), 60 + self.jobs / 2, meanwhile=self._judge
        )
        return self.stage.audit(self.database, self.accepted, dict.fromkeys(self.domains, 1))

    def _judge(self) -> None:
        for job in set(in_doubt(self.database)) - self.looked_up:
            database = Database(self.database)
            try:
                OperatorActions(database, new_job_id).retry(job)
                self.retried += 1
            except NotPossible:
                self.looked_up.add(job)  # newer hooks decided the rest; the doubt is over
            finally:
                database.close()


def in_doubt(url: str) -> list[str]:
    """Jobs that are held because of a purchase, and that nobody has tried again."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as tx:
        again = {
            row[0]
            for row in tx.execute(sa.select(jobs.c.replaces).where(jobs.c.replaces.is_not(None)))
        }
        held = tx.execute(sa.select(jobs.c.id, jobs.c.error).where(jobs.c.status == "held")).all()
    return [id for id, error in held if "purchase" in error["detail"] and id not in again]
