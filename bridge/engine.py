"""The threads of one worker process: claims, heartbeat, callbacks, and what has to happen now and
then.

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
from functools import partial
from typing import TypeVar

from bridge.domain.errors import BridgeError, StoreUnavailable, Unavailable
from bridge.domain.ports import AccountLimits, ClaimedCallback, Job
from bridge.domain.source import Source
from bridge.infra import logs
from bridge.infra.events import Events
from bridge.infra.periodic_tasks import PeriodicTask, PeriodicTasks
from bridge.maildns.watching import MailWatch
from bridge.pipeline.alerts import Alerts
from bridge.pipeline.callbacks import Callbacks, SenderShares
from bridge.pipeline.service_events import EventSender
from bridge.pipeline.subscription_list import SubscriptionList
from bridge.pipeline.worker import Worker
from bridge.pipeline.write_back import WriteBack
from bridge.reconcile.nightly import Held, Nightly
from bridge.reconcile.reconcile import AT_ONCE
from bridge.store import (
    AccountState,
    HeldServices,
    Outbox,
    Queue,
    Retention,
    Subscribed,
    Troubles,
)
from bridge.store.admin.mail_watches import MailWatches

log = logs.get("engine")

POLL = 0.5  # seconds; correct without any wake-up
SENDERS = 4  # callbacks at a time
CHORES = 5.0  # seconds between looks at probes, notes and deletions that are due
MINUTE, HOUR = 60.0, 3600.0
STILL = 60.0  # seconds without a claim, after which this process no longer says that a worker lives

T = TypeVar("T")


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
class DailyList:
    """Compares, once a day, the subscriptions of each source that has them."""

    subscribed: Subscribed
    list: SubscriptionList
    sources: Mapping[str, Source]

    def run(self) -> None:
        for source in self.sources.values():
            if source.subscriptions is None or not self.subscribed.take(source.name):
                continue
            try:
                made, left = self.list.ensure(source)
            except Unavailable as error:
                log.warning("not compared", source=source.name, error=error.detail)
                self.subscribed.failed(source.name)
            else:
                log.info("compared", source=source.name, made=made, left=left)
                self.subscribed.tell(source.name, left)


@dataclass
class Engine:
    """Start and stop of everything that works in the background.

    `limits` by account.
    """

    queue: Queue
    worker: Worker
    outbox: Outbox
    callbacks: Callbacks
    notes: Alerts
    account_state: AccountState
    retention: Retention
    troubles: Troubles
    held_services: HeldServices
    nightly: Nightly
    event_sender: EventSender
    write_back: WriteBack
    daily_list: DailyList
    mail_watch: MailWatch
    mail_watches: MailWatches
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
        table = (
            PeriodicTask("probes", CHORES, self._probe_due),
            PeriodicTask("deletions", CHORES, self.retention.purge_due),
            PeriodicTask("services", CHORES, self.held_services.call_off_needed),
            PeriodicTask("wiping", CHORES, self.retention.wipe),
            PeriodicTask("creations", MINUTE, self._release_creations),
            PeriodicTask("troubles", MINUTE, self.troubles.look),
            PeriodicTask("pruning", HOUR, self._prune),
        )
        self.periodic_tasks = PeriodicTasks(table, self.events)
        # In a thread of its own: a mail server that does not answer keeps nothing else waiting.
        self.sending = PeriodicTasks(
            (PeriodicTask("notes", CHORES, self.notes.send_due),), self.events
        )
        self.event_sender.stopping = self.mail_watch.stopping = self._stopping.is_set
        self.write_back.stopping = self._stopping.is_set
        # So is this: a receiver that hangs takes ten seconds.
        self.telling = PeriodicTasks(
            (PeriodicTask("events", CHORES, self.event_sender.send_due),), self.events
        )
        # And this, apart from that one: neither waits for the other's receiver.
        self.writing = PeriodicTasks(
            (PeriodicTask("write_backs", CHORES, self.write_back.send_due),), self.events
        )
        # And this: a long list takes minutes.
        self.listing = PeriodicTasks(
            (PeriodicTask("subscriptions", MINUTE, self.daily_list.run),), self.events
        )
        # So is this: a name server that does not answer takes seconds.
        self.looking = PeriodicTasks(
            (
                PeriodicTask("mail", MINUTE, self.mail_watch.run),
                PeriodicTask("mail_forgetting", HOUR, self._forget_domains),
            ),
            self.events,
        )

    def start(self) -> None:
        self._turned = time.monotonic()
        self.beat()
        loops = (
            self._work,
            self._send,
            self._heartbeat,
            self._chores,
            self._notify,
            self._look_over,
            self._watch_mail,
            self._send_events,
            self._write_back,
            self._compare_lists,
        )
        self._threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=loop.__name__[1:])
            for loop in loops
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
        self._pump(self._claim_job, self._run_job, self.concurrency, self.queue, self.note_turn)

    def _claim_job(self) -> Job | None:
        job = self.queue.claim(self.owner, self.limits)
        if job is not None:
            with self._lock:
                self._active.add(job.id)
        return job

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
            partial(self._claim_callback, shares),
            partial(self._deliver, shares),
            SENDERS,
            self.outbox,
            partial(self.events.report, "turn", loop="callbacks"),
        )

    def _claim_callback(self, shares: SenderShares) -> ClaimedCallback | None:
        callback = self.outbox.claim_callback(self.owner, shares.order)
        if callback is not None:
            shares.begin(callback.source)
        return callback

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
        claim: Callable[[], T | None],
        run: Callable[[T], None],
        most: int,
        line: Queue | Outbox,
        turn: Callable[[], None],
    ) -> None:
        """Claims while fewer than `most` run; sleeps while there is nothing to claim."""
        free = threading.BoundedSemaphore(most)
        empty_at: int | None = None  # the database's version in which nothing was to be done at all
        seen = -1  # the mark of the last look
        name = "send" if line is self.outbox else "work"
        with ThreadPoolExecutor(most, thread_name_prefix=name) as pool:
            while not self._stopping.is_set():
                # Full, but not stuck: each round counts as a sign of life.
                if not free.acquire(timeout=POLL):
                    turn()
                    continue
                # The mark before the claim: what comes between the two ends the next `idle` at
                # once, instead of being missed.
                mark, version, item = line.mark(), line.version(), None
                try:
                    if version is None or version != empty_at:
                        item, empty_at = claim(), None
                        # Not asked after a wake-up, which is followed by others.
                        quiet, seen = mark == seen, mark
                        if item is None and quiet and version is not None and line.is_empty():
                            empty_at = version
                finally:
                    if item is None:
                        free.release()
                turn()
                if item is not None:
                    pool.submit(_run_one, run, item, free)
                if item is None or not line.more:
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

    def _chores(self) -> None:
        while not self._stopping.wait(CHORES):
            self.events.report("turn", loop="chores")
            self.periodic_tasks.run_due(time.monotonic)

    def _notify(self) -> None:
        while not self._stopping.wait(CHORES):
            self.sending.run_due(time.monotonic)

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

    def _send_events(self) -> None:
        while not self._stopping.wait(CHORES):
            self.telling.run_due(time.monotonic)

    def _write_back(self) -> None:
        while not self._stopping.wait(CHORES):
            self.writing.run_due(time.monotonic)

    def _compare_lists(self) -> None:
        while not self._stopping.wait(CHORES):
            self.listing.run_due(time.monotonic)

    def _watch_mail(self) -> None:
        while not self._stopping.wait(CHORES):
            self.looking.run_due(time.monotonic)

    def _forget_domains(self) -> None:
        while self.mail_watches.forget() and not self._stopping.is_set():
            pass

    def _release_creations(self) -> None:
        self.queue.release_creations(self.worker.limits)

    def _prune(self) -> None:
        while self.retention.prune() and not self._stopping.is_set():
            pass

    def _probe_due(self) -> None:
        failed: Exception | None = None
        for account in self.account_state.due_probes():
            try:
                self._probe(account)
            except StoreUnavailable:
                raise
            except Exception as error:  # the other accounts are asked all the same
                failed = error
        if failed is not None:
            raise failed

    def _probe(self, name: str) -> None:
        account = self.worker.accounts.get(name)
        if account is None:
            return
        try:
            account.backend.probe()
        except BridgeError as error:
            log.warning("the account is still not usable", account=name, error=error.detail)
        else:
            self.account_state.resume_account(name)
