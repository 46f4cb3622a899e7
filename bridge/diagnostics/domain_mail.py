"""What `doctor` says of the mail of a domain. Pure."""

from collections.abc import Iterator, Sequence

from bridge.maildns.domain_mail import READY, UNKNOWN, DomainMail
from bridge.maildns.records import Purpose, Record, RecordState, zone_line

Verdict = tuple[str, str, str]
"""Level, sentence and remedy."""


def verdicts(mail: DomainMail) -> Iterator[Verdict]:
    yield _receives(mail)
    yield _sends(mail)


def _receives(mail: DomainMail) -> Verdict:
    if mail.receives == READY:
        return "ok", f"{mail.domain} receives mail.", ""
    text = f"{mail.domain} receives no mail."
    if mail.receives == UNKNOWN:
        text = f"Whether {mail.domain} receives mail is unknown."
    return _lacking(text, [each for each in mail.records if each.purpose is Purpose.MX])


def _sends(mail: DomainMail) -> Verdict:
    """Whether receivers take its mail: by SPF and DKIM; and what else they like to see."""
    if mail.sends == READY:
        lines = to_set([each for each in mail.records if each.state is RecordState.ADVISED])
        return "ok", f"{mail.domain} sends mail.", f"Advised: {lines}" if lines else ""
    text = f"Mail from {mail.domain} may be rejected."
    if mail.sends == UNKNOWN:
        text = f"Whether mail from {mail.domain} is accepted is unknown."
    ways = (Purpose.SPF, Purpose.DKIM)
    return _lacking(text, [each for each in mail.records if each.purpose in ways])


def _lacking(text: str, records: Sequence[Record]) -> Verdict:
    lacking = [each for each in records if each.state is not RecordState.OK]
    reasons = " ".join(dict.fromkeys(each.reason for each in lacking))
    lines = to_set(lacking)
    return "warn", f"{text} {reasons}".rstrip(), f"Add to its DNS: {lines}" if lines else ""


def to_set(records: Sequence[Record]) -> str:
    return "; ".join(line for each in records if (line := zone_line(each.describe())))
