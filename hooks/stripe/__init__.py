"""Stripe's subscriptions: an event says a status, and the source's map where the mailbox stands.

Rule 1: an event that does not name a mailbox is not ours; whatever else it holds, it is ignored.

Times are whole seconds, and the order of events is not guaranteed: which is the newest is decided
where they are recorded.
"""

from collections.abc import Mapping
from dataclasses import replace

from hooks import standard
from hooks.errors import Invalid, UnknownAction
from hooks.message import plain_type, read_object
from hooks.schemes import WEBHOOK_SCHEMES
from hooks.standard.schemas import NATIVE, Data
from hooks.stripe import api
from hooks.stripe.subscription import (
    FIELDS,
    MAPPED,
    STATUSES,
    in_rfc3339,
    message,
    only_notes_changed,
)
from hooks.types import EventMap, Ignored, Intent, Message, Question, Verified, Withdrawal

__all__ = [
    "ACTIONS",
    "FIELDS",
    "QUESTIONS",
    "SCHEME",
    "STATUSES",
    "WITHDRAWALS",
    "api",
    "ask",
    "form",
    "parse",
    "read",
    "withdraw",
    "write",
]

EVENTS = tuple(
    f"customer.subscription.{what}"
    for what in ("created", "updated", "deleted", "paused", "resumed")
)

ACTIONS = NATIVE
QUESTIONS: Mapping[str, type[Data]] = {}
WITHDRAWALS: Mapping[str, type[Data]] = {}

write = standard.write


SCHEME = WEBHOOK_SCHEMES["stripe"]


def parse(verified: Verified, event_map: EventMap) -> Message | Ignored:
    event = read_object(verified)
    kind = plain_type(event.get("type"))
    if kind not in EVENTS:
        return Ignored(kind, "Events of this type say nothing of a subscription's status.")
    given = event.get("data")
    data = given if isinstance(given, dict) else {}
    if only_notes_changed(data.get("previous_attributes")):
        # By its time it may look newer than a change of the same second that came before it.
        return Ignored(kind, "The bridge itself wrote this into the metadata.")
    subscription = data.get("object")
    found = message(
        subscription if isinstance(subscription, dict) else {},
        in_rfc3339(event.get("created")),
        event_map,
    )
    return replace(found, type=kind) if isinstance(found, Ignored) else found


def read(message: Message, verified: Verified) -> Intent:
    """Raises Invalid also for what the map names and does not find."""
    data = message.data if isinstance(message.data, dict) else {}
    missing = {
        f"data.{name}": [f"{MAPPED} {name} finds nothing in this subscription. Set it at Stripe."]
        for name in FIELDS
        if name in data and data[name] is None
    }
    try:
        intent = standard.read(message, verified, ACTIONS)
    except Invalid as error:
        missing = {**error.errors, **missing}
    else:
        if not missing:
            return intent
    raise UnknownAction(missing) if message.type not in ACTIONS else Invalid(missing)


def ask(message: Message, verified: Verified) -> Question:
    raise UnknownAction({"type": ["Stripe sends no queries."]})


def withdraw(message: Message, verified: Verified) -> Withdrawal:
    raise UnknownAction({"type": ["Stripe withdraws nothing."]})


def form(url: str, source: str, secret: str) -> Mapping[str, str]:
    """What to fill in at Stripe under Webhooks. The signing secret is made there."""
    return {"Endpoint URL": f"{url}/hooks/{source}", "Events": ", ".join(EVENTS)}
