"""Secrets of the configuration: where they come from, and a wrapper that never prints them."""

import hmac
from collections.abc import Mapping
from pathlib import Path

MASK = "***"


class Secret:
    """A text that shows itself only through `reveal()`. `origin` is `env:NAME`, `file:PATH` or empty (written in clear)."""

    __slots__ = ("_text", "origin")

    def __init__(self, text: str, origin: str = "") -> None:
        self._text = text
        self.origin = origin

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


def resolve(text: str, folder: Path, environ: Mapping[str, str]) -> Secret:
    """The secret that `text` is or names. Raises ValueError with a sentence when there is nothing behind the name."""
    kind, _, name = text.partition(":")
    if kind == "env":
        found = environ.get(name, "")
        fault = f"names the environment variable {name!r}, which is not set or empty; set it before you start the bridge"
    elif kind == "file":
        try:
            found = (folder / name).read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise ValueError(f"names the file {folder / name}, which cannot be read: {reason}") from None
        fault = f"names the file {folder / name}, which is empty; put the secret into it"
    else:
        return Secret(text)
    if not found:
        raise ValueError(fault)
    return Secret(found, origin=text)
