"""Tells whether a domain's mail works, at the price of a few DNS questions an hour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from bridge.domain.model import to_rfc3339
from bridge.maildns import domain_mail
from bridge.maildns.domain_mail import READY, DomainMail
from bridge.maildns.expected import ExpectedDns
from bridge.maildns.replies import NextQuestions, Replies
from bridge.maildns.rules import Found, found_in, judge

# A fault is asked after sooner: whoever mends a record waits for this to see it.
GOOD, BAD = 3600.0, 600.0  # seconds for which a good and any other finding is believed


@dataclass(frozen=True)
class Seen:
    """What DNS says of a domain's mail, and when it was asked."""

    found: Found
    checked_at: float


class DnsCache(Protocol):
    def reading(
        self, domain: str, fresh: Callable[[Found], float], ask: Callable[[str], Found]
    ) -> Seen:
        """What is on record, unless it is older than `fresh` says; else what `ask` finds, which
        is kept."""


class Asks(Protocol):
    """Both are bounded in time, and never an error because of DNS."""

    def mail_of(self, domain: str, wanted: ExpectedDns) -> Found: ...
    def replies(self, ask: NextQuestions) -> Replies: ...


@dataclass
class MailDns:
    """Whether mail of a domain works with its account's hosts; `wanted` by account."""

    readings: DnsCache
    wanted: Mapping[str, ExpectedDns]
    resolver: Asks

    def checks(self, account: str) -> bool:
        wanted = self.wanted.get(account)
        return wanted is not None and bool(wanted.hosts)

    def receives_mail(self, account: str, domain: str) -> dict[str, Any] | None:
        """None where the account does not have it checked."""
        if not self.checks(account):
            return None
        wanted = self.wanted[account]
        seen = self.readings.reading(
            domain,
            partial(fresh_for, domain, wanted),
            lambda name: self.resolver.mail_of(name, wanted),
        )
        return judge(domain, seen.found, wanted).describe() | {
            "checked_at": to_rfc3339(seen.checked_at)
        }

    def readiness(self, account: str, domain: str) -> dict[str, Any] | None:
        """Each record that the domain's mail needs; None where the account does not have it
        checked."""
        if not self.checks(account):
            return None
        wanted = self.wanted[account]
        seen = self.readings.reading(
            domain,
            partial(fresh_as_a_whole, domain, wanted),
            partial(self._everything, wanted=wanted),
        )
        return whole(domain, seen.found, wanted).describe() | {
            "checked_at": to_rfc3339(seen.checked_at)
        }

    def look(self, account: str, domain: str) -> DomainMail:
        """As DNS has it at this moment, and kept for those who ask next."""
        wanted = self.wanted[account]
        seen = self.readings.reading(
            domain, lambda found: 0.0, partial(self._everything, wanted=wanted)
        )
        return whole(domain, seen.found, wanted)

    def now(self, account: str, domain: str) -> DomainMail:
        """As DNS has it at this moment: nothing is taken from what is kept, and nothing kept."""
        wanted = self.wanted[account]
        return whole(domain, self._everything(domain, wanted), wanted)

    def _everything(self, domain: str, wanted: ExpectedDns) -> Found:
        replies = self.resolver.replies(partial(domain_mail.questions, domain, wanted))
        return replace(found_in(domain, wanted, replies), rest=replies)


def whole(domain: str, found: Found, wanted: ExpectedDns) -> DomainMail:
    return domain_mail.judged(domain, wanted, found.rest or {})


def fresh_for(domain: str, wanted: ExpectedDns, found: Found) -> float:
    """Seconds for which what DNS said is not asked again."""
    return GOOD if judge(domain, found, wanted).status == "ready" else BAD


def fresh_as_a_whole(domain: str, wanted: ExpectedDns, found: Found) -> float:
    """Likewise, of everything; what was asked for less is not enough."""
    if found.rest is None:
        return 0.0
    mail = whole(domain, found, wanted)
    return GOOD if mail.receives == mail.sends == READY else BAD
