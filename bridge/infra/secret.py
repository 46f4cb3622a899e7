"""A secret as it is carried through the program: it never prints itself."""

import hmac

MASK = "***"


class Secret:
    """A text that shows itself only through `reveal()`.

    `origin` is `env:NAME`, `file:PATH` or empty (written in clear).
    """

    __slots__ = ("_text", "origin")

    def __init__(self, text: str, origin: str = "") -> None:
        self._text = text
        self.origin = origin

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._text.encode(), other._text.encode()
        )

    def __hash__(self) -> int:
        return hash(self._text)
