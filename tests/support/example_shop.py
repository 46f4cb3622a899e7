"""A shop that sells subscriptions and sends webhooks of its own; docs/platforms.md shows it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hooks import standard
from hooks.errors import UnknownAction
from hooks.message import plain_type, read_object
from hooks.schemes import WEBHOOK_SCHEMES
from hooks.types import EventMap, Ignored, Intent, Message, Question, Verified, Withdrawal

SCHEME = WEBHOOK_SCHEMES["stripe"]

EVENTS: Mapping[str, str] = {
    "subscription.paused": "mailbox.suspend",
    "subscription.resumed": "mailbox.unsuspend",
    "subscription.ended": "mailbox.terminate",
}

ACTIONS = {action: standard.ACTIONS[action] for action in EVENTS.values()}
QUESTIONS: Mapping[str, type[standard.schemas.Data]] = {}
WITHDRAWALS: Mapping[str, type[standard.schemas.Data]] = {}

write = standard.write


def parse(verified: Verified, event_map: EventMap) -> Message | Ignored:
    """{"id": …, "type": …, "created": SECONDS, "subscription": {"id": …, "mailbox": …}}"""
    event = read_object(verified)
    kind = plain_type(event.get("type"))
    if kind not in EVENTS:
        return Ignored(kind)
    found = event.get("subscription")
    subscription = found if isinstance(found, dict) else {}
    data = {"service_id": subscription.get("id"), "address": subscription.get("mailbox")}
    return Message(EVENTS[kind], in_rfc3339(event.get("created")), data)


def in_rfc3339(seconds: object) -> object:
    """What is no time stays what it is, and is refused by `read`."""
    if not isinstance(seconds, int) or not 0 <= seconds < 2**33:
        return seconds
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def read(message: Message, verified: Verified) -> Intent:
    return standard.read(message, verified, ACTIONS)


def ask(message: Message, verified: Verified) -> Question:
    raise UnknownAction({"type": ["This platform sends no queries."]})


def withdraw(message: Message, verified: Verified) -> Withdrawal:
    raise UnknownAction({"type": ["This platform withdraws nothing."]})


def form(url: str, source: str, secret: str) -> Mapping[str, str]:
    """The platform makes the secret itself, so there is none of ours to fill in."""
    return {"Webhook URL": f"{url}/hooks/{source}"}
