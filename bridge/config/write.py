"""bridge.toml as `enom-bridge init` writes it: before each key what it does, as it was declared."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from bridge.infra.setting import declared

HEADER = """\
# Configuration of enom-bridge. It holds secrets: keep it readable only by its user (chmod 600).
# A secret may also be written as "env:NAME" or "file:PATH".
# `enom-bridge config check` names every fault, `enom-bridge config show` everything in force.
"""


def document(tables: Iterable[tuple[str, type, Mapping[str, Any]]]) -> str:
    """Each table by its name, the dataclass that declares its keys, and the values to write."""
    return HEADER + "".join(_table(name, keys, values) for name, keys, values in tables)


def key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def toml(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{key(name)} = {toml(item)}" for name, item in value.items())
        return f"{{ {', '.join(pairs)} }}"
    # JSON's strings, numbers, lists and booleans are TOML's, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(name: str, keys: type, values: Mapping[str, Any]) -> str:
    descriptions = {each.name: setting.does for each in fields(keys) if (setting := declared(each))}
    lines = "".join(
        f"# {descriptions[key]}\n{key} = {toml(value)}\n" for key, value in values.items()
    )
    return f"\n[{name}]\n{lines}"
