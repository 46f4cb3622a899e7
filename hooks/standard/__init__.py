"""Our own body, `{"type", "timestamp", "data"}`, for any sender that has none of its own.

Only HookErrors come out of reading; an Invalid names all faults at once, by field, and repeats no
value.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError

from hooks.errors import Invalid, UnknownAction
from hooks.signing import WINDOW
from hooks.standard.fields import Moment, Text
from hooks.standard.schemas import ACTIONS, OF_SERVICE, QUESTIONS, WITHDRAWALS, OfService
from hooks.types import Intent, Message, Question, Report, Verified, Withdrawal

__all__ = [
    "ACTIONS",
    "OF_SERVICE",
    "QUESTIONS",
    "WITHDRAWALS",
    "ask",
    "form",
    "read",
    "with_id",
    "withdraw",
    "write",
]

Schemas = Mapping[str, type[Schema]]

# Made once, not for each message
_TIMESTAMP, _EPOCH = Moment(), datetime.fromtimestamp(0, UTC)


def read(message: Message, verified: Verified, actions: Schemas = ACTIONS) -> Intent:
    """What a body sent to `/hooks` wants; raises UnknownAction or Invalid.

    Other platforms pass their `actions`.
    """
    timestamp, data = _load(message, verified, actions, lambda: _hint(message.type, actions))
    return Intent(message.type, timestamp, **data, unknown=_unknown(message, actions[message.type]))


def _hint(kind: str, actions: Schemas) -> str:
    """What to do with a type that is none of `actions`."""
    if kind in WITHDRAWALS:
        return "This withdraws a hook: send it to /hooks, signed."
    if kind in QUESTIONS:
        return "This is a query: send it to /query."
    return _one_of({**actions, **WITHDRAWALS})


def withdraw(message: Message, verified: Verified) -> Withdrawal:
    """What a body of one of WITHDRAWALS, sent to `/hooks`, takes back; raises UnknownAction or
    Invalid."""
    _, data = _load(message, verified, WITHDRAWALS, lambda: _one_of(WITHDRAWALS))
    return Withdrawal(data["hook"])


def ask(message: Message, verified: Verified, questions: Schemas = QUESTIONS) -> Question:
    """What a body sent to `/query` asks; raises UnknownAction or Invalid."""
    is_action = message.type in ACTIONS or message.type in WITHDRAWALS

    def hint() -> str:
        return "This is an action: send it to /hooks." if is_action else _one_of(questions)

    _, data = _load(message, verified, questions, hint)
    return Question(
        message.type, {name: value for name, value in data.items() if value is not None}
    )


def write(report: Report) -> bytes:
    """The body of a callback: compact JSON in ASCII, the time in UTC."""
    time = report.timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"type": report.type, "timestamp": time, "data": dict(report.data)}
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()


def with_id(schema: type[Schema], platform: str, rule: str, pattern: str) -> type[Schema]:
    """The same for a platform whose services have ids of another form; `rule` says which."""
    if not issubclass(schema, OfService):
        return schema
    ids = {"service_id", "from_service_id"} & {*schema().fields}
    own: dict[str, Any] = {id: Text(rule, required=True, pattern=pattern) for id in ids}
    return schema.from_dict(own, name=f"{platform}{schema.__name__}")


def form(url: str, source: str, secret: str) -> Mapping[str, str]:
    """Where a sender of our own format posts its hooks, and what it signs them with."""
    return {"URL": f"{url}/hooks/{source}", "secret": secret}


def _load(
    message: Message, verified: Verified, schemas: Schemas, hint: Callable[[], str]
) -> tuple[datetime, dict[str, Any]]:
    errors: dict[str, list[str]] = {}
    schema = schemas.get(message.type)
    if schema is None:
        errors["type"] = [hint()]
    timestamp = _timestamp(message, verified, errors)
    data = _data(message, schema, errors) if schema else {}
    if errors:
        # Raised out here, because marshmallow's error carries the data, password included.
        raise Invalid(errors) if schema else UnknownAction(errors)
    return timestamp, data


def _timestamp(message: Message, verified: Verified, errors: dict[str, list[str]]) -> datetime:
    try:
        timestamp: datetime = _TIMESTAMP.deserialize(message.timestamp)
    except ValidationError as error:
        errors["timestamp"] = [str(fault) for fault in error.messages]
        return _EPOCH
    if (timestamp - _EPOCH).total_seconds() > verified.timestamp + WINDOW:
        errors["timestamp"] = [
            f"More than {WINDOW} s ahead of the signature's time. Send when the event happened."
        ]
    return timestamp


def _data(message: Message, schema: type[Schema], errors: dict[str, list[str]]) -> dict[str, Any]:
    data = {} if message.data is None else message.data
    if not isinstance(data, dict):
        errors["data"] = ["Not an object. Send the fields of this type as an object."]
        return {}
    try:
        return dict(_made(schema).load(data))
    except ValidationError as error:
        errors |= {f"data.{field}": list(faults) for field, faults in error.messages_dict.items()}
    return {}


@cache
def _made(schema: type[Schema]) -> Schema:
    """Once: making one copies all of its fields, and reading changes nothing in it."""
    return schema()


def _unknown(message: Message, schema: type[Schema]) -> tuple[str, ...]:
    """The names that nobody reads, fit to be stored and shown: at most 20 of at most 64 plain
    characters."""
    names = sorted({*message.data} - {*_made(schema).fields})
    return tuple(re.sub(r"[^A-Za-z0-9_.-]", "?", name[:64]) for name in names[:20])


def _one_of(schemas: Schemas) -> str:
    return f"Unknown type. Send one of {', '.join(schemas)}."
