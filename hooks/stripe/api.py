"""What Stripe's API is asked, and what it answered. Pure: nothing is sent here.

https://docs.stripe.com/api/subscriptions [D]. Nothing that an answer holds is repeated by an error.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from hooks.stripe import subscription as subscriptions
from hooks.types import ApiCall, EventMap, Ignored, Message

ENDPOINT = "https://api.stripe.com"
PREFIX = f"metadata.{subscriptions.NOTES}"
PAGE = 100  # the most that Stripe gives
PLACE = "/v1/subscriptions"

_KEY = re.compile(r"(sk|rk)_[A-Za-z0-9_]{4,250}")
_NOBODYS = "sub_enom_bridge_asks"  # no subscription of Stripe has such an id


def check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(
            "must be an API key of Stripe: a restricted key (rk_…) or a secret key (sk_…)"
        )


def is_live(key: str) -> bool:
    return key.partition("_")[2].startswith("live_")


def check_secret(secret: str) -> None:
    """It is used as text: what follows whsec_ is not decoded."""
    if not secret.startswith("whsec_"):
        raise ValueError(
            "must be the signing secret of the webhook endpoint, which begins with whsec_; an API "
            "key belongs into api.key"
        )


def look(service_id: str, key: str) -> ApiCall:
    return ApiCall("GET", f"{PLACE}/{quote(service_id, safe='')}", _headers(key))


def seen(body: bytes) -> Mapping[str, Any]:
    found = _object(body)
    if found.get("object") != "subscription" or not isinstance(found.get("id"), str):
        raise ValueError("the answer is no subscription")
    return found


def listing(after: str, key: str) -> ApiCall:
    asked = {"status": "all", "limit": str(PAGE)} | ({"starting_after": after} if after else {})
    return ApiCall("GET", f"{PLACE}?{urlencode(asked)}", _headers(key))


def listed(body: bytes) -> tuple[Sequence[Mapping[str, Any]], str]:
    found = _object(body)
    items, more = found.get("data"), found.get("has_more")
    if not isinstance(items, list) or not isinstance(more, bool):
        raise ValueError("the answer is no list")
    if not all(isinstance(each, dict) and isinstance(each.get("id"), str) for each in items):
        raise ValueError("the answer lists what is no subscription")
    return items, str(items[-1]["id"]) if more and items else ""


def note(service_id: str, notes: Mapping[str, str], key: str) -> ApiCall:
    form = {f"metadata[{subscriptions.NOTES}{name}]": value for name, value in notes.items()}
    return ApiCall(
        "POST",
        f"{PLACE}/{quote(service_id, safe='')}",
        {**_headers(key), "content-type": "application/x-www-form-urlencoded"},
        urlencode(form).encode(),
    )


def may_write(key: str) -> ApiCall:
    """Stripe looks at a key's rights before it looks for the subscription [D]."""
    return note(_NOBODYS, {"status": ""}, key)


def status(subscription: Mapping[str, Any]) -> str:
    found = subscription.get("status")
    return found if isinstance(found, str) and found in subscriptions.STATUSES else "unknown"


def message(subscription: Mapping[str, Any], at: float, event_map: EventMap) -> Message | Ignored:
    return subscriptions.message(
        subscription, datetime.fromtimestamp(int(at), UTC).isoformat(), event_map
    )


def _headers(key: str) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key}"}


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError("the answer is no JSON object")
    return found
