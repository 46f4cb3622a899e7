"""What a remote wrote, on its way to people: letters, one line, no secret in it, and where a
fault stands. Pure."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

TEXT_LIMIT = 300
PLACE = re.compile("\ue000([0-9]+:[0-9]+)\ue001")
"""Stands for a character that no XML may hold.

Private to us: where an answer holds these itself they are made unreadable.
"""


def clean(text: str | None, mask: re.Pattern[str]) -> str:
    """One short printable line, without any secret."""
    line = text or ""
    if not line.isprintable():  # as hardly any is; places are not
        result = PLACE.sub("\N{REPLACEMENT CHARACTER}", line)
        line = "".join(sign if sign.isprintable() else " " for sign in result)
    return mask.sub("***", line).strip()[:TEXT_LIMIT]


def mask_of(secrets: Iterable[str]) -> re.Pattern[str]:
    forms = {form for secret in secrets if secret for form in written(secret)}
    # (?!) fits nowhere: without secrets nothing is masked.
    return re.compile(
        "|".join(map(re.escape, sorted(forms, key=len, reverse=True))) or "(?!)", re.IGNORECASE
    )


def written(secret: str) -> Iterable[str]:
    """The forms in which a remote may repeat it: as it is, and as in URLs, JSON, code and markup."""
    inner = json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]
    return (
        secret,
        quote(secret),
        quote_plus(secret),
        *inner,
        escape(secret),
        escape(secret, False),
    )


def secrets_in(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Every password that a request carries, however deep: no text of its answer may repeat it."""
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from secrets_in(value)
        elif "password" in name.lower() and isinstance(value, str):
            yield value


def utf8_or_latin1(body: bytes) -> str:
    """UTF-8, and each byte that is none as the letter that it is in latin-1: so one spoils no
    other."""
    return body.decode("utf-8", LATIN1_BYTES)


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


LATIN1_BYTES = "enom-latin-1-bytes"
codecs.register_error(LATIN1_BYTES, _as_latin1)


def line_and_column(line: int, column: int) -> str:
    return f"line {line}, column {column}"
