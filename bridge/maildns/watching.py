"""Looks at the mail of domains by itself: of a new one until it works, of all others in turn; and
says once when it works no more, and once when it does again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.domain.ports import Clock
from bridge.maildns.check import MailDns
from bridge.maildns.domain_mail import NOT_READY, READY, DomainMail
from bridge.maildns.records import Purpose, RecordState, zone_line
from bridge.reporting import notes

HOUR, DAY = 3600.0, 86400.0
FIRST_PAUSE, LONGEST_PAUSE = 600.0, 12 * HOUR
GIVEN_UP = 14 * DAY
"""So long after an order a domain that never worked is looked at as all others are."""
CONFIRM = HOUR
"""So long after the first look that found a fault a second one has to find it, before a note."""
MOST = 20  # domains in one round


@dataclass(frozen=True)
class Watched:
    """`receives`, `sends`: it once did. `failing_since`: when one of these was first found to be
    over. `looks`: since the order."""

    id: str
    account: str
    domain: str
    ordered_at: float | None = None
    receives: bool = False
    sends: bool = False
    failing_since: float | None = None
    looks: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a look leads to. `failing`: a note stands, from now or before; `works`: none does any
    more; neither: nothing is said."""

    receives: bool
    sends: bool
    failing_since: float | None
    next_at: float | None
    failing: bool = False
    works: bool = False


class Watches(Protocol):
    """The store of them. `accounts` are those whose DNS is looked at."""

    def enrol(self, accounts: Sequence[str]) -> None:
        """Takes up the domains in which a mailbox was made since it was last called."""

    def due(self, accounts: Sequence[str], most: int) -> Sequence[Watched]:
        """Those whose time has come, under a lease that is simply a later next time."""

    def sample(self, accounts: Sequence[str], per_day: int) -> Watched | None:
        """The next domain of the round; None when its time has not come, or when all were looked
        at within a day."""

    def record(self, watched: Watched, outcome: Outcome, text: str) -> None:
        """Keeps what came of a look, and the note of it."""


@dataclass
class MailWatch:
    """`per_day`: domains of the round in a day; 0: nothing is looked at by itself."""

    watches: Watches
    mail_dns: MailDns
    clock: Clock
    per_day: int
    stopping: Callable[[], bool] = lambda: False

    def run(self) -> None:
        """One round. A process that stops leaves the rest to the next one."""
        accounts = sorted(filter(self.mail_dns.checks, self.mail_dns.wanted))
        if not self.per_day or not accounts:
            return
        self.watches.enrol(accounts)
        for watched in self.watches.due(accounts, MOST):
            if self.stopping():
                return
            self._look(watched)
        for _ in range(MOST):
            sampled = None if self.stopping() else self.watches.sample(accounts, self.per_day)
            if sampled is None:
                return
            self._look(sampled)

    def _look(self, watched: Watched) -> None:
        mail = self.mail_dns.look(watched.account, watched.domain)
        outcome = after(watched, mail, self.clock())
        text = what_stopped(watched, mail) if outcome.failing else notes.mail_works(watched.domain)
        self.watches.record(watched, outcome, text)


def after(watched: Watched, mail: DomainMail, now: float) -> Outcome:
    """What a look leads to. Pure. What DNS did not answer changes nothing."""
    receives = watched.receives or mail.receives == READY
    sends = watched.sends or mail.sends == READY
    if lost(watched, mail):
        since = now if watched.failing_since is None else watched.failing_since
        confirmed = watched.failing_since is not None and now - since >= CONFIRM
        pause = DAY if confirmed else CONFIRM
        return Outcome(receives, sends, since, now + pause, failing=confirmed)
    proved = all(
        state == READY
        for worked, state in ((watched.receives, mail.receives), (watched.sends, mail.sends))
        if worked
    )
    if watched.failing_since is not None and not proved:
        return Outcome(receives, sends, watched.failing_since, now + CONFIRM)
    next_at = None if mail.receives == mail.sends == READY else _next(watched, now)
    return Outcome(receives, sends, None, next_at, works=proved and (receives or sends))


def _next(watched: Watched, now: float) -> float | None:
    if watched.ordered_at is None or now - watched.ordered_at >= GIVEN_UP:
        return None
    return now + min(FIRST_PAUSE * 2.0 ** min(watched.looks, 20), LONGEST_PAUSE)


def lost(watched: Watched, mail: DomainMail) -> list[str]:
    """What the domain's mail did and does no more."""
    receives = ["receive"] if watched.receives and mail.receives == NOT_READY else []
    return receives + (["send"] if watched.sends and mail.sends == NOT_READY else [])


def what_stopped(watched: Watched, mail: DomainMail) -> str:
    ways = lost(watched, mail)
    purposes = {
        *((Purpose.MX,) if "receive" in ways else ()),
        *((Purpose.SPF, Purpose.DKIM) if "send" in ways else ()),
    }
    wrong = [
        record
        for record in mail.records
        if record.purpose in purposes and record.state is not RecordState.OK
    ]
    reasons = list(dict.fromkeys(record.reason for record in wrong))
    to_set = [line for record in wrong if (line := zone_line(record.describe()))]
    return notes.mail_stopped(mail.domain, ways, reasons, to_set)
