"""One worker over the memory backend and a real store, on a clock that only the test moves.

No threads, no sockets.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from bridge import store
from bridge.backends.enom.products import Paks
from bridge.backends.memory import SERVICES, MemoryBackend
from bridge.domain import jobs
from bridge.domain.account import Account
from bridge.domain.model import Address, Record, Terms
from bridge.domain.ports import Arrival, Limits, Receipt
from bridge.domain.source import CallbackEndpoint, Source
from bridge.pipeline.worker import Worker
from bridge.store.base import tables
from bridge.wiring import new_job_id
from hooks import PLATFORMS
from hooks.types import Intent, Verified
from tests.support.stores import up_to

START = datetime(2027, 3, 1, 12, tzinfo=UTC)
GOOD = "Planted-Secret.7"
OTHER = "Other-Secret.8"
JOHN = Address("john", "example.com")
SETTLE = 60.0


@dataclass
class Clock:
    now: float = START.timestamp()

    def __call__(self) -> float:
        return self.now

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


def terms(purchase: str = "never", **more: Any) -> Terms:
    plans = {"basic": 1 << 30, "large": 25 << 30}
    given: dict[str, Any] = {
        "suspend_with": "hosted-email",
        "services": SERVICES,
        "hosted_email": True,
        "plans": plans,
    }
    given["products"] = Paks(purchase)
    return Terms(**given | more)


def source(
    name: str = "shop", domains: Iterable[str] = ("*",), callback: str = "", secret: bytes = b""
) -> Source:
    """One of our own format, with an account that is called main."""
    endpoint = CallbackEndpoint(callback, secret)
    return Source(
        name, PLATFORMS["standard"], "main", (secret,), "standard", frozenset(domains), endpoint
    )


@dataclass
class Bench:
    """`settle` in seconds. What the account allows is set by `use`."""

    url: str
    clock: Clock = field(default_factory=Clock)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.database = store.Database(self.url, self.clock)
        self.account_state = store.AccountState(self.database)
        self.account_state.know(["main"], ["shop", "other"])
        self.queue = store.Queue(self.database, lambda sealed: sealed.removeprefix("sealed:"), 60.0)
        self.inbox = store.Inbox(self.database, new_job_id)
        self.lookup = store.Lookup(self.database)
        self.operator = store.OperatorActions(self.database, new_job_id)
        self.retention = store.Retention(self.database, new_job_id, 90)
        self.backend = MemoryBackend(now=lambda: self.clock.moment)
        self.backend.add_pak("example.com")
        self.use()
        self.sent = 0

    def use(self, observe_only: bool = False, retry_hours: float = 72, **more: Any) -> None:
        """The account's settings from now on."""
        account = self.account(observe_only=observe_only, **more)
        self.worker = Worker(
            self.queue, self.account_state, {"main": account}, lambda text, known=None: f"digest of {text}"[:60], self.clock,
            self.limits,
            retry_seconds=retry_hours * 3600, random=lambda: 1.0,
        )  # fmt: skip

    def account(
        self, most: int = 4, observe_only: bool = False, domains: Iterable[str] = (), **more: Any
    ) -> Account:
        return Account(
            "main", self.backend, terms(**more), SETTLE, 5.0, most, observe_only, frozenset(domains)
        )

    def hook(
        self, action: str, *, id: str = "", source: str = "shop", at: float = 0.0, **data: Any
    ) -> Receipt:
        """Accepts a hook `at` seconds from now by its own time."""
        self.sent += 1
        self.clock.now += 0.001  # the order of jobs that come within a millisecond is nobody's
        id = id or f"msg_{self.sent}"
        moment = datetime.fromtimestamp(self.clock.now + at, UTC)
        given = {"service_id": "7", "address": str(JOHN), **data}
        intent = Intent(f"mailbox.{action}", moment, **given)
        sealed = f"sealed:{intent.password}" if intent.password else None
        verified = Verified(id, int(self.clock.now), b"{}", 0)
        return self.inbox.accept(
            Arrival(
                source, "main", verified, intent, f"{action}{given}", sealed, lambda other: True
            )
        )

    def step(self) -> bool:
        """One claim and one attempt; False when nothing may run now."""
        job = self.queue.claim("worker", up_to(main=4))
        if job is not None:
            self.worker.run(job)
        return job is not None

    def work(self, seconds: float = 0.0, until: Receipt | None = None) -> None:
        """All that can be done within so many seconds from now, jumping from one due time to the
        next."""
        end = self.clock.now + seconds
        for _ in range(500):
            if self.step():
                continue
            if until is not None and self.receipt(until).status in jobs.ENDED:
                return
            due = self.next_due()
            if due is None or due > end:
                self.clock.now = end
                return
            self.clock.now = max(due, self.clock.now + 0.001)
        raise AssertionError("jobs go round in circles")

    def next_due(self) -> float | None:
        query = sa.select(sa.func.min(tables.jobs.c.available_at)).where(
            tables.jobs.c.status == "queued", tables.jobs.c.available_at > self.clock.now
        )
        with self.database.read() as tx:
            return tx.scalar(query)

    def do(self, action: str, seconds: float = 600.0, **data: Any) -> Receipt:
        """Sends a hook and works until it has ended, or so many seconds are over."""
        receipt = self.hook(action, **data)
        self.work(seconds, until=receipt)
        return self.receipt(receipt)

    def receipt(self, earlier: Receipt) -> Receipt:
        return self.lookup.receipt(
            "other" if earlier.hook.startswith("other") else "shop", earlier.job
        )

    def record(self, address: Address = JOHN) -> Record:
        return self.lookup.record("main", str(address))

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        table = tables.metadata.tables[name]
        with self.database.read() as tx:
            return list(tx.execute(sa.select(table).order_by(*table.primary_key)).mappings())

    @property
    def commands(self) -> list[str]:
        """What the remote was told, in order."""
        return [str(change.kind) for _, change in self.backend.history]

    def close(self) -> None:
        self.database.close()


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    made = Bench(database_url)
    yield made
    made.close()
    structlog.reset_defaults()
