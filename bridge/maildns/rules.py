"""Whether mail for a domain reaches its mailboxes: what its DNS says, against what Enom's mail
needs. Pure.

Enom documents the MX `mx.DOMAIN.cust.a.hostedemail.com` [D: support.enom.com, "Hostedemail Spam and
Rejections Guide"]; the `b` cluster and older names without a letter end alike [O]. Domains on it
publish `include:_spf.hostedemail.com` [O]. That a domain without that include is refused somewhere
is inferred from what SPF is for [I].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MX_OF = "mx.{domain}.cust.a.hostedemail.com"


@dataclass(frozen=True)
class ExpectedDns:
    """Where mail of an account's domains has to go.

    No `hosts`: nothing is checked; no `spf_include`: no SPF is.
    """

    hosts: Sequence[str]
    spf_include: str = ""


@dataclass(frozen=True)
class Found:
    """What DNS said: MX as (preference, host), the texts that begin with v=spf1. `problem`: why
    it said nothing."""

    mx: Sequence[tuple[int, str]] = ()
    spf: Sequence[str] = ()
    problem: str = ""
    exists: bool = True

    def plain(self) -> dict[str, Any]:
        return {
            "mx": [list(each) for each in self.mx],
            "spf": list(self.spf),
            "problem": self.problem,
            "exists": self.exists,
        }

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Found":
        mx = tuple((int(preference), str(host)) for preference, host in plain["mx"])
        return cls(mx, tuple(plain["spf"]), plain["problem"], plain["exists"])


@dataclass(frozen=True)
class Readiness:
    """`status` is `ready`, `not_ready` or `unknown`; `records` are what to set in the domain's
    DNS."""

    status: str
    reason: str
    records: Sequence[str] = ()

    def describe(self) -> dict[str, Any]:
        return {"status": self.status, "reason": self.reason, "records": list(self.records)}


def judge(domain: str, found: Found, wanted: ExpectedDns) -> Readiness:
    if found.problem:
        return Readiness("unknown", f"DNS did not answer: {found.problem}.")
    if not found.exists:
        return Readiness(
            "not_ready", f"{domain} does not exist in DNS: register it, or set its name servers."
        )
    faults = [
        fault
        for fault in (mx_fault(domain, found, wanted), spf_fault(domain, found, wanted))
        if fault
    ]
    if not faults:
        return Readiness("ready", "Mail for this domain goes to the provider's mail servers.")
    return Readiness(
        "not_ready", " ".join(reason for reason, _ in faults), [record for _, record in faults]
    )


def mx_fault(domain: str, found: Found, wanted: ExpectedDns) -> tuple[str, str] | None:
    record = f"{domain}. MX 10 {mx_of(domain, wanted)}."
    if not found.mx:
        return "It has no MX record, so it receives no mail.", record
    ours = [preference for preference, host in found.mx if is_ours(host, wanted)]
    foreign = sorted(
        (preference, host) for preference, host in found.mx if not is_ours(host, wanted)
    )
    if not ours:
        return f"Its mail goes to another server: {foreign[0][1] or 'none'}.", record
    # The lowest number is tried first (RFC 5321, 5.1); with equal ones senders choose at random. A
    # foreign server behind ours is a backup, and no fault.
    if foreign and foreign[0][0] <= min(ours):
        return (
            (
                f"Some of its mail goes to {foreign[0][1]}, which has the same or a higher "
                "priority. Remove that MX record."
            ),
            record,
        )
    return None


def spf_fault(domain: str, found: Found, wanted: ExpectedDns) -> tuple[str, str] | None:
    if not wanted.spf_include:
        return None
    if not found.spf:
        reason = "It has no SPF record, so mail from its mailboxes may be rejected as forged."
        return reason, f'{domain}. TXT "v=spf1 include:{wanted.spf_include} ~all"'
    # RFC 7208, 4.5: more than one is a permanent error, whatever they say.
    if len(found.spf) > 1:
        merged = " ".join(
            dict.fromkeys(
                word for text in found.spf for word in text.split()[1:] if not word.endswith("all")
            )
        )
        reason = (
            f"It has {len(found.spf)} SPF records, so receivers ignore all of them. Keep only one."
        )
        return reason, f'{domain}. TXT "{with_include(f"v=spf1 {merged} ~all", wanted)}"'
    # `+` is what a mechanism without a sign means (RFC 7208, 4.6.2).
    words = [word.lower().lstrip("+") for word in found.spf[0].split()]
    if f"include:{wanted.spf_include}" in words or f"redirect={wanted.spf_include}" in words:
        return None
    reason = (
        "Its SPF record does not include the provider's mail servers, "
        "so mail from its mailboxes may be rejected."
    )
    return reason, f'{domain}. TXT "{with_include(found.spf[0], wanted)}"'


def with_include(spf: str, wanted: ExpectedDns) -> str:
    """The record as it is, with what is missing in front of its end."""
    first, *rest = spf.split()
    # In front, because what stands behind `all` is never reached (RFC 7208, 5.1).
    include = f"include:{wanted.spf_include}"
    return " ".join([first, include, *(word for word in rest if word != include)])


def is_ours(host: str, wanted: ExpectedDns) -> bool:
    name = host.lower().rstrip(".")
    return any(name == suffix or name.endswith(f".{suffix}") for suffix in wanted.hosts)


def mx_of(domain: str, wanted: ExpectedDns) -> str:
    documented = MX_OF.format(domain=domain)
    return documented if is_ours(documented, wanted) else wanted.hosts[0]
