"""Long lists, cut short: the first lines, and how many more there are."""

from collections.abc import Iterator, Sequence

SEE_ALL = "and {:,} more; see them with --all"


def first(lines: Sequence[str], most: int | None, more: str = SEE_ALL) -> Iterator[str]:
    """At most so many lines (None: all of them); then `more`, with the number of those that were
    left out."""
    yield from lines if most is None else lines[:most]
    if most is not None and len(lines) > most:
        yield more.format(len(lines) - most)
