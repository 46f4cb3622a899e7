"""Times as people and other programs read them. Pure.

Inside of the program a time is epoch seconds; its edges make text of it, here and nowhere else.
"""

from collections.abc import Mapping
from typing import Any

from bridge.domain.model import to_rfc3339

NAMES = frozenset({"at", "since", "expires", "now", "as_of", "failed_at"})
ENDS = ("_at", "_after", "_until", "_since", "_from")


def is_time(name: str) -> bool:
    """Whether a field of this name holds a time, where it holds a number."""
    return name in NAMES or name.endswith(ENDS)


def with_times(value: Any, name: str = "") -> Any:
    """The same, with text in RFC 3339 for every time, however deep it lies; None for one that
    was never set."""
    if isinstance(value, Mapping):
        return {key: with_times(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [with_times(each, name) for each in value]
    value = without_zero(value, name)
    return to_rfc3339(value) if isinstance(value, float) and is_time(name) else value


def without_zero(value: Any, name: str) -> Any:
    """The same; None for a time that was never set, which a row may hold as 0."""
    return None if isinstance(value, float) and not value and is_time(name) else value


def clock(moment: float) -> str:
    """1795368423.0 -> 2026-11-22 17:27:03 UTC."""
    return readable(to_rfc3339(moment))


def readable(text: str) -> str:
    """2026-11-22T17:27:03Z -> 2026-11-22 17:27:03 UTC."""
    return text.replace("T", " ").replace("Z", " UTC")
