"""Asks DNS, within a bound: what a domain says of its mail.

Nothing of this machine's own names (/etc/hosts) is looked at.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.maildns.rules import Found

if TYPE_CHECKING:
    import dns.resolver

SECONDS = 2.0  # for both questions together
MOST = 50  # records of one answer that are looked at


class Resolver:
    """`server` is host and port of a name server, or None: those of /etc/resolv.conf."""

    def __init__(self, server: tuple[str, int] | None = None, seconds: float = SECONDS) -> None:
        self._server, self._seconds = server, seconds

    def mail_of(self, domain: str) -> Found:
        """Never raises; what could not be found out is the `problem`."""
        import dns.resolver  # here: it takes long to load, and most commands ask nothing

        deadline = time.monotonic() + self._seconds
        try:
            resolver = self._resolver()
            mx = self._ask(resolver, domain, "MX", deadline)
            texts = self._ask(resolver, domain, "TXT", deadline)
        except dns.resolver.NXDOMAIN:
            return Found(exists=False)
        except dns.resolver.NoResolverConfiguration:
            return Found(problem="this machine has no name server; set bridge.resolver")
        except dns.exception.Timeout:
            return Found(problem=f"no answer within {self._seconds:g} seconds")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Found(problem=type(error).__name__)
        hosts = sorted(
            (int(record.preference), record.exchange.to_text(omit_final_dot=True).lower())
            for record in mx
        )
        spoken = [b"".join(record.strings).decode("ascii", "replace") for record in texts]
        return Found(
            mx=tuple((preference, "" if host == "." else host) for preference, host in hosts),
            spf=tuple(text for text in spoken if text.lower().split(" ")[0] == "v=spf1"),
        )

    def _resolver(self) -> "dns.resolver.Resolver":
        import dns.resolver

        resolver = dns.resolver.Resolver(configure=self._server is None)
        if self._server is not None:
            resolver.nameservers, resolver.port = [self._server[0]], self._server[1]
        # This machine's search domains would answer for a domain that does not exist.
        resolver.search = []
        # Half, so that a second name server is asked while there is time.
        resolver.timeout = self._seconds / 2
        return resolver

    def _ask(
        self, resolver: "dns.resolver.Resolver", domain: str, kind: str, deadline: float
    ) -> Sequence[Any]:
        import dns.exception

        left = deadline - time.monotonic()
        if left <= 0:
            raise dns.exception.Timeout
        answer = resolver.resolve(
            f"{domain}.", kind, lifetime=left, search=False, raise_on_no_answer=False
        )
        return list(answer.rrset or ())[:MOST]
