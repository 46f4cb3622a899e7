"""A bridge whose one source is a Stripe account; everything happens in the thread that asks."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from bridge.infra.http_client import Reply
from bridge.store.base import tables
from tests.support.scene import Open, Scene
from tests.support.stripe_account import KEY, SECRET, StripeAccount

JOHN = "john.doe@example.com"
LINK = re.compile(r"https?://[^/]+(/password/[A-Za-z0-9_-]{43})")
CONFIG: dict[str, Any] = {
    "source__platform": "stripe",
    "source__secrets": [SECRET],
    "safety__terminate_grace_days": 14,
    "api__key": KEY,
}


class CallbackReceiver:
    """Stands where callbacks go out. `answers`: statuses to give before 200."""

    def __init__(self) -> None:
        self.webhook = Webhook("whsec_" + base64.b64encode(SECRET.encode()).decode())
        self.received: list[dict[str, Any]] = []
        self.answers: list[int] = []

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, limit: int
    ) -> Reply:
        expected = self.webhook.sign(
            headers["webhook-id"], at(headers["webhook-timestamp"]), body.decode()
        )
        assert headers["webhook-signature"] == expected
        self.received.append(json.loads(body))
        return Reply(self.answers.pop(0) if self.answers else 200, {}, b"")


def at(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


class Subs:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.stripe = StripeAccount(lambda: scene.clock.now)
        self.receiver = CallbackReceiver()
        self._given = 0
        scene.engine.callbacks.outgoing = self.receiver  # type: ignore[assignment]  # a stand-in
        for each in (scene.engine.background.write_back, scene.engine.worker.read_back):
            each.outgoing = self.stripe  # type: ignore[union-attr]  # they are there

    def deliver(self, event: Mapping[str, Any]) -> TestResponse:
        body, headers = self.stripe.signed(event)
        return self.scene.post("/hooks/shop", body, headers)

    def deliver_new(self) -> list[TestResponse]:
        """What happened at Stripe since the last time, in order."""
        new, self._given = self.stripe.sent[self._given :], len(self.stripe.sent)
        return [self.deliver(event) for event in new]

    def settle(self, seconds: float = 300.0) -> None:
        """Everything that follows of what happened: deliveries, jobs, callbacks, notes at Stripe,
        and what Stripe says of these."""
        self.deliver_new()
        self.scene.work(seconds)
        self.scene.call_back()
        self.scene.engine.background.write_back.send_due()
        for answer in self.deliver_new():
            assert answer.json == {"status": "ignored"}, answer.text
        assert not self.open_jobs()

    def active(self, mailbox: str = JOHN, **more: Any) -> str:
        """A subscription whose mailbox is there."""
        id = self.stripe.subscribe(mailbox, **more)
        self.settle()
        assert self.state(mailbox) == "active"
        return id

    def state(self, mailbox: str = JOHN) -> str:
        found = self.scene.mailbox(mailbox)
        return "absent" if found is None else str(found["status"])

    def notes(self, id: str) -> dict[str, str]:
        """What the bridge wrote into the subscription."""
        metadata = self.stripe.subscriptions[id]["metadata"]
        return {
            name.removeprefix("enom_bridge_"): value
            for name, value in metadata.items()
            if name.startswith("enom_bridge_")
        }

    def jobs(self, **like: Any) -> list[dict[str, Any]]:
        rows = self.rows("jobs")
        return [row for row in rows if all(row[name] == value for name, value in like.items())]

    def open_jobs(self) -> list[dict[str, Any]]:
        return [row for row in self.rows("jobs") if row["status"] in ("queued", "running")]

    def rows(self, name: str) -> list[dict[str, Any]]:
        table = tables.metadata.tables[name]
        query = sa.select(table).order_by(next(iter(table.primary_key)))
        with self.scene.service.database.read() as tx:
            return [dict(row) for row in tx.execute(query).mappings()]

    def link(self) -> str:
        """The path of the newest link that a callback brought."""
        links = [each["data"].get("password_link") for each in self.receiver.received]
        found = LINK.fullmatch(next(link for link in reversed(links) if link))
        assert found is not None
        return found[1]


OpenSubs = Callable[..., Subs]


@pytest.fixture
def open_subs(open_scene: Open) -> Iterator[OpenSubs]:
    def make(**changes: Any) -> Subs:
        return Subs(open_scene(**CONFIG | changes))

    yield make


@pytest.fixture
def subs(open_subs: OpenSubs) -> Subs:
    return open_subs()
