"""How a setting is declared: once, as a field of the frozen dataclass that the program reads.

The field has the name and the type, `setting(…)` has the rest:

    keep_days: int = setting("Days that ended jobs are kept.", 90, low=1)

`bridge.config` makes the checks, the values and the comments of `enom-bridge init` from it. A part
of the program that `bridge.config` imports, such as a backend, declares its own settings likewise.
"""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any

_KEY = "setting"


@dataclass(frozen=True)
class Setting:
    does: str
    default: Any
    needs: str
    read: Callable[[str], Any] | None
    name: Callable[[str], Any]
    choices: tuple[str, ...]
    low: int | None
    high: int | None
    above: int | None
    filled: bool
    elsewhere: bool


def setting(
    does: str,
    default: Any = None,
    *,
    needs: str = "",
    read: Callable[[str], Any] | None = None,
    name: Callable[[str], Any] = str,
    choices: tuple[str, ...] = (),
    low: int | None = None,
    high: int | None = None,
    above: int | None = None,
    filled: bool = False,
    elsewhere: bool = False,
    repr: bool = True,
) -> Any:
    """The field of one setting. `does` is a plain sentence: what the setting does.

    `needs`: it has no default, and this is an example of the line to add. `read` gets the text (of a
    list or a table: each text), returns the value in use, and raises ValueError with a sentence.
    `name` likewise checks the names of a table that the admin chooses. `low`, `high` and `above`
    are the range. `filled`: the list has an entry at least. `elsewhere`: text that may hold a
    password, or stands beside one, and so may be written as `env:NAME` or `file:PATH`; a `Secret`
    may always.
    """
    made = Setting(does, default, needs, read, name, choices, low, high, above, filled, elsewhere)
    return field(repr=repr, metadata={_KEY: made})


def declared(of: "Field[Any]") -> Setting | None:
    """What was declared of this field; None: it is not a setting."""
    found = of.metadata.get(_KEY)
    return found if isinstance(found, Setting) else None


def filled(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be printable text that is not empty")
    return text
