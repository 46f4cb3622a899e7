"""A Stripe account as its documentation describes it, in this process and on the test's clock: what
its API answers, and the events that it sends of a change.

Shares nothing with hooks/stripe. It keeps what localstripe has not: paused subscriptions, events of
updates, rights of keys, an API that is away.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from bridge.infra.http_client import NotSent, Reply
from tests.support.webhooks import SIGNERS

SECRET = "whsec_made_up_for_the_tests_01"
KEY = "rk_test_madeup0123456789"


class StripeAccount:
    """`sent` are the events, in the order in which they happened. `down`: what the API answers
    instead; 0 is no answer at all. `readable`, `writable`: the rights of the key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.sent: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str]] = []
        self.written: list[dict[str, str]] = []
        self.down: int | None = None
        self.readable = self.writable = True
        self.page = 100

    # What happens at Stripe

    def subscribe(
        self, mailbox: str | None = "john.doe@example.com", status: str = "active", **more: Any
    ) -> str:
        id = f"sub_{len(self.subscriptions) + 1}"
        metadata = {} if mailbox is None else {"mailbox": mailbox}
        self.subscriptions[id] = {
            "id": id,
            "object": "subscription",
            "created": int(self.clock()),
            "customer": "cus_1",
            "items": {"object": "list", "data": [{"price": {"lookup_key": "basic"}}]},
            "status": status,
            "metadata": metadata | more.pop("metadata", {}),
        } | more
        self._event("created", id)
        return id

    def change(self, id: str, kind: str = "updated", **values: Any) -> dict[str, Any]:
        """The event of it."""
        self.subscriptions[id] |= values
        return self._event(kind, id)

    def cancel(self, id: str) -> dict[str, Any]:
        return self.change(id, "deleted", status="canceled", ended_at=int(self.clock()))

    def _event(
        self, kind: str, id: str, previous: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        event: dict[str, Any] = {
            "id": f"evt_{len(self.sent) + 1}",
            "object": "event",
            "created": int(self.clock()),
            "type": f"customer.subscription.{kind}",
            "data": {"object": json.loads(json.dumps(self.subscriptions[id]))},
        }
        if previous is not None:
            event["data"]["previous_attributes"] = previous
        self.sent.append(event)
        return event

    def signed(self, event: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """A delivery of this event now."""
        body = json.dumps(event, indent=2).encode()
        headers = SIGNERS["stripe"](body, int(self.clock()), SECRET)
        return body, headers | {"content-type": "application/json; charset=utf-8"}

    # Its API, in the place of the bridge's way out

    def get(self, url: str, *, timeout: float, limit: int = 0, headers: Mapping[str, str]) -> Reply:
        self._called("GET", url, headers)
        if self.down is not None:
            return self._away()
        if not self.readable:
            return fault(403, "permission_error")
        path, query = unquote(urlsplit(url).path), dict(parse_qsl(urlsplit(url).query))
        if path == "/v1/subscriptions":
            return self._listed(query)
        found = self.subscriptions.get(path.removeprefix("/v1/subscriptions/"))
        return answer(found) if found else fault(404, "resource_missing")

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, limit: int
    ) -> Reply:
        self._called("POST", url, headers)
        if self.down is not None:
            return self._away()
        if not self.writable:  # before it looks for the object
            return fault(403, "permission_error")
        id = unquote(urlsplit(url).path).removeprefix("/v1/subscriptions/")
        found = self.subscriptions.get(id)
        if found is None:
            return fault(404, "resource_missing")
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.written.append(form)
        previous = {}
        for name, value in form.items():
            key = name.removeprefix("metadata[").removesuffix("]")
            previous[key] = found["metadata"].get(key)
            if value:
                found["metadata"][key] = value
            else:
                found["metadata"].pop(key, None)
        self._event("updated", id, {"metadata": previous})
        return answer(found)

    def _called(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        assert headers["authorization"] == f"Bearer {KEY}"
        self.calls.append((method, url))

    def _away(self) -> Reply:
        if not self.down:
            raise NotSent("it refuses connections (api.stripe.com)")
        return fault(self.down, "api_error")

    def _listed(self, query: Mapping[str, str]) -> Reply:
        assert query["status"] == "all"  # else the ended ones are left out
        ids = [*reversed(self.subscriptions)]  # the newest first
        begin = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        some = ids[begin : begin + min(self.page, int(query["limit"]))]
        return answer(
            {
                "object": "list",
                "data": [self.subscriptions[id] for id in some],
                "has_more": begin + len(some) < len(ids),
            }
        )


def answer(content: object) -> Reply:
    return Reply(200, {}, json.dumps(content).encode())


def fault(status: int, type: str) -> Reply:
    return Reply(status, {}, json.dumps({"error": {"type": type}}).encode())
