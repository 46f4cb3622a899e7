"""The nightly reconciliation of each account: taken under a lease, marked done when it is done,
never by two at once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.domain.errors import LeaseLost, StoreUnavailable
from bridge.domain.ports import Comparison, Comparisons
from bridge.infra import logs
from bridge.infra.events import Events
from bridge.reconcile.reconcile import Reconcile

log = logs.get("nightly")

PUT_OFF = 900.0  # seconds until one that failed is tried again


class Stopped(Exception):
    """This process stops, so what takes long is given up."""


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
    _held: Comparison | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def run_next(self) -> bool:
        """Compares the account whose reconciliation is due longest; false when none is.

        One that a stop ends is handed back; one that a crash ends is free when its lease is over; one that fails, or can read
        nothing at all, is put off.
        """
        held = self._held = self.comparisons.take_due(self.at, sorted(self.reconcile.accounts))
        if held is None:
            return False
        name = held.account
        try:
            found = self.reconcile.account(
                name, "the bridge (nightly)", progress=lambda what: self._go_on
            )
        except Stopped:
            log.info("reconciliation stopped with the bridge; it will run again", account=name)
            self._end(self.comparisons.hand_back)
        except LeaseLost:
            log.warning(
                "lease expired during the reconciliation; another process continues it",
                account=name,
            )
        except StoreUnavailable:
            raise  # it is free when its lease is over
        except Exception:  # of any kind: the loop goes on, and so do the other accounts
            log.exception("reconciliation failed; it will be retried later", account=name)
            self._put_off()
        else:
            log.info(
                "reconciled",
                account=name,
                mailboxes=found.mailboxes,
                differences=len(found.differences),
                not_in_account=list(found.foreign),
            )
            if found.unread and not found.domains:
                log.warning(
                    "reconciliation could not read anything; it will be retried later", account=name
                )
                self._put_off()
            else:
                self._end(lambda comparison: self.comparisons.done(comparison, self.at))
                self.events.report("chore", name="reconciliation", outcome="done")
        finally:
            self._end(
                lambda comparison: None
            )  # under the lock: a renewal that is under way must not leave it held
        return True

    def keep(self) -> None:
        """Renews the lease; to be called while `run_next` is at work, more often than it lasts."""
        with self._lock:
            if self._held is not None:
                self._held = self.comparisons.renew(self._held)

    def _go_on(self, done: int, of: int) -> None:
        """Told of each look: the place at which a reconciliation is given up."""
        if self.stopping():
            raise Stopped
        if self._held is None:
            raise LeaseLost

    def _put_off(self) -> None:
        self._end(lambda comparison: self.comparisons.put_off(comparison, PUT_OFF))
        self.events.report("chore", name="reconciliation", outcome="failed")

    def _end(self, how: Callable[[Comparison], None]) -> None:
        with self._lock:
            if self._held is not None:
                how(self._held)
            self._held = None
