"""Tells whether a domain receives mail, at the price of two DNS questions an hour."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from bridge.domain.model import to_rfc3339
from bridge.maildns.rules import ExpectedDns, Found, judge

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


@dataclass
class MailDns:
    """Whether mail of a domain goes to its account's hosts; `wanted` by account."""

    readings: DnsCache
    wanted: Mapping[str, ExpectedDns]
    ask: Callable[[str], Found]

    def receives_mail(self, account: str, domain: str) -> dict[str, Any] | None:
        """None where the account does not have it checked.

        Bounded in time by `ask`; never an error because of DNS.
        """
        wanted = self.wanted.get(account)
        if wanted is None or not wanted.hosts:
            return None
        seen = self.readings.reading(domain, partial(fresh_for, domain, wanted), self.ask)
        return judge(domain, seen.found, wanted).describe() | {
            "checked_at": to_rfc3339(seen.checked_at)
        }


def fresh_for(domain: str, wanted: ExpectedDns, found: Found) -> float:
    """Seconds for which what DNS said is not asked again."""
    return GOOD if judge(domain, found, wanted).status == "ready" else BAD
