"""Filters of lists as a person types them: in the spelling that is stored, and refused where
nothing can have the value."""

from collections.abc import Callable, Collection, Mapping, Sequence

from bridge.domain.suggestions import no_such
from hooks.address import normalise

Given = Mapping[str, str | None]
Possible = Callable[[str, str, str], Sequence[str] | None]
"""List, filter, value -> None where something can have the value, else what can be looked for."""


class NoSuchValue(Exception):
    """A filter looks for what cannot be there.

    `name` is the filter's, `sentence` names the nearest right values.
    """

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name, self.sentence = name, sentence


def check(
    possible: Possible, configured: Mapping[str, Collection[str]], what: str, given: Given
) -> dict[str, str | None]:
    """The filters as they are looked for, in the words of Lookup.page. `configured` can be looked
    for in any case.

    Raises NoSuchValue.
    """
    wanted = {
        name: spelled(value) if name == "address" and value else value
        for name, value in given.items()
    }
    for name, value in wanted.items():
        if value is None or value in configured.get(name, ()):
            continue
        known = possible(what, name, value)
        if known is not None:
            raise NoSuchValue(
                name,
                no_such(
                    name,
                    value,
                    sorted({*configured[name], *known}) if name in configured else known,
                ),
            )
    return wanted


def spelled(text: str) -> str:
    """An address, or a part of one, in the spelling that it is stored in; anything else in lower
    case."""
    local, at, domain = text.strip().rpartition("@")
    try:
        whole = normalise(f"{local or 'a'}@{domain}")
    except ValueError:
        return text.strip().lower()
    return whole if local else whole.removeprefix("a") if at else whole.removeprefix("a@")
