"""Where a secret comes from: it is written as itself, as `env:NAME` or as `file:PATH`."""

from collections.abc import Mapping
from pathlib import Path

from bridge.infra.secret import Secret


def resolve(text: str, folder: Path, environ: Mapping[str, str]) -> Secret:
    """The secret that `text` is or names; a file counts from `folder`.

    Raises ValueError with a sentence when there is nothing behind the name.
    """
    kind, _, name = text.partition(":")
    if kind == "env":
        found = environ.get(name, "")
        fault = (
            f"names the environment variable {name!r}, which is not set or empty; set it before "
            "you start the bridge"
        )
    elif kind == "file":
        found = _content(folder / name)
        fault = f"names the file {folder / name}, which is empty; put the secret into it"
    else:
        return Secret(text)
    if not found:
        raise ValueError(fault)
    return Secret(found, origin=text)


def _content(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ValueError(f"names the file {file}, which cannot be read: {reason}") from None
