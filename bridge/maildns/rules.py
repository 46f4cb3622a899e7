"""Whether mail for a domain reaches its mailboxes, in one answer: what its MX and SPF say, against
what the provider's mail needs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.maildns import replies as said
from bridge.maildns.expected import ExpectedDns
from bridge.maildns.mx import Mx, mx_fault, mx_from, mx_of
from bridge.maildns.replies import Question, Replies, reply_to
from bridge.maildns.spf import Walk, included_by, spf_among, spf_fault, walk


@dataclass(frozen=True)
class Found:
    """What DNS said: MX as (preference, host), the texts that begin with v=spf1, and the domains
    whose SPF records they take over. `problem`: why it said nothing. `rest`: the replies to
    everything that was asked, where more was asked than this."""

    mx: Sequence[Mx] = ()
    spf: Sequence[str] = ()
    problem: str = ""
    exists: bool = True
    reached: Sequence[str] = ()
    rest: Replies | None = None

    def plain(self) -> dict[str, Any]:
        return {
            "mx": [list(each) for each in self.mx],
            "spf": list(self.spf),
            "problem": self.problem,
            "exists": self.exists,
            "reached": list(self.reached),
            "rest": None if self.rest is None else said.plain(self.rest),
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Found":
        """Rows of older versions have neither `reached` nor `rest`."""
        mx = tuple((int(preference), str(host)) for preference, host in plain["mx"])
        rest = plain.get("rest")
        return cls(
            mx,
            tuple(plain["spf"]),
            plain["problem"],
            plain["exists"],
            tuple(plain.get("reached", ())),
            None if rest is None else said.of_plain(rest),
        )

    @property
    def walk(self) -> Walk:
        return Walk((*(name for spf in self.spf for name in included_by(spf)), *self.reached))


@dataclass(frozen=True)
class Readiness:
    """`status` is `ready`, `not_ready` or `unknown`; `records` are what to set in the domain's
    DNS."""

    status: str
    reason: str
    records: Sequence[str] = ()

    def describe(self) -> dict[str, Any]:
        return {"status": self.status, "reason": self.reason, "records": list(self.records)}


def questions(domain: str, wanted: ExpectedDns, replies: Replies) -> Sequence[Question]:
    """Two, and those that tell what the SPF record takes over. After a first one without an answer
    there is no second."""
    if (domain, "MX") not in replies:
        return [(domain, "MX")]
    mx = replies[domain, "MX"]
    if mx.problem or not mx.exists:
        return []
    return [(domain, "TXT"), *walk(domain, wanted, replies).next]


def found_in(domain: str, wanted: ExpectedDns, replies: Replies) -> Found:
    mx, texts = reply_to(replies, domain, "MX"), reply_to(replies, domain, "TXT")
    if not mx.exists:
        return Found(exists=False)
    if mx.problem or texts.problem:
        return Found(problem=mx.problem or texts.problem)
    reached = walk(domain, wanted, replies).reached
    return Found(mx_from(mx.values), spf_among(texts.values), reached=reached)


def judge(domain: str, found: Found, wanted: ExpectedDns) -> Readiness:
    if found.problem:
        return Readiness("unknown", f"DNS did not answer: {found.problem}.")
    if not found.exists:
        return Readiness("not_ready", no_such_domain(domain))
    faults = []
    if reason := mx_fault(found.mx, wanted):
        faults.append((reason, f"{domain}. MX 10 {mx_of(domain, wanted)}."))
    if wanted.spf_includes and (fault := spf_fault(found.spf, found.walk, wanted)):
        faults.append((fault[0], f'{domain}. TXT "{fault[1]}"'))
    if not faults:
        return Readiness("ready", "Mail for this domain goes to the provider's mail servers.")
    return Readiness(
        "not_ready", " ".join(reason for reason, _ in faults), [record for _, record in faults]
    )


def no_such_domain(domain: str) -> str:
    return f"{domain} does not exist in DNS: register it, or set its name servers."
