"""WHMCS has no webhooks of its own; a provisioning module sends our standard body for it.

What differs is the id: `service_id` is `tblhosting.id`, or `a` and `tblhostingaddons.id` for a
product add-on: the two tables count apart.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

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

# The functions of a WHMCS server module, without their prefix.
FUNCTIONS: Mapping[str, str] = {
    "CreateAccount": "mailbox.create",
    "SuspendAccount": "mailbox.suspend",
    "UnsuspendAccount": "mailbox.unsuspend",
    "TerminateAccount": "mailbox.terminate",
    "ChangePassword": "mailbox.change_password",
    "ChangePackage": "mailbox.change_plan",
    "Renew": "mailbox.renew",
}
PAGE = ("mailbox.set_aliases", "mailbox.set_forwarding")
"""What a customer's page may ask for; no function of a server module does."""
STAFF = ("mailbox.change_service",)
"""What staff's page of a service may ask for."""

CONNECTION_TEST = "Press Test Connection at the server in WHMCS."

_ID_RULE = (
    "Send the number of the service as a string, like 1042, or a and the number of a product "
    "add-on, like a77."
)


def _with_our_id(schema: type[Schema]) -> type[Schema]:
    return standard.with_id(schema, "Whmcs", _ID_RULE, r"^a?[1-9][0-9]{0,18}$")


ACTIONS = {
    action: _with_our_id(standard.ACTIONS[action])
    for action in (*FUNCTIONS.values(), *PAGE, *STAFF, *standard.OF_SERVICE)
}
QUESTIONS = {name: _with_our_id(schema) for name, schema in standard.QUESTIONS.items()}

WITHDRAWALS = standard.WITHDRAWALS

withdraw, write = standard.withdraw, standard.write


def read(message: Message, verified: Verified) -> Intent:
    return standard.read(message, verified, ACTIONS)


def ask(message: Message, verified: Verified) -> Question:
    return standard.ask(message, verified, QUESTIONS)


def form(url: str, source: str, secret: str) -> Mapping[str, str]:
    """The fields of "Add New Server", in their order."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return {
        "Module": "enom-bridge mailbox",
        "Hostname": parts.hostname or "",
        "Port": str(parts.port or (443 if secure else 80)),
        "SSL": "ticked" if secure else "not ticked",
        "Username": source,
        "Password": secret,
    }
