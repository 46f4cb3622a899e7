"""Whether a domain says what becomes of forged mail: its DMARC record, or that of a domain above it
(RFC 7489). Pure.

Google and Yahoo require one since February 2024, Microsoft since May 2025 [D: support.enom.com,
"Set up DMARC for Enom email"].
"""

from collections.abc import Iterator, Sequence

from bridge.maildns.records import Purpose, Record, RecordState, SetBy, unknown
from bridge.maildns.replies import Question, Replies, parents, reply_to

MOST_PARENTS = 3
POLICIES = ("none", "quarantine", "reject")
PROPOSED = "v=DMARC1; p=none"


def names(domain: str) -> list[str]:
    return [f"_dmarc.{each}" for each in (domain, *parents(domain, MOST_PARENTS))]


def dmarc_among(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.partition(";")[0].strip().lower() == "v=dmarc1")


def questions(domain: str, replies: Replies) -> Iterator[Question]:
    for name in names(domain):
        yield name, "TXT"
        known = replies.get((name, "TXT"))
        if known is None or known.problem or dmarc_among(known.values):
            return


def record(domain: str, replies: Replies) -> Record:
    for name in names(domain):
        reply = reply_to(replies, name, "TXT")
        if reply.problem:
            return unknown(Purpose.DMARC, "TXT", names(domain)[0], reply.problem)
        if found := dmarc_among(reply.values):
            return _judged(domain, name, found)
    reason = (
        "It has no DMARC record. Google, Yahoo and Microsoft want one of everybody who sends "
        "much mail."
    )
    return _to_set(domain, RecordState.ADVISED, reason)


def _judged(domain: str, name: str, found: Sequence[str]) -> Record:
    if len(found) > 1:
        reason = (
            f"{name} has {len(found)} DMARC records, so receivers ignore all of them. Keep only "
            "one."
        )
        return _to_set(domain, RecordState.WRONG, reason, found)
    tags = (tag.partition("=") for tag in found[0].lower().split(";"))
    policy = {key.strip(): value.strip() for key, _, value in tags}.get("p")
    if policy not in POLICIES:
        reason = "Its DMARC record names no policy (p=none, p=quarantine or p=reject)."
        return _to_set(domain, RecordState.WRONG, reason, found)
    reason = f"The DMARC policy is {policy}."
    if name != names(domain)[0]:
        reason = f"The DMARC policy is that of {name}: {policy}."
    return Record(Purpose.DMARC, "TXT", names(domain)[0], RecordState.OK, reason, found)


def _to_set(domain: str, state: RecordState, reason: str, found: Sequence[str] = ()) -> Record:
    name = names(domain)[0]
    return Record(Purpose.DMARC, "TXT", name, state, reason, found, PROPOSED, SetBy.DNS)
