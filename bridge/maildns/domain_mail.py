"""Whether the mail of a domain works, both ways: each record that it needs, as DNS has it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.maildns import autodiscovery, dkim, dmarc
from bridge.maildns.expected import ExpectedDns
from bridge.maildns.mx import mx_fault, mx_from, mx_of
from bridge.maildns.records import Purpose, Record, RecordState, SetBy, unknown
from bridge.maildns.replies import NO_DOMAIN, Question, Replies, parents, reply_to
from bridge.maildns.rules import no_such_domain
from bridge.maildns.spf import spf_among, spf_fault, walk

READY, NOT_READY, UNKNOWN = "ready", "not_ready", "unknown"
MOST_PARENTS = 2


@dataclass(frozen=True)
class DomainMail:
    """`receives` and `sends` are `ready`, `not_ready` or `unknown`. `name_servers`: where the
    domain's DNS is run, and so where its records are set."""

    domain: str
    receives: str
    sends: str
    records: Sequence[Record]
    name_servers: Sequence[str]

    def describe(self) -> dict[str, Any]:
        return {
            "domain": self.domain,
            "receives": self.receives,
            "sends": self.sends,
            "records": [record.describe() for record in self.records],
            "name_servers": list(self.name_servers),
        }


def questions(domain: str, wanted: ExpectedDns, replies: Replies) -> list[Question]:
    """What matters most comes first; about a domain that is not there, or whose servers do not
    answer, no more is asked."""
    first = [(domain, "MX"), (domain, "TXT")]
    if first[0] not in replies:
        return first[:1]
    if not replies[first[0]].exists:
        return []
    if first[1] not in replies:
        return first[1:]
    if all(replies[question].problem for question in first):
        return []
    return [
        *first,
        *walk(domain, wanted, replies).next,
        *dmarc.questions(domain, replies),
        *dkim.questions(domain, wanted, replies),
        *_name_servers(domain, replies),
        *autodiscovery.questions(domain, wanted, replies),
    ]


def judged(domain: str, wanted: ExpectedDns, replies: Replies) -> DomainMail:
    mx = reply_to(replies, domain, "MX")
    if not mx.exists:
        return _not_there(domain, wanted)
    records = [
        _mx(domain, wanted, replies),
        *_spf(domain, wanted, replies),
        *dkim.records(domain, wanted, replies),
        dmarc.record(domain, replies),
        *autodiscovery.records(domain, wanted, replies),
    ]
    servers = [
        value
        for question in _name_servers(domain, replies)
        for value in replies.get(question, NO_DOMAIN).values
    ]
    return DomainMail(domain, _receives(records), _sends(records), records, sorted(servers))


def _not_there(domain: str, wanted: ExpectedDns) -> DomainMail:
    spf = wanted.spf_includes and spf_fault((), walk(domain, wanted, {}), wanted)
    to_set = [(Purpose.MX, "MX", f"10 {mx_of(domain, wanted)}")]
    if spf:
        to_set.append((Purpose.SPF, "TXT", spf[1]))
    records = [
        Record(
            purpose,
            kind,
            domain,
            RecordState.MISSING,
            no_such_domain(domain),
            value=value,
            set_by=SetBy.DNS,
        )
        for purpose, kind, value in to_set
    ]
    return DomainMail(domain, NOT_READY, NOT_READY, records, ())


def _mx(domain: str, wanted: ExpectedDns, replies: Replies) -> Record:
    reply = reply_to(replies, domain, "MX")
    if reply.problem:
        return unknown(Purpose.MX, "MX", domain, reply.problem)
    fault = mx_fault(mx_from(reply.values), wanted)
    if not fault:
        reason = "Mail for this domain goes to the provider's mail servers."
        return Record(Purpose.MX, "MX", domain, RecordState.OK, reason, reply.values)
    state = RecordState.WRONG if reply.values else RecordState.MISSING
    value = f"10 {mx_of(domain, wanted)}"
    return Record(Purpose.MX, "MX", domain, state, fault, reply.values, value, SetBy.DNS)


def _spf(domain: str, wanted: ExpectedDns, replies: Replies) -> list[Record]:
    if not wanted.spf_includes:
        return []
    reply = reply_to(replies, domain, "TXT")
    if reply.problem:
        return [unknown(Purpose.SPF, "TXT", domain, reply.problem)]
    found, reached = spf_among(reply.values), walk(domain, wanted, replies)
    fault = spf_fault(found, reached, wanted)
    if fault is None:
        reason = "The SPF record includes the provider's mail servers."
        return [Record(Purpose.SPF, "TXT", domain, RecordState.OK, reason, found)]
    if len(found) == 1 and reached.unsure and not reached.reaches(wanted):
        reason = f"Whether the SPF record includes the provider is not known: {reached.unsure}."
        return [Record(Purpose.SPF, "TXT", domain, RecordState.UNKNOWN, reason, found)]
    state = RecordState.WRONG if found else RecordState.MISSING
    return [Record(Purpose.SPF, "TXT", domain, state, fault[0], found, fault[1], SetBy.DNS)]


def _receives(records: Sequence[Record]) -> str:
    states = {record.state for record in records if record.purpose is Purpose.MX}
    if states == {RecordState.OK}:
        return READY
    return UNKNOWN if RecordState.UNKNOWN in states else NOT_READY


def _sends(records: Sequence[Record]) -> str:
    """One of SPF and DKIM is enough for receivers that check (RFC 7489, 3.1)."""
    states = {
        purpose: {record.state for record in records if record.purpose is purpose}
        for purpose in (Purpose.SPF, Purpose.DKIM)
    }
    if any(RecordState.OK in each for each in states.values()):
        return READY
    # Where SPF is not looked at, nobody knows whether it would do.
    unsure = not states[Purpose.SPF] or any(RecordState.UNKNOWN in each for each in states.values())
    return UNKNOWN if unsure else NOT_READY


def _name_servers(domain: str, replies: Replies) -> Iterator[Question]:
    """Of the domain, or of the nearest one above it that has its own."""
    for each in (domain, *parents(domain, MOST_PARENTS)):
        yield each, "NS"
        known = replies.get((each, "NS"))
        if known is None or known.problem or known.values:
            return
