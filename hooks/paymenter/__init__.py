"""Paymenter has no webhooks of its own; a server extension sends our standard body for it.

What differs is the id: `service_id` is the number of the service.
"""

from collections.abc import Mapping

from marshmallow import Schema

from hooks import standard
from hooks.types import Intent, Message, Question, Verified

__all__ = [
    "ACTIONS",
    "CONNECTION_TEST",
    "FUNCTIONS",
    "QUESTIONS",
    "WITHDRAWALS",
    "ask",
    "form",
    "read",
    "withdraw",
    "write",
]

# What leads to a hook in Paymenter: functions of a server extension; the last two are the
# extension's own, for the customer's form and for a paid renewal.
FUNCTIONS: Mapping[str, str] = {
    "createServer": "mailbox.create",
    "suspendServer": "mailbox.suspend",
    "unsuspendServer": "mailbox.unsuspend",
    "terminateServer": "mailbox.terminate",
    "upgradeServer": "mailbox.change_plan",
    "password": "mailbox.change_password",
    "renew": "mailbox.renew",
}

CONNECTION_TEST = "Press Test Connection at the server in Paymenter."

_ID_RULE = "Send the number of the service as a string, like 1042."


def _with_our_id(schema: type[Schema]) -> type[Schema]:
    return standard.with_id(schema, "Paymenter", _ID_RULE, r"^[1-9][0-9]{0,18}$")


ACTIONS = {action: _with_our_id(standard.ACTIONS[action]) for action in FUNCTIONS.values()}
QUESTIONS = {name: _with_our_id(schema) for name, schema in standard.QUESTIONS.items()}

WITHDRAWALS = standard.WITHDRAWALS

withdraw, write = standard.withdraw, standard.write


def read(message: Message, verified: Verified) -> Intent:
    return standard.read(message, verified, ACTIONS)


def ask(message: Message, verified: Verified) -> Question:
    return standard.ask(message, verified, QUESTIONS)


def form(url: str, source: str, secret: str) -> Mapping[str, str]:
    """The fields of "New Server", in their order."""
    return {
        "Server": "EnomBridge",
        "Bridge URL": url,
        "Source": source,
        "Signing secret": secret,
    }
