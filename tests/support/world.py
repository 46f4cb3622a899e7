"""A scene without sockets that can be killed, or robbed of its lease, at a named point; and
whether its successes are true."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import sqlalchemy as sa

from bridge import wiring
from bridge.domain.ports import InitialPlan, Job, JobResult
from bridge.pipeline import worker
from bridge.sim import Simulator
from bridge.store.base import tables
from tests.support.bench import START, Clock
from tests.support.bridge import add_domain, furnish
from tests.support.outside import SECRETS, Outside
from tests.support.scene import Scene

SETTLE = 20
LEASE = 35.0  # as wiring makes it of the time-out
PLANS = {"basic": 1 << 30, "large": 25 << 30}
SETTINGS: dict[str, Any] = {
    "account__purchase": "paks",
    "account__settle": SETTLE,
    "worker__retry_hours": 0.2,
    "source__domains": ["example.com"],
    "sources.other__platform": "standard",
    "sources.other__account": "main",
    "sources.other__secrets": [SECRETS["other"]],
    "sources.other__callback": "https://other.example.com/callback",
    "sources.other__domains": ["example.net"],  # it has no pak
}


class Crash(BaseException):
    """The process is gone: nothing of ours catches it."""


@dataclass
class Trap:
    """Does something when a named point, or any ("*"), is passed for the n-th time."""

    point: str = ""
    left: int = 0
    act: Callable[[], None] = lambda: None
    passed: list[str] = field(default_factory=list)

    def __call__(self, point: str) -> None:
        self.passed.append(point)
        if self.point in (point, "*"):
            self.left -= 1
            if self.left == 0:
                self.point = ""
                self.act()


class World(Scene):
    """Good for many examples: `reset` begins a new one. Everything is the same on every run."""

    def __init__(
        self, folder: Path, sim: Simulator, clock: Clock, database: str, **changes: Any
    ) -> None:
        self.trap = Trap()
        self.outside = Outside(sim)
        with mock.patch.object(wiring, "HttpClient", lambda: self.outside):
            super().__init__(folder, sim, clock, database, **SETTINGS | changes)
        for each in (self.engine.callbacks, self.engine.background.notes):
            each.outgoing = self.outside  # type: ignore[assignment]  # a stand-in
        self.engine.worker.random = self.engine.callbacks.random = lambda: 0.5
        self.service.intake.inbox.new_id = self.service.operator.new_id = (
            self.engine.background.retention.new_id
        ) = self.new_id
        # Ownership has to hold also where the configuration was wrong, or was changed, and two
        # sources meet in one domain.
        sources = self.service.intake.sources
        self.service.intake.sources = {
            name: replace(each, domains=frozenset({"*"})) for name, each in sources.items()
        }
        self._finish = self.engine.queue.finish
        self.engine.queue.finish = self.finish  # type: ignore[method-assign]
        self._watch = mock.patch.object(worker, "time", SimpleNamespace(monotonic=clock))
        self._watch.start()
        self.reset()

    def tuning(self) -> wiring.Tuning:
        return wiring.Tuning(clock=self.clock, checkpoint=self.trap)

    def close(self) -> None:
        self._watch.stop()
        super().close()

    def reset(self) -> None:
        self.trap.point, self.ids = "", 0
        self.trap.passed.clear()
        self.outside.forget()
        self.clock.now = START.timestamp()
        self.sim.control("/reset")
        self.sim.random.seed(7)  # which reads are stale
        furnish(self.sim)
        add_domain(self.sim, "example.net", pak=False)
        with self.service.database.write() as tx:
            for table in reversed(tables.metadata.sorted_tables):
                tx.execute(sa.delete(table))
        self.service.account_state.know(self.settings.accounts, self.settings.sources)

    def new_id(self, now: float) -> str:
        self.ids += 1
        return f"job_{self.ids:04}"

    # What the bridge does

    def step(self, owner: str = "worker") -> bool:
        """One claim and one attempt, which a crash may end. False when nothing may run now."""
        with suppress(Crash):
            job = self.engine.queue.claim(owner, self.engine.limits)
            if job is None:
                return False
            self.outside.wrong += self.meetings()
            before, self.outside.at_work = self.outside.at_work, job
            try:
                self.engine.worker.run(job)
            finally:
                self.outside.at_work = before
        return True

    def meetings(self) -> list[str]:
        """Jobs that run now and may not run side by side, in words."""
        running = [
            row
            for row in self.rows(tables.jobs)
            if row["status"] == "running" and row["mailbox_id"] is not None
        ]
        places = self.service.accounts["main"].backend.products.exclusive_actions
        boxes = Counter(row["address"] for row in running)
        domains = Counter(row["domain"] for row in running if row["action"] in places)
        return [
            f"{count} jobs run at {what}" for what, count in (boxes + domains).items() if count > 1
        ]

    def work(self, seconds: float = 0.0, until: Mapping[str, Any] | None = None) -> None:
        end = self.clock.now + seconds
        for _ in range(2000):
            if self.step():
                continue
            due = self.next_job()
            if due is None or due > end:
                self.clock.now = max(self.clock.now, end)
                return
            self.clock.now = max(due, self.clock.now + 0.001)
        raise AssertionError("jobs go round in circles")

    def next_job(self) -> float | None:
        """When a queued job may go on, or a lease is over."""
        now = self.clock.now
        jobs = tables.jobs.c
        with self.service.database.read() as tx:
            queued = tx.scalar(
                sa.select(sa.func.min(jobs.available_at)).where(
                    jobs.status == "queued", jobs.available_at > now
                )
            )
            leased = tx.scalar(
                sa.select(sa.func.min(jobs.lease_until)).where(jobs.status == "running")
            )
        times = [time for time in (queued, leased) if time is not None]
        return min(times) + 0.001 if times else None

    def call_back(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        with suppress(Crash):
            super().call_back(seconds)
        return []

    def finish(self, job: Job, ending: JobResult, first: InitialPlan | None = None) -> None:
        self._finish(job, ending, first)
        if ending.status == "succeeded" and job.changes_service:
            self.outside.hand_over(job)
        if ending.status == "succeeded" and not job.purge and (lie := self.lie(job)):
            self.outside.wrong.append(
                f"{job.id} ({job.intent.action} of {job.intent.address}) succeeded, yet {lie}"
            )

    # What is true

    def lie(self, job: Job) -> str:
        """Why what this job wanted is not so at the remote; "" when it is."""
        domain = self.sim.control("/state")["domains"][job.intent.address.partition("@")[2]]
        box, intent = domain["mailboxes"].get(job.intent.address), job.intent
        if intent.action == "mailbox.terminate":
            return "" if box is None else "the mailbox is there"
        if box is None:
            return "the mailbox is not there"
        wanted = {
            "mailbox.create": "enabled",
            "mailbox.unsuspend": "enabled",
            "mailbox.suspend": "suspended",
        }
        services = set(box["services"].values())
        if intent.action in wanted and services != {wanted[intent.action]}:
            return f"its services are {services}"
        if intent.password is not None and box["password"] != intent.password:
            return f"its password is {box['password']}"
        if intent.plan is not None and box["quota_bytes"] != PLANS[intent.plan]:
            return f"its quota is {box['quota_bytes']}"
        if intent.until is None or self.service.accounts["main"].backend.products.monthly:
            return ""
        ends = datetime.fromisoformat(domain["paks"][str(box["bundle"])]["expires"]).astimezone(UTC)
        return "" if ends >= intent.until else f"it ends {ends}"

    def rows(self, table: sa.Table) -> list[sa.RowMapping]:
        with self.service.database.read() as tx:
            return list(tx.execute(sa.select(table).order_by(*table.primary_key)).mappings())
