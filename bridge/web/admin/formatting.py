"""Times, states, numbers, names and sentences as a person reads them on a page. Pure."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from markupsafe import Markup

from bridge.domain.model import to_rfc3339
from bridge.reporting import times
from bridge.reporting.next_steps import in_buttons
from bridge.reporting.notes import paused_how as paused_how
from bridge.reporting.times import readable, with_times

UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
LOOKS: Mapping[str, str] = {
    "succeeded": "good", "delivered": "good", "active": "good", "act": "good", "accepted": "good",
    "queued": "open", "running": "open", "pending": "open", "observe": "open", "intent": "open",
    "held": "warn", "parked": "warn", "paused": "warn", "suspended": "warn", "exhausted": "bad", "failed": "bad",
    "refused": "bad", "doubted": "warn", "unknown": "warn", "unsent": "warn", "stopped": "warn",
    "ready": "good", "not_ready": "bad",
    "ok": "good", "missing": "bad", "wrong": "bad", "advised": "open",
}  # fmt: skip
"""How a state looks; what is not here is plain."""
MAIL_PURPOSES: Mapping[str, str] = {
    "mx": "Receiving (MX)",
    "spf": "Sending (SPF)",
    "dkim": "Sending (DKIM)",
    "dmarc": "Policy (DMARC)",
    "autodiscovery": "Mail programs",
}


def span(seconds: float) -> str:
    """`3 minutes`: the largest unit that fits, and nothing below it."""
    for size, name in UNITS:
        if seconds >= size:
            return count(int(seconds // size), name)
    return "a moment"


def ago(moment: float, now: float) -> str:
    """`5 minutes ago`, `in 2 hours`: a time beside the present, both in epoch seconds."""
    seconds = now - moment
    if -1 < seconds < 1:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(-seconds)}"


def clock(moment: float) -> str:
    return times.clock(moment)


def stamp(moment: float) -> str:
    return to_rfc3339(moment)


def look(state: str | None) -> str:
    return LOOKS.get(state or "", "plain")


def label(name: str) -> str:
    """A field's name: `last_error` -> `Last error`."""
    return name.removesuffix("_at").replace("_", " ").capitalize()


def mail_purpose(purpose: str) -> str:
    return MAIL_PURPOSES.get(purpose, purpose)


def size(bytes: int | None) -> str:
    return "" if bytes is None else f"{bytes / 2**30:g} GB"


def count(of: int, name: str) -> str:
    """1 domain, 2 domains."""
    return f"{number(of)} {name}{'' if of == 1 else 's'}"


def path(text: str) -> str:
    """As a part of an address; an address of mail stays readable in it."""
    return quote(text, safe="@:")


def raw(value: object) -> str:
    """What the store tells, as JSON with its times as text."""
    return json.dumps(with_times(value), indent=2, ensure_ascii=False)


def number(value: float) -> str:
    """1234567 -> 1 234 567, with spaces that do not break."""
    return f"{value:,.0f}".replace(",", "\u202f")


LONG = re.compile(r"\S{13,}")
SEAM = re.compile(r"(?<=[@._:/=-])(?=[^@._:/=-]\S{3})")
PIECE = 20  # characters that stay in one piece where a name has no seam
MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
BREAK = Markup("<wbr>")


def breakable(text: object) -> Markup:
    """A text whose long names may be broken at their seams: after `john.doe@`, in the middle of a
    number of 26 digits.

    A place to break shows nothing, and is not copied with the text.
    """
    shown, end = Markup(), 0
    for found in LONG.finditer(str(text)):
        shown += str(text)[end : found.start()]
        shown += BREAK.join(piece for part in SEAM.split(found[0]) for piece in pieces(part))
        end = found.end()
    return shown + str(text)[end:]


def pieces(part: str) -> list[str]:
    """Of nearly the same length, none too long."""
    size = -(-len(part) // -(-len(part) // PIECE))
    return [part[begin : begin + size] for begin in range(0, len(part), size)]


def prose(text: object) -> Markup:
    """A sentence of the program, as a page has it: buttons for commands, times as everywhere
    here."""
    return breakable(MOMENT.sub(lambda found: readable(found[0]), in_buttons(str(text))))
