"""JSON without surprises: what two parsers could read differently is refused.

Rule 1: only Malformed comes out, and no error carries a piece of the body, which may hold a
password.
"""

import json
import math
import re
from typing import Any

from hooks.errors import Malformed
from hooks.types import Message, Verified

DEEPEST = 32  # objects and lists inside each other; our own format needs 2
LONGEST_NUMBER = 100  # digits

_TYPE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def read_message(verified: Verified) -> Message:
    """The body as a message of our format; raises Malformed.

    Whether `type`, `timestamp` and `data` make sense is asked later.
    """
    body = read_object(verified)
    return Message(plain_type(body.get("type")), body.get("timestamp"), body.get("data"))


def read_object(verified: Verified) -> dict[str, Any]:
    """The body as a JSON object, as a platform with webhooks of its own reads it too; raises
    Malformed."""
    body = _parse(verified.body)
    if not isinstance(body, dict):
        raise Malformed(
            "The body is JSON, but not an object. Send an object with type, timestamp and data."
        )
    _check_depth(body)
    return body


def check_text(verified: Verified) -> None:
    """Raises Malformed where the body is not UTF-8: what cannot be read is kept as text."""
    _text(verified.body)


def plain_type(kind: Any) -> str:
    """A type as it may be stored and shown; "" for what is none."""
    return kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else ""


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")  # a BOM stays in the text, and is refused as "unexpected"
    except UnicodeDecodeError as error:
        fault = f"The body is not UTF-8 from byte {error.start} on. Encode it as UTF-8."
    raise Malformed(fault)  # outside of `except`, because that error holds the whole body


def _parse(body: bytes) -> Any:
    text = _text(body)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        fault = (
            f"The body is not JSON at line {error.lineno}, column {error.colno}. Send one object, "
            "without a BOM."
        )
    except RecursionError:
        fault = _TOO_DEEP
    raise Malformed(fault)  # outside of `except`, because those errors hold the whole body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("An object of the body has the same key twice. Send each key once.")
    return found


def _constant(_: str) -> Any:
    raise Malformed(
        "The body holds NaN or Infinity, which are not JSON. Send null or leave the field out."
    )


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Malformed("A number of the body is too large. Send it as a string or leave it out.")
    return number


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:  # int() itself stops at some thousands, with an error of its own
        raise Malformed(
            f"A number of the body has more than {LONGEST_NUMBER} digits. Send it as a string."
        )
    return int(text)


_TOO_DEEP = f"The body has more than {DEEPEST} objects or lists inside each other. Send flat data."


def _check_depth(body: dict[str, Any]) -> None:
    level: list[Any] = [body]
    for _ in range(DEEPEST):
        children = [
            child for item in level for child in (item.values() if isinstance(item, dict) else item)
        ]
        level = [child for child in children if isinstance(child, dict | list)]
    if level:
        raise Malformed(_TOO_DEEP)
