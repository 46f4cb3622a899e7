"""For whoever mistyped a name: the ones that come nearest. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3
FEW, MANY = 12, 40  # so many names are told whole; so many where none comes near


def close_names(given: str, known: Iterable[str]) -> list[str]:
    """At most three of `known`, the nearest first; upper and lower case are the same."""
    by_lower = {name.lower(): name for name in known}
    return [by_lower[found] for found in get_close_matches(given.lower(), by_lower, MOST)]


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`did you mean held or failed?`, or nothing."""
    found = close_names(given, known)
    return (
        f"did you mean {', '.join(found[:-1])}{' or ' if found[1:] else ''}{found[-1]}?"
        if found
        else ""
    )


def no_such(what: str, given: str, known: Iterable[str]) -> str:
    """A sentence for a value that is none of `known`.

    Only for values that are no secret: it names the value.
    """
    names = list(dict.fromkeys(known))
    meant = did_you_mean(given, names)
    listed_names = (
        f"; there are: {', '.join(names)}" if len(names) <= (FEW if meant else MANY) else ""
    )
    return (
        f"there is no {what} "
        f"{given!r}{listed_names if names else ''}{f'; {meant}' if meant else ''}"
    )
