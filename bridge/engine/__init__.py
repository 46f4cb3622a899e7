"""The threads of one worker process: claims, heartbeat, callbacks, reconciliation, and the lanes of
what has to happen now and then.

Losing any of them loses nothing: what is to be done stands in the database.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from bridge.domain.errors import StoreUnavailable
from bridge.domain.ports import AccountLimits, ClaimedCallback, Job
from bridge.engine.background import CHORES, Background
from bridge.infra import logs
from bridge.infra.events import Events
from bridge.infra.periodic_tasks import PeriodicTasks
from bridge.pipeline.callbacks import Callbacks, SenderShares
from bridge.pipeline.worker import Worker
from bridge.reconcile.nightly import Held, Nightly
from bridge.reconcile.reconcile import AT_ONCE
from bridge.store import Outbox, Queue

log = logs.get("engine")

POLL = 0.5  # seconds; correct without any wake-up
SENDERS = 4  # callbacks at a time
STILL = 60.0  # seconds without a claim, after which this process no longer says that a worker lives

T = TypeVar("T")
NOTHING: Sequence[Any] = ()


def new_owner() -> str:
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"


def _run_one(run: Callable[[T], None], item: T, free: threading.BoundedSemaphore) -> None:
    try:
        run(item)
    except Exception:  # a fault of ours in one job ends no other; its lease frees it
        log.exception("unexpected error; the rest continues")
    finally:
        free.release()


@dataclass
class Engine:
    """Start and stop of everything that works in the background.

    `limits` by account.
    """

    queue: Queue
    worker: Worker
    outbox: Outbox
    callbacks: Callbacks
    nightly: Nightly
    background: Background
    synchronise: Callable[[], None]
    limits: Mapping[str, AccountLimits]
    concurrency: int
    owner: str = field(default_factory=new_owner)
    events: Events = field(default_factory=Events)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._active: set[str] = set()
        self._lock = threading.Lock()
        self._turned = time.monotonic()
        self.nightly.stopping = self._stopping.is_set
        self._comparing = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="reconcile")
        self.background.end_early(self._stopping.is_set)

    def start(self) -> None:
        self._turned = time.monotonic()
        self.beat()
        loops: dict[str, Callable[[], None]] = {
            "work": self._work,
            "send": self._send,
            "heartbeat": self._heartbeat,
            "look_over": self._look_over,
            **{
                name: partial(self._run_lane, tasks)
                for name, tasks in self.background.lanes.items()
            },
        }
        self._threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=name)
            for name, loop in loops.items()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes no new work, lets what is under way end, hands back the rest."""
        # In this order: first nothing new is claimed, then what is under way ends, and only then
        # are leases handed back. A lease that is handed back while its job is still at a call would
        # give the same command to two.
        self._stopping.set()
        self.queue.wake()
        self.outbox.wake()
        for thread in self._threads:
            thread.join()
        self._comparing.shutdown()
        try:
            self.queue.release(self.owner)
        except StoreUnavailable as error:
            log.warning("leases could not be released; they expire by themselves", error=str(error))

    def gone(self) -> list[str]:
        """The loops that have ended, though nobody asked for a stop."""
        return (
            []
            if self._stopping.is_set()
            else [f"loop {each.name}" for each in self._threads if not each.is_alive()]
        )

    def _guarded(self, loop: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                loop()
            except StoreUnavailable as error:
                log.error("the database is not reachable; retrying", error=str(error))
                self._stopping.wait(1.0)
            except Exception:  # a loop that ends would stop its part of the work for good
                log.exception("unexpected error; continuing")
                self._stopping.wait(1.0)

    def _work(self) -> None:
        self._pump(self._claim_jobs, self._run_job, self.concurrency, self.queue, self.note_turn)

    def _claim_jobs(self, most: int) -> Sequence[Job]:
        found = self.queue.claim_several(self.owner, self.limits, most)
        if found:
            with self._lock:
                self._active.update(job.id for job in found)
        return found

    def _run_job(self, job: Job) -> None:
        try:
            self.worker.run(job)
        finally:
            with self._lock:
                self._active.discard(job.id)

    def _send(self) -> None:
        receivers = sum(bool(each.callback.url) for each in self.callbacks.sources.values())
        shares = SenderShares(SENDERS, several=receivers > 1)
        self._pump(
            partial(self._claim_callbacks, shares),
            partial(self._deliver, shares),
            SENDERS,
            self.outbox,
            partial(self.events.report, "turn", loop="callbacks"),
        )

    def _claim_callbacks(self, shares: SenderShares, most: int) -> Sequence[ClaimedCallback]:
        found = self.outbox.claim_several(
            self.owner, shares.order, lambda source: min(most, shares.room(source))
        )
        for callback in found:
            shares.begin(callback.source)
        return found

    def _deliver(self, shares: SenderShares, callback: ClaimedCallback) -> None:
        try:
            self.callbacks.deliver(callback)
        except StoreUnavailable as error:
            log.error(
                "the result of a callback could not be recorded; it may be sent twice",
                error=str(error),
            )
        finally:
            shares.end(callback.source)
            if shares.withheld:
                self.outbox.wake()

    def note_turn(self) -> None:
        """The loop that claims jobs went round: it claimed, found nothing, or runs as
        many as it may."""
        self._turned = time.monotonic()
        self.events.report("turn", loop="jobs")

    def _pump(
        self,
        claim: Callable[[int], Sequence[T]],
        run: Callable[[T], None],
        most: int,
        line: Queue | Outbox,
        turn: Callable[[], None],
    ) -> None:
        """Claims while fewer than `most` run; sleeps while there is nothing to claim."""
        free = threading.BoundedSemaphore(most)
        empty_at: int | None = None  # the database's version in which nothing was to be done at all
        seen = -1  # the mark of the last look
        items: Sequence[T] = NOTHING
        name = "send" if line is self.outbox else "work"
        with ThreadPoolExecutor(most, thread_name_prefix=name) as pool:
            while not self._stopping.is_set():
                # Full, but not stuck: each round counts as a sign of life.
                if not free.acquire(timeout=POLL):
                    turn()
                    continue
                places = 1
                while places < most and free.acquire(blocking=False):
                    places += 1
                # The mark before the claim: what comes between the two ends the next `idle` at
                # once, instead of being missed.
                # The version only after a look that found nothing: it tells whether to look.
                mark, version, items = line.mark(), None if items else line.version(), NOTHING
                try:
                    if version is None or version != empty_at:
                        items, empty_at = claim(places), None
                        # Not asked after a wake-up, which is followed by others.
                        quiet, seen = mark == seen, mark
                        if not items and quiet and version is not None and line.is_empty():
                            empty_at = version
                finally:
                    if places > len(items):
                        free.release(places - len(items))
                turn()
                for item in items:
                    pool.submit(_run_one, run, item, free)
                if not items or not line.more:
                    line.idle(POLL, mark)

    def _heartbeat(self) -> None:
        # Three beats may be lost before a lease is. Then the job is another's: its token is newer,
        # and whatever this process still writes of it is refused (LeaseLost).
        while not self._stopping.wait(self.worker.lease / 4):
            self.beat()

    def beat(self) -> None:
        """Tells that this process lives, and renews the leases of what it is at."""
        self.synchronise()
        with self._lock:
            active = sorted(self._active)
        # A worker that hangs in one job keeps that job; one that can claim nothing any more must
        # not look alive by its heart.
        still = time.monotonic() - self._turned
        if still > STILL:
            log.error(
                "no jobs can be claimed; restart this process if this continues",
                seconds=round(still),
            )
        self.queue.extend(self.owner, active, still <= STILL)
        # Its lease is renewed here, too: a reconciliation takes longer than a lease.
        self.nightly.keep()

    def _run_lane(self, tasks: PeriodicTasks) -> None:
        while not self._stopping.wait(CHORES):
            if tasks is self.background.lanes["chores"]:
                self.events.report("turn", loop="chores")
            tasks.run_due(time.monotonic)

    def _look_over(self) -> None:
        """The nightly reconciliation, each account in a thread of its own: it may take hours."""
        while not self._stopping.wait(CHORES):
            while not self._stopping.is_set() and (held := self.nightly.take()):
                self._comparing.submit(self._compare, held)

    def _compare(self, held: Held) -> None:
        try:
            self.nightly.compare(held)
        except StoreUnavailable as error:
            log.error(
                "the database is not reachable; the reconciliation will be retried",
                account=held.account,
                error=str(error),
            )
        except Exception:  # nobody asks for what comes of it
            log.exception("unexpected error; the rest continues", account=held.account)
