"""What `doctor` says of the mail of a domain. Pure."""

from collections.abc import Iterator, Sequence

from bridge.maildns.domain_mail import READY, UNKNOWN, DomainMail
from bridge.maildns.records import Purpose, Record, RecordState, zone_line
from bridge.maildns.rules import Readiness

Verdict = tuple[str, str, str]
"""Level, sentence and remedy."""


def verdicts(domain: str, receives: Readiness, mail: DomainMail) -> Iterator[Verdict]:
    yield _receives(domain, receives)
    yield _sends(mail)


def _receives(domain: str, readiness: Readiness) -> Verdict:
    if readiness.status == READY:
        return "ok", f"{domain} receives mail.", ""
    text = f"{domain} receives no mail."
    if readiness.status == UNKNOWN:
        text = f"Whether {domain} receives mail is unknown."
    remedy = f"Add to its DNS: {'; '.join(readiness.records)}" if readiness.records else ""
    return "warn", f"{text} {readiness.reason}", remedy


def _sends(mail: DomainMail) -> Verdict:
    """Whether receivers take its mail: by SPF and DKIM; and what else they like to see."""
    if mail.sends == READY:
        lines = to_set([each for each in mail.records if each.state is RecordState.ADVISED])
        return "ok", f"{mail.domain} sends mail.", f"Advised: {lines}" if lines else ""
    text = f"Mail from {mail.domain} may be rejected."
    if mail.sends == UNKNOWN:
        text = f"Whether mail from {mail.domain} is accepted is unknown."
    lacking = [
        each
        for each in mail.records
        if each.purpose in (Purpose.SPF, Purpose.DKIM) and each.state is not RecordState.OK
    ]
    reasons = " ".join(dict.fromkeys(each.reason for each in lacking))
    lines = to_set(lacking)
    return "warn", f"{text} {reasons}".rstrip(), f"Add to its DNS: {lines}" if lines else ""


def to_set(records: Sequence[Record]) -> str:
    return "; ".join(line for each in records if (line := zone_line(each.describe())))
