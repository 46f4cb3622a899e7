"""Whether a domain's SPF record allows its account's servers, itself or through what it includes
(RFC 7208). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.maildns.expected import ExpectedDns
from bridge.maildns.replies import Question, Replies, reply_to

MOST_LOOKUPS = 10
"""A record that needs more is ignored by receivers (RFC 7208, 4.6.4)."""
LOOKED_UP = frozenset({"include", "redirect", "exists", "a", "mx", "ptr"})


@dataclass(frozen=True)
class Walk:
    """`reached`: the domains whose SPF records count for this one too. `unsure`: why there may be
    more of them."""

    reached: tuple[str, ...] = ()
    next: tuple[Question, ...] = ()
    unsure: str = ""

    def reaches(self, wanted: ExpectedDns) -> bool:
        return any(name in wanted.spf_includes for name in self.reached)


def spf_among(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.lower().split(" ")[0] == "v=spf1")


def words_of(spf: str) -> list[str]:
    """What counts: nothing behind `all`, and no redirect beside it (RFC 7208, 5.1 and 6.1).

    `+` is what a mechanism without a sign means (4.6.2).
    """
    words = [word.lower().lstrip("+") for word in spf.split()[1:]]
    ends = [place for place, word in enumerate(words) if word.lstrip("-~?") == "all"]
    if not ends:
        return words
    return [word for word in words[: ends[0]] if not word.startswith("redirect=")]


def included_by(spf: str) -> list[str]:
    return [
        word.partition(sign)[2].rstrip(".")
        for word in words_of(spf)
        for kind, sign in (("include:", ":"), ("redirect=", "="))
        if word.startswith(kind)
    ]


def lookups(spf: str) -> int:
    """How many a receiver needs for this record itself, without those of what it includes."""
    kinds = (re.split(r"[:=/]", word.lstrip("-~?"))[0] for word in words_of(spf))
    return sum(kind in LOOKED_UP for kind in kinds)


def walk(domain: str, wanted: ExpectedDns, replies: Replies) -> Walk:
    """As far as the replies go. It ends where a wanted name is reached, and after as many questions
    as a receiver may ask."""
    reached: list[str] = []
    unsure = ""
    ahead = [
        name
        for spf in spf_among(reply_to(replies, domain, "TXT").values)
        for name in included_by(spf)
    ]
    while ahead:
        found = Walk((*reached, *ahead), unsure=unsure)
        if found.reaches(wanted) or len(reached) >= MOST_LOOKUPS:
            return found
        name = ahead.pop(0)
        if name in reached:
            continue
        if "%" in name:
            unsure = f"{name} depends on the message"
        elif (name, "TXT") not in replies:
            return Walk((*reached, name, *ahead), ((name, "TXT"),), unsure)
        else:
            reply = replies[name, "TXT"]
            unsure = unsure or reply.problem
            ahead += [each for spf in spf_among(reply.values)[:1] for each in included_by(spf)]
        reached.append(name)
    return Walk(tuple(reached), unsure=unsure)


def spf_fault(found: Sequence[str], reached: Walk, wanted: ExpectedDns) -> tuple[str, str] | None:
    """What is wrong, and the text of the record to set; None where nothing is."""
    if not found:
        reason = "It has no SPF record, so mail from its mailboxes may be rejected as forged."
        return reason, f"v=spf1 include:{wanted.spf_includes[0]} ~all"
    if len(found) > 1:
        reason = f"It has {len(found)} SPF records, so receivers ignore all of them. Keep only one."
        return reason, merged(found, wanted)
    if not reached.reaches(wanted):
        reason = (
            "Its SPF record does not include the provider's mail servers, "
            "so mail from its mailboxes may be rejected."
        )
        return reason, with_include(found[0], wanted)
    if (needed := lookups(found[0])) > MOST_LOOKUPS:
        reason = (
            f"Its SPF record needs {needed} DNS lookups. Receivers ignore one that needs more "
            f"than {MOST_LOOKUPS}: remove what is not needed."
        )
        return reason, found[0]
    return None


def merged(found: Sequence[str], wanted: ExpectedDns) -> str:
    """One record of several. More than one is a permanent error, whatever they say (4.5)."""
    words = [word for text in found for word in text.split()[1:] if not word.endswith("all")]
    return with_include(f"v=spf1 {' '.join(dict.fromkeys(words))} ~all", wanted)


def with_include(spf: str, wanted: ExpectedDns) -> str:
    """The record as it is, with what is missing in front of its end."""
    first, *rest = spf.split()
    if any(name in wanted.spf_includes for name in included_by(spf)):
        return " ".join([first, *rest])
    # In front, because what stands behind `all` is never reached (RFC 7208, 5.1).
    include = f"include:{wanted.spf_includes[0]}"
    return " ".join([first, include, *(word for word in rest if word.lower() != include)])
