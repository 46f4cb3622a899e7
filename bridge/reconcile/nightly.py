"""The nightly reconciliation of each account: taken under a lease, marked done when it is done,
never by two at once. Accounts are compared side by side, and none waits for another."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.domain.ports import Comparison, Comparisons, Reconciliation
from bridge.infra import logs
from bridge.infra.events import Events
from bridge.reconcile.reconcile import AT_ONCE, Reconcile, Stopped

log = logs.get("nightly")

PUT_OFF = 900.0  # seconds until one that failed is tried again


@dataclass
class Held:
    """An account that this process compares. `comparison`: its lease; None once that is over."""

    account: str
    comparison: Comparison | None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def renew(self, comparisons: Comparisons) -> None:
        with self.lock:
            if self.comparison is not None:
                self.comparison = comparisons.renew(self.comparison)

    def end(self, how: Callable[[Comparison], None] = lambda comparison: None) -> None:
        # Under the lock: a renewal that is under way must not leave it held.
        with self.lock:
            if self.comparison is not None:
                how(self.comparison)
            self.comparison = None


@dataclass
class Nightly:
    """`at`: the hour, HH:MM in UTC; empty: only what a person asks for.

    `stopping` says that this process ends.
    """

    comparisons: Comparisons
    reconcile: Reconcile
    at: str
    stopping: Callable[[], bool] = lambda: False
    events: Events = field(default_factory=Events)
    _held: dict[str, Held] = field(default_factory=dict, repr=False)

    def take(self) -> Held | None:
        """The account whose reconciliation is due longest, for `compare`; None when none is, or
        this process is at as many as it may.

        To be called by one thread.
        """
        at_work = set(self._held)
        if len(at_work) >= AT_ONCE:
            return None
        # One that is still at work here may have lost its lease; it gets no second thread.
        free = sorted(self.reconcile.accounts.keys() - at_work)
        comparison = self.comparisons.take_due(self.at, free)
        if comparison is None:
            return None
        held = self._held[comparison.account] = Held(comparison.account, comparison)
        return held

    def compare(self, held: Held) -> None:
        """Compares one account.

        One that a stop ends is handed back; one that a crash ends is free when its lease is over;
        one that fails, or can read nothing at all, is put off. Raises StoreUnavailable.
        """
        name = held.account
        try:
            go_on = partial(self._go_on, held)
            found = self.reconcile.account(
                name, "the bridge (nightly)", progress=lambda what: go_on
            )
        except Stopped:
            log.info("reconciliation stopped with the bridge; it will run again", account=name)
            held.end(self.comparisons.hand_back)
        except LeaseLost:
            log.warning(
                "lease expired during the reconciliation; another process continues it",
                account=name,
            )
        except StoreUnavailable:
            raise  # it is free when its lease is over
        except Exception:  # of any kind: it is tried again, and the other accounts go on
            log.exception("reconciliation failed; it will be retried later", account=name)
            self._put_off(held)
        else:
            self._compared(held, found)
        finally:
            held.end()  # also of a renewal that is under way
            del self._held[name]

    def _compared(self, held: Held, found: Reconciliation) -> None:
        log.info(
            "reconciled",
            account=held.account,
            mailboxes=found.mailboxes,
            differences=len(found.differences),
            not_in_account=list(found.foreign),
        )
        if found.unread and not found.domains:
            log.warning(
                "reconciliation could not read anything; it will be retried later",
                account=held.account,
            )
            self._put_off(held)
        else:
            held.end(partial(self.comparisons.done, at=self.at))
            self.events.report("chore", name="reconciliation", outcome="done")

    def keep(self) -> None:
        """Renews the leases; to be called while `compare` is at work, more often than they
        last."""
        for held in list(self._held.values()):
            held.renew(self.comparisons)

    def _go_on(self, held: Held, done: int, of: int) -> None:
        """Told of each look: the place at which a reconciliation is given up."""
        if self.stopping():
            raise Stopped
        if held.comparison is None:
            raise LeaseLost

    def _put_off(self, held: Held) -> None:
        held.end(partial(self.comparisons.put_off, seconds=PUT_OFF))
        self.events.report("chore", name="reconciliation", outcome="failed")
