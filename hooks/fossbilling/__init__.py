"""FOSSBilling has no webhooks of its own; a module of it sends our standard body.

What differs is the id: `service_id` is the number of the order, `client_order.id`.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from marshmallow import Schema

from hooks import standard
from hooks.types import Intent, Message, Question, Verified

__all__ = [
    "ACTIONS",
    "CONNECTION_TEST",
    "QUESTIONS",
    "WITHDRAWALS",
    "ask",
    "form",
    "read",
    "withdraw",
    "write",
]

CONNECTION_TEST = 'Press "Test connection" in the settings of the FOSSBilling module.'

_ID_RULE = "Send the number of the order as a string, like 1042."


def _with_our_id(schema: type[Schema]) -> type[Schema]:
    return standard.with_id(schema, "Fossbilling", _ID_RULE, r"^[1-9][0-9]{0,18}$")


ACTIONS = {name: _with_our_id(schema) for name, schema in standard.ACTIONS.items()}
QUESTIONS = {name: _with_our_id(schema) for name, schema in standard.QUESTIONS.items()}
WITHDRAWALS = standard.WITHDRAWALS

withdraw, write = standard.withdraw, standard.write


def read(message: Message, verified: Verified) -> Intent:
    return standard.read(message, verified, ACTIONS)


def ask(message: Message, verified: Verified) -> Question:
    return standard.ask(message, verified, QUESTIONS)


def form(url: str, source: str, secret: str) -> Mapping[str, str]:
    """The fields of "Add a bridge" in the module's settings, in their order."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return {
        "Hostname": parts.hostname or "",
        "Port": str(parts.port or (443 if secure else 80)),
        "SSL": "Yes" if secure else "No",
        "Source": source,
        "Secret": secret,
    }
