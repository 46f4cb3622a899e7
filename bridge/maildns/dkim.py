"""Whether a domain's mail can be signed, by the names of keys that resolve. Pure.

OpenSRS documents `key1` and `key2` as CNAMEs [D: support.opensrs.com, DMARC on the hosted email
platform]; a reseller of Enom shows `k1` and `k2`, after a request to Enom [O]. Which of them a
domain has, only DNS can say: none is proposed whose key is not seen.
"""

from collections.abc import Iterator

from bridge.maildns.expected import ExpectedDns
from bridge.maildns.records import Purpose, Record, RecordState, SetBy, unknown
from bridge.maildns.replies import Question, Replies, Reply, reply_to

KEYS = ("key1", "key2", "k1", "k2")
TARGET = "{key}.{domain}.dkim.hostedemail.link"
LONGEST = 60  # characters of a key that are shown


def own(key: str, domain: str) -> str:
    return f"{key}._domainkey.{domain}"


def target(key: str, domain: str) -> str:
    return TARGET.format(key=key, domain=domain)


def key_in(reply: Reply) -> str:
    """The key record; empty where there is none, or one that was revoked (RFC 6376, 3.6.1)."""
    for text in reply.values:
        tags = dict(
            (name.strip(), value.strip())
            for name, _, value in (tag.partition("=") for tag in text.split(";"))
        )
        if tags.get("p") and tags.get("v", "DKIM1") == "DKIM1":
            return text
    return ""


def questions(domain: str, wanted: ExpectedDns, replies: Replies) -> Iterator[Question]:
    """What the domain has; and only where that is no key, what the platform has for it."""
    if not wanted.on_platform:
        return
    yield from ((own(key, domain), "TXT") for key in KEYS)
    replied = [replies.get((own(key, domain), "TXT")) for key in KEYS]
    if all(replied) and not any(reply and key_in(reply) for reply in replied):
        yield from ((target(key, domain), "TXT") for key in KEYS)


def records(domain: str, wanted: ExpectedDns, replies: Replies) -> list[Record]:
    if not wanted.on_platform:
        return []
    has = {key: reply_to(replies, own(key, domain), "TXT") for key in KEYS}
    if working := [key for key in KEYS if key_in(has[key])]:
        return [_works(own(key, domain), has[key]) for key in working]
    there = [
        key
        for key in KEYS
        if not has[key].problem and key_in(reply_to(replies, target(key, domain), "TXT"))
    ]
    if there:
        return [_to_set(key, domain, has[key]) for key in there]
    problems = [
        reply.problem
        for key in KEYS
        for reply in (has[key], reply_to(replies, target(key, domain), "TXT"))
        if reply.problem
    ]
    if problems:
        return [unknown(Purpose.DKIM, "CNAME", own(KEYS[0], domain), problems[0])]
    return [_no_key(domain, has)]


def _works(name: str, reply: Reply) -> Record:
    kind = "CNAME" if reply.alias else "TXT"
    found = reply.alias or cut(key_in(reply))
    reason = "A DKIM key is published."
    return Record(Purpose.DKIM, kind, name, RecordState.OK, reason, (found,))


def _to_set(key: str, domain: str, has: Reply) -> Record:
    found = _found(has)
    return Record(
        Purpose.DKIM,
        "CNAME",
        own(key, domain),
        RecordState.WRONG if found else RecordState.MISSING,
        "The provider has a DKIM key for this domain, but the domain does not point to it.",
        found,
        target(key, domain),
        SetBy.DNS,
    )


def _no_key(domain: str, has: dict[str, Reply]) -> Record:
    """Nothing can be proposed: a CNAME to a key that is not there signs nothing."""
    wrong = [key for key in KEYS if _found(has[key])]
    key = wrong[0] if wrong else KEYS[0]
    reason = "No DKIM key was found under the names that are known. Ask the provider for one."
    if wrong:
        reason = f"What {own(key, domain)} has is no DKIM key. Ask the provider for one."
    return Record(
        Purpose.DKIM,
        "CNAME",
        own(key, domain),
        RecordState.WRONG if wrong else RecordState.MISSING,
        reason,
        _found(has[key]),
        set_by=SetBy.PROVIDER,
    )


def _found(reply: Reply) -> tuple[str, ...]:
    return (reply.alias,) if reply.alias else tuple(cut(text) for text in reply.values[:1])


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
