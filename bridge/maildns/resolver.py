"""Asks DNS, within a bound: what a domain says of its mail.

Nothing of this machine's own names (/etc/hosts) is looked at. What a stranger's server says comes
out as short, printable text.
"""

import re
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from bridge.maildns.expected import ExpectedDns
from bridge.maildns.replies import NextQuestions, Question, Replies, Reply
from bridge.maildns.rules import Found, found_in, questions

if TYPE_CHECKING:
    import dns.resolver

SECONDS = 2.0  # for whether a domain receives mail, in all
SECONDS_FOR_ALL = 5.0  # for everything that is asked of a domain
SECONDS_EACH = 2.0  # for one of its questions
MOST_QUESTIONS = 40
MOST = 50  # records of one answer that are looked at
MOST_TEXTS = 5  # of them, texts that are kept: one is right, the rest is shown as too much
LONGEST = 1500  # characters of a text
PROBLEMS = {
    "NoNameservers": "no name server gave a usable answer",
}
"""Of what the library calls them. What is not here is named as it is."""
ABOUT_MAIL = re.compile(r"v=spf1( |$)|v=dmarc1\s*(;|$)|v=dkim1\s*;|(.*;)?\s*p\s*=", re.IGNORECASE)
"""Texts that are kept. The others at the same name are no business of the bridge's."""


class Resolver:
    """`server` is host and port of a name server, or None: those of /etc/resolv.conf."""

    def __init__(self, server: tuple[str, int] | None = None, seconds: float = SECONDS) -> None:
        self._server, self._seconds = server, seconds

    def mail_of(self, domain: str, wanted: ExpectedDns | None = None) -> Found:
        """Never raises; what could not be found out is the `problem`."""
        expected = wanted or ExpectedDns(())
        replies = self.replies(lambda known: questions(domain, expected, known), self._seconds)
        return found_in(domain, expected, replies)

    def replies(self, ask: NextQuestions, seconds: float = SECONDS_FOR_ALL) -> Replies:
        """To what `ask` wants to know, until it wants no more. Never raises.

        When the time is over, or too much was asked, the rest is a problem.
        """
        import dns.resolver  # here: it takes long to load, and most commands ask nothing

        deadline = time.monotonic() + seconds
        known: dict[Question, Reply] = {}
        try:
            resolver = self._resolver(seconds)
        except dns.resolver.NoResolverConfiguration:
            resolver = None
        while ahead := [question for question in ask(known) if question not in known]:
            for question in ahead:
                known[question] = self._reply(resolver, question, len(known), deadline, seconds)
        return known

    def _resolver(self, seconds: float) -> "dns.resolver.Resolver":
        import dns.resolver

        resolver = dns.resolver.Resolver(configure=self._server is None)
        if self._server is not None:
            resolver.nameservers, resolver.port = [self._server[0]], self._server[1]
        # This machine's search domains would answer for a domain that does not exist.
        resolver.search = []
        # Half, so that a second name server is asked while there is time.
        resolver.timeout = min(seconds, SECONDS_EACH) / 2
        return resolver

    def _reply(
        self,
        resolver: "dns.resolver.Resolver | None",
        question: Question,
        asked: int,
        deadline: float,
        seconds: float,
    ) -> Reply:
        import dns.resolver

        late = Reply(problem=f"no answer within {seconds:g} seconds")
        if resolver is None:
            return Reply(problem="this machine has no name server; set bridge.resolver")
        if asked >= MOST_QUESTIONS:
            return Reply(problem=f"more than {MOST_QUESTIONS} questions")
        left = deadline - time.monotonic()
        if left <= 0:
            return late
        name, kind = question
        try:
            answer = resolver.resolve(
                f"{name}.",
                kind,
                lifetime=min(left, SECONDS_EACH),
                search=False,
                raise_on_no_answer=False,
            )
            alias = text_of(answer.canonical_name)
            records = list(answer.rrset or ())[:MOST]
            values = tuple(kept(kind, records))
        except dns.resolver.NXDOMAIN as error:
            return Reply(alias=alias_of(error, name), exists=False)
        except dns.exception.Timeout:
            return late
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Reply(problem=problem_of(error))
        return Reply(values, alias if alias != name.lower() and kind != "CNAME" else "")


def problem_of(error: Exception) -> str:
    name = type(error).__name__
    return PROBLEMS.get(name, name)


def alias_of(error: Any, name: str) -> str:
    """Where a CNAME leads whose end does not exist."""
    alias = text_of(error.canonical_name)
    return "" if alias == name.lower() else alias


def kept(kind: str, records: Sequence[Any]) -> Iterable[str]:
    if kind == "TXT":
        spoken = (
            printable(b"".join(record.strings).decode("ascii", "replace")) for record in records
        )
        return [text[:LONGEST] for text in spoken if ABOUT_MAIL.match(text)][:MOST_TEXTS]
    if kind == "MX":
        pairs = sorted((record.preference, text_of(record.exchange)) for record in records)
        return [f"{preference} {host}" for preference, host in pairs]
    if kind == "SRV":
        return [
            f"{record.priority} {record.weight} {record.port} {text_of(record.target)}"
            for record in records
        ]
    return sorted(text_of(record.target) for record in records)  # CNAME and NS


def text_of(name: Any) -> str:
    """A name without its final dot; the root, which means none, is empty."""
    text = printable(name.to_text(omit_final_dot=True).lower())
    return "" if text == "." else text.replace(" ", "?")


def printable(text: str) -> str:
    return "".join(sign if " " <= sign <= "~" else "?" for sign in text)
