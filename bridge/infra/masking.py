"""Secrets are masked here in what people may read: settings that are shown, log lines.

Apart from the log pipeline, because reading the settings needs no more than this.
What is not text, a number, a list or a table is shown by its repr.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from html import escape
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 6  # a shorter value would blot out ordinary words; it is masked by its key alone
_KEY = re.compile(
    r"passw|passphrase|token|secret|authori[sz]ation|credential|signature|cookie|api_?key"
    r"|(^|[^a-z])(pw|keys?)($|[^a-z])|pw$",
    re.IGNORECASE,
)
# pw=… in a URL or a message, 'password': '…' in the repr of a form.
_PAIR = re.compile(
    r"""((?:password|passwd|token|secret|signature|pw)s?(?:=|["']\s*:\s*))"""
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s&,;"'<>]+)""",
    re.IGNORECASE,
)
_registered: set[str] = set()
_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())


def register(value: str) -> None:
    """From now on `value` is masked in every line, in each form that it may be written in.

    For the secrets of the settings.
    """
    _registered.update(_forms(value))
    _longest_first.cache_clear()


@contextmanager
def hiding(*values: str) -> Iterator[None]:
    """The same for the lines of one block of work only. For a hook's password."""
    token = _hidden.set(_hidden.get().union(*map(_forms, values)))
    try:
        yield
    finally:
        _hidden.reset(token)


def mask(text: str) -> str:
    """`text` without any registered value, and without what follows `password=` and its like."""
    for form in _longest_first(_hidden.get()):
        text = text.replace(form, MASK)
    return _PAIR.sub(rf"\1{MASK}", text)


def harmless(event: Mapping[str, object]) -> bool:
    """Whether `masked` would leave every value of a log line as it is: asked of all of them at
    once, which is what nearly every line needs."""
    texts = []
    for key, value in event.items():
        if isinstance(value, str):
            texts.append(value)
        elif value is not None and not isinstance(value, bool | int | float):
            return False
        if value is not None and not isinstance(value, bool) and _names_secret(key):
            return False
    # A match that begins in one value and ends in the next only costs the longer way.
    text = "\n".join(texts)
    return not any(form in text for form in _longest_first(_hidden.get())) and not _PAIR.search(
        text
    )


@lru_cache(1000)
def _names_secret(key: str) -> bool:
    return bool(_KEY.search(key))


@lru_cache(64)
def _longest_first(hidden: frozenset[str]) -> list[str]:
    return sorted(_registered | hidden, key=len, reverse=True)


def masked(key: object, value: object) -> object:
    """`value` as it may be written beside `key`: whole tables and lists too."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(key, str) and _names_secret(key):
        return MASK
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {mask(str(inner)): masked(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(None, item) for item in value]
    if isinstance(value, bytes):
        return mask(value.decode(errors="backslashreplace"))
    return mask(value if isinstance(value, str) else repr(value))


def _forms(value: str) -> frozenset[str]:
    """The value as it is, URL-encoded, escaped for HTML, in base64 at any offset (as in Basic), and escaped up to twice
    for JSON and Python (a body within a repr)."""
    if len(value) < SHORTEST:
        return frozenset()
    raw = value.encode(errors="surrogatepass")
    forms = {
        value,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        escape(value),
        repr(raw)[2:-1],
    }
    for _ in range(2):
        forms |= {text for form in forms for text in _escaped(form)}
    for offset in range(3):
        encoded = b64encode(b"\0" * offset + raw).decode()[
            (0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6
        ]
        forms |= {encoded, encoded.translate({43: "-", 47: "_"})}
    return frozenset(forms)


def _escaped(text: str) -> set[str]:
    return {repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
