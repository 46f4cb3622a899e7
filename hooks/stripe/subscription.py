"""A subscription as Stripe describes it, as a message of ours. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hooks.types import EventMap, Ignored, Message

FIELDS: Mapping[str, str] = {
    "address": "metadata.mailbox",
    "plan": "",
    "customer_id": "customer",
}
STATUSES: Mapping[str, str] = {
    "active": "ensure",
    "trialing": "ensure",
    "incomplete": "nothing",
    "incomplete_expired": "nothing",
    "past_due": "nothing",
    "unpaid": "suspend",
    "paused": "suspend",
    "canceled": "terminate",
}
"""Every status that Stripe documents [D], and what it means here unless the source says otherwise."""
FINAL = frozenset({"canceled", "incomplete_expired"})
"""No other status follows one of these [D]."""
NOTES = "enom_bridge_"
"""How the names in the metadata begin that the bridge writes."""
MAPPED = "The path that [sources.….map] gives for"

_ACTIONS = {
    "ensure": "mailbox.ensure",
    "suspend": "mailbox.suspend",
    "terminate": "mailbox.terminate",
}


def message(
    subscription: Mapping[str, Any], timestamp: Any, event_map: EventMap
) -> Message | Ignored:
    """What a subscription says: to be there, to be suspended, to go; or nothing.

    A field that the map names and the subscription does not have is None in the message's data.
    """
    paths = {**FIELDS, **event_map.fields}
    address = at(subscription, paths["address"])
    if address in (None, ""):
        return Ignored("", "This subscription names no mailbox.")
    status = subscription.get("status")
    known = status if isinstance(status, str) and status in STATUSES else None
    if isinstance(status, str) and known is None:
        return Ignored("", "The bridge does not know this status.")
    meaning = {**STATUSES, **event_map.when}[known] if known else "ensure"
    if meaning == "nothing":
        return Ignored("", f"The status {known} leaves the mailbox as it is.")
    data: dict[str, Any] = {
        "service_id": subscription.get("id"),
        "address": address,
        "customer_id": at(subscription, paths["customer_id"]),
        "status": status,
    }
    if known in FINAL:
        data["final"] = True
    if paths["plan"] and meaning == "ensure":
        data["plan"] = at(subscription, paths["plan"])
    return Message(_ACTIONS[meaning], timestamp, data)


def only_notes_changed(previous: object) -> bool:
    """Whether an event tells of what the bridge wrote back and of nothing else, by what Stripe says
    was there before [D]."""
    metadata = previous.get("metadata") if isinstance(previous, Mapping) else None
    return (
        isinstance(previous, Mapping)
        and len(previous) == 1
        and isinstance(metadata, Mapping)
        and bool(metadata)
        and all(name.startswith(NOTES) for name in metadata)
    )


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path; a number counts in a list, from 0. None where nothing does."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def in_rfc3339(seconds: object) -> object:
    """What is no time stays what it is, and is refused by `read`."""
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds < 2**33:
        return seconds
    return datetime.fromtimestamp(seconds, UTC).isoformat()
