"""Looks at many domains or mailboxes side by side, up to the account's limit of calls; the last of
them is left to hooks.

What could not be looked at is an answer of its own, and the rest does not suffer from it.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Generic, TypeVar

from bridge.domain.account import Account
from bridge.domain.errors import (
    AccountFault,
    BridgeError,
    NotPossible,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from bridge.domain.model import Address
from bridge.domain.ports import AccountState, Clock
from bridge.reconcile.matching import Group, Scan, ScanError
from bridge.steps.look_and_plan import Look, look

PAUSE = 0.5  # seconds between two attempts to get a call, while all of the account are in use
PATIENCE = 600.0  # seconds without a free call, or without an answer, after which a scan gives up
SIGN = 1.0  # seconds after which progress is told again although nothing has come
THREADS = 256  # of one process, for all accounts that it looks at together
COUNTING = 8  # of them at a time at the database, whose connections are few; the rest are at calls

OnProgress = Callable[[int, int], None]
"""Called with how many of how many are done, and now and then while nothing comes. What it raises
ends the scan."""

Item = TypeVar("Item")
Found = TypeVar("Found")


def silent(done: int, of: int) -> None:
    """Shows no progress: nobody is at a terminal."""


@dataclass
class Scanner:
    """`threads`: the most for one account, whatever it allows."""

    account_state: AccountState
    clock: Clock
    pause: Callable[[float], None] = time.sleep
    threads: int = THREADS
    _counting: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(COUNTING), repr=False
    )

    def domains(
        self, account: Account, names: Sequence[str], progress: OnProgress = silent
    ) -> dict[str, Scan | ScanError]:
        """One look for each domain, some side by side. Never raises for a remote: what failed is a
        ScanError."""
        with closing(self.each_domain(account, names, progress)) as found:
            return dict(found)

    def each_domain(
        self, account: Account, names: Sequence[str], progress: OnProgress = silent
    ) -> Generator[tuple[str, Scan | ScanError], None, None]:
        """The same one by one, as they come; to be closed by who does not read it to its end."""
        return self._scan(account, partial(self._survey, account)).each(names, progress)

    def each_mailbox(
        self, account: Account, addresses: Sequence[Address], progress: OnProgress = silent
    ) -> Generator[tuple[Address, Look | ScanError], None, None]:
        """One look for each mailbox, as `each_domain` does it."""
        ask = partial(look, account, clock=self.clock)
        return self._scan(account, ask).each(addresses, progress)

    def mailboxes(
        self, account: Account, addresses: Sequence[Address], progress: OnProgress = silent
    ) -> dict[Address, Look | ScanError]:
        with closing(self.each_mailbox(account, addresses, progress)) as found:
            return dict(found)

    @contextmanager
    def slot(self, account: Account, most: int) -> Iterator[None]:
        """One call of the account. Raises NotPossible when there are `most` already."""
        slot = self.account_state.call_slot(account.name, most, 2 * account.call_limit)
        with self._counting:
            slot.__enter__()
        try:
            yield
        finally:
            with self._counting:
                slot.__exit__(None, None, None)

    def _survey(self, account: Account, name: str) -> Scan:
        at = self.clock()  # before the call: a command sent meanwhile is newer than what it shows
        found = account.backend.survey(name)
        return Scan({seen.address: seen for seen in found.mailboxes}, at, found.paks)

    def _scan(self, account: Account, ask: Callable[[Item], Found]) -> "_AccountScan[Item, Found]":
        return _AccountScan(self, account, ask)


@dataclass
class _AccountScan(Generic[Item, Found]):
    """One scan of one account.

    `halted`: why nothing more is asked. `granted` counts the calls that it got, `waiting` the
    threads that wait for one. `silent_since`: when the remote was first asked in vain, if it has
    not answered since.
    """

    scanner: Scanner
    account: Account
    ask: Callable[[Item], Found]
    halted: ScanError | None = None
    granted: int = 0
    waiting: int = 0
    silent_since: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        # Of all processes together at most so many calls: one is left to hooks.
        self.most = max(1, self.account.max_in_flight - 1)

    def each(
        self, items: Sequence[Item], progress: OnProgress
    ) -> Generator[tuple[Item, Found | ScanError], None, None]:
        """What could not be read comes last, because it is asked a second time when all others
        were asked."""
        again: dict[Item, Found | ScanError] = {}
        with closing(self._pass(items, progress)) as first:
            for item, answer in first:
                if unread(answer):
                    again[item] = answer
                else:
                    yield item, answer
        if again and not self.halted:
            with closing(self._pass(list(again), progress)) as second:
                yield from second
        else:
            yield from again.items()

    def _pass(
        self, items: Sequence[Item], progress: OnProgress
    ) -> Generator[tuple[Item, Found | ScanError], None, None]:
        threads = min(self.most, self.scanner.threads)
        left, done = iter(items), 0
        running: dict[Future[Found | ScanError], Item] = {}
        pool = ThreadPoolExecutor(threads, "survey")
        try:
            while True:
                # A few ahead, so that no thread waits for who reads; not all, of which there may
                # be many thousand.
                for item in islice(left, 2 * threads - len(running)):
                    running[pool.submit(self._look, item)] = item
                if not running:
                    return
                came, _ = wait(running, SIGN, FIRST_COMPLETED)
                if not came:
                    progress(done, len(items))
                for each in came:
                    done += 1
                    answer = running.pop(each), each.result()
                    progress(done, len(items))
                    yield answer
        finally:
            if running:
                self.halted = self.halted or GIVEN_UP
            pool.shutdown(cancel_futures=True)

    def _look(self, item: Item) -> Found | ScanError:
        if self.halted:
            return self.halted
        try:
            found = self._in_turn(item)
        except Refused as error:
            self.silent_since = None
            group = Group.NOT_IN_ACCOUNT if error.code == "domain_not_in_account" else Group.UNREAD
            return ScanError(group, error.detail)
        except BridgeError as error:
            return self._failed(error)
        except NotPossible as error:
            return ScanError(Group.UNREAD, str(error))
        self.silent_since = None
        return found

    def _failed(self, error: BridgeError) -> ScanError:
        barred, now = ScanError(Group.UNREAD, error.detail), self.scanner.clock()
        if not unanswered(error):
            self.silent_since = None
        elif self.silent_since is None:
            self.silent_since = now
        elif now - self.silent_since > PATIENCE:
            self.halted = barred
        if isinstance(error, AccountFault):
            self.halted = barred  # nothing else would be answered
        return barred

    def _in_turn(self, item: Item) -> Found:
        waited, granted = 0.0, self.granted
        while True:
            try:
                with self.scanner.slot(self.account, self.most):
                    self.granted += 1  # that one gets lost between two threads does no harm
                    return self.ask(item)
            except NotPossible as error:
                # Who waits while others of this scan get calls is not forgotten.
                if self.granted != granted:
                    waited, granted = 0.0, self.granted
                if waited >= PATIENCE:
                    self.halted = ScanError(Group.UNREAD, str(error))
                waited += self._wait()
                if self.halted:
                    raise

    def _wait(self) -> float:
        """Pauses the longer the more threads wait, so that many ask hardly oftener than a few;
        seconds."""
        with self._lock:
            self.waiting += 1
            turns = self.waiting
        try:
            for _ in range(turns):
                if not self.halted:
                    self.scanner.pause(PAUSE)
        finally:
            with self._lock:
                self.waiting -= 1
        return turns * PAUSE


GIVEN_UP = ScanError(Group.UNREAD, "The comparison was given up.")
"""Of what is under way in a scan that nobody reads any more."""


def unanswered(error: BridgeError) -> bool:
    """Whether the remote said nothing at all: other unknown outcomes come of what it said."""
    return isinstance(error, Unavailable) or type(error) is OutcomeUnknown


def unread(found: object) -> bool:
    return isinstance(found, ScanError) and found.group is Group.UNREAD
