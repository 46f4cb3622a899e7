"""The threads of one worker process: claims, heartbeat, callbacks, and what has to happen now and then.

Losing any of them loses nothing: what is to be done stands in the database.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from bridge import logs
from bridge.callbacks import Callbacks
from bridge.errors import BridgeError, StoreUnavailable
from bridge.notes import Notes
from bridge.ports import Job, Outbox, Postcard, Queue
from bridge.reconcile import Reconcile
from bridge.store import Findings, Standing, Upkeep
from bridge.watch import Watch
from bridge.worker import Worker

log = logs.get("engine")

POLL = 0.5  # seconds; correct without any wake-up
SENDERS = 4  # callbacks at a time
CHORES = 5.0  # seconds between looks at probes, notes and deletions that are due
HOUR = 3600.0
STILL = 60.0  # seconds without a claim, after which this process no longer says that a worker lives

T = TypeVar("T")


def new_owner() -> str:
    return f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"


class Stopped(Exception):
    """This process stops, so what takes long is given up."""


@dataclass
class Engine:
    """Start and stop of everything that works in the background. `limits` is account -> most jobs in flight.

    `reconcile_at`: the hour of the nightly reconciliation, HH:MM in UTC; empty: none.
    """

    queue: Queue
    worker: Worker
    outbox: Outbox
    callbacks: Callbacks
    notes: Notes
    standing: Standing
    upkeep: Upkeep
    reconcile: Reconcile
    findings: Findings
    reconcile_at: str
    synchronise: Callable[[], None]
    limits: Mapping[str, int]
    concurrency: int
    owner: str = field(default_factory=new_owner)
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._active: set[str] = set()
        self._lock = threading.Lock()
        self._turned = time.monotonic()

    def start(self) -> None:
        self._turned = time.monotonic()
        self._beat()
        loops = (self._work, self._send, self._heartbeat, self._chores, self._look_over)
        self._threads = [threading.Thread(target=self._guarded, args=(loop,), name=loop.__name__[1:]) for loop in loops]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes no new work, lets what is under way end, hands back the rest."""
        self._stopping.set()
        self.queue.wake()
        self.outbox.wake()
        for thread in self._threads:
            thread.join()
        try:
            self.queue.release(self.owner)
        except StoreUnavailable as error:
            log.warning("leases could not be handed back; they run out by themselves", error=str(error))

    def gone(self) -> list[str]:
        """The loops that have ended, though nobody asked for a stop."""
        return [] if self._stopping.is_set() else [f"loop {each.name}" for each in self._threads if not each.is_alive()]

    def _guarded(self, loop: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                loop()
            except StoreUnavailable as error:
                log.error("the database is away; trying again", error=str(error))
                self._stopping.wait(1.0)
            except Exception:
                log.exception("unexpected; going on")
                self._stopping.wait(1.0)

    def _work(self) -> None:
        def claim() -> Job | None:
            job = self.queue.claim(self.owner, self.limits)
            if job is not None:
                with self._lock:
                    self._active.add(job.id)
            return job

        def run(job: Job) -> None:
            try:
                self.worker.run(job)
            finally:
                with self._lock:
                    self._active.discard(job.id)

        self._pump(claim, run, self.concurrency, self.queue, self._turn)

    def _send(self) -> None:
        def claim() -> Postcard | None:
            return self.outbox.claim_callback(self.owner)

        def deliver(card: Postcard) -> None:
            try:
                self.callbacks.deliver(card)
            except StoreUnavailable as error:
                log.error("a callback's outcome could not be recorded; it may be sent again", error=str(error))

        self._pump(claim, deliver, SENDERS, self.outbox, lambda: self.watch.tell("turn", loop="callbacks"))

    def _turn(self) -> None:
        """The loop that claims jobs went round: it claimed, found nothing, or has its hands full."""
        self._turned = time.monotonic()
        self.watch.tell("turn", loop="jobs")

    def _pump(
        self,
        claim: Callable[[], T | None],
        run: Callable[[T], None],
        most: int,
        line: Queue | Outbox,
        turn: Callable[[], None],
    ) -> None:
        """Claims while there is a free hand; sleeps while there is nothing to claim."""
        hands = threading.BoundedSemaphore(most)

        def work(item: T) -> None:
            try:
                run(item)
            except Exception:
                log.exception("unexpected; the rest goes on")
            finally:
                hands.release()

        with ThreadPoolExecutor(most, thread_name_prefix=run.__name__) as pool:
            while not self._stopping.is_set():
                if not hands.acquire(timeout=POLL):
                    turn()
                    continue
                mark, item = line.mark(), None
                try:
                    item = claim()
                finally:
                    if item is None:
                        hands.release()
                turn()
                if item is None:
                    line.idle(POLL, mark)
                else:
                    pool.submit(work, item)

    def _heartbeat(self) -> None:
        while not self._stopping.wait(self.worker.lease / 4):
            self._beat()

    def _beat(self) -> None:
        self.synchronise()
        with self._lock:
            active = sorted(self._active)
        still = time.monotonic() - self._turned
        if still > STILL:
            log.error("no job can be claimed any more; restart this process if that goes on", seconds=round(still))
        self.queue.extend(self.owner, active, still <= STILL)

    def _chores(self) -> None:
        pruned_at = 0.0
        while not self._stopping.wait(CHORES):
            self.watch.tell("turn", loop="chores")
            for account in self.standing.due_probes():
                self._probe(account)
            self.upkeep.purge_due()
            self.upkeep.wipe()
            self.notes.send_due()
            if time.monotonic() - pruned_at > HOUR:
                pruned_at = time.monotonic()
                while self.upkeep.prune() and not self._stopping.is_set():
                    pass

    def _look_over(self) -> None:
        """The nightly reconciliation, in a thread of its own because it may take an hour."""

        def told(done: int, of: int) -> None:
            if self._stopping.is_set():
                raise Stopped

        while not self._stopping.wait(CHORES):
            for account in self.findings.due(self.reconcile_at):
                if account in self.reconcile.territories:
                    try:
                        found = self.reconcile.account(account, "the bridge (nightly)", progress=lambda what: told)
                    except Stopped:
                        log.info("the reconciliation is given up for this stop", account=account)
                        return
                    log.info("reconciled", account=account, mailboxes=found.mailboxes, differences=len(found.differences))

    def _probe(self, account: str) -> None:
        desk = self.worker.desks.get(account)
        if desk is None:
            return
        try:
            desk.backend.probe()
        except BridgeError as error:
            log.warning("the account still cannot work", account=account, error=error.detail)
        else:
            self.standing.resume_account(account)
