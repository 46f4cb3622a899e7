"""Webhooks that a platform makes itself, by HTTP: the shop of docs/platforms.md, signing as
different platforms do."""

import base64
import hmac
import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from prometheus_client import generate_latest
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

import hooks
from bridge import config
from bridge.cli import main
from bridge.infra import logs
from bridge.infra.http_client import Reply
from bridge.store.base import tables
from bridge.web.context import web_context
from bridge.web.direct import DirectHooks
from tests.support.billing import SECRET as OURS
from tests.support.bridge import write_config
from tests.support.scene import Open, Scene
from tests.support.webhooks import SIGNERS, shop_signing_as

SECRET = "whsec_as the platform shows it"
OLD_SECRET = "the secret before that one"
DAY = 86400.0


class Shop:
    """The shop as a sender. `name`: how it signs."""

    def __init__(self, scene: Scene, name: str) -> None:
        self.scene, self.name = scene, name

    def body(self, kind: str, id: str = "evt_1", at: float = 0.0, **more: Any) -> bytes:
        subscription = {"id": "sub_7", "mailbox": "john.doe@example.com"} | more
        created = int(self.scene.clock.now + at)
        event = {"id": id, "type": kind, "created": created, "subscription": subscription}
        return json.dumps(event).encode()

    def signed(self, body: bytes, skew: float = 0.0, secret: str = SECRET) -> dict[str, str]:
        return SIGNERS[self.name](body, int(self.scene.clock.now + skew), secret)

    def deliver(self, body: bytes, path: str = "/hooks/shop", **more: Any) -> TestResponse:
        return self.scene.post(path, body, self.signed(body, **more))

    def send(self, kind: str, **more: Any) -> TestResponse:
        return self.deliver(self.body(kind, **more))


@pytest.fixture
def open_shop(open_scene: Open, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Shop]:
    def make(name: str = "stripe", **changes: Any) -> Shop:
        platforms = {**hooks.PLATFORMS, "shop": shop_signing_as(name)}
        for module in ("hooks", "bridge.wiring.accounts", "bridge.cli.send"):
            monkeypatch.setattr(f"{module}.PLATFORMS", platforms)
        given = {"source__platform": "shop", "source__secrets": [OLD_SECRET, SECRET]}
        return Shop(open_scene(**given | changes), name)

    return make


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure("json", written)
    yield written
    root.handlers[:], root.level = before


def taken(shop: Shop) -> bytes:
    return shop.body("subscription.paused")


def ignored(shop: Shop) -> bytes:
    return shop.body("invoice.drafted")


def not_valid(shop: Shop) -> bytes:
    return shop.body("subscription.paused", mailbox=None)


def not_json(shop: Shop) -> bytes:
    return b"a=b"


def not_text(shop: Shop) -> bytes:
    return b'{"id": "\xff"}'


def used(shop: Shop) -> bytes:
    assert shop.send("subscription.paused").status_code == 202
    return shop.body("subscription.resumed")


def elsewhere(shop: Shop) -> bytes:
    return shop.body("subscription.paused", mailbox="john@example.net")


ANSWERS: dict[Callable[[Shop], bytes], int] = {
    taken: 202,
    ignored: 200,
    not_valid: 422,
    not_json: 400,
    not_text: 400,
    used: 409,
    elsewhere: 403,
}


@pytest.mark.parametrize("make", ANSWERS)
def test_both_ways_give_one_answer(
    open_shop: Callable[..., Shop], make: Callable[[Shop], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop(source__domains=["example.com"])
    through_flask: list[str] = []
    direct: Any = shop.scene.app.wsgi_app
    assert isinstance(direct, DirectHooks)
    beyond = direct.beyond
    monkeypatch.setattr(
        direct, "beyond", lambda *given: (through_flask.append("x"), beyond(*given))[1]
    )
    body = make(shop)
    through_flask.clear()
    first = shop.deliver(body)
    assert len(through_flask) == (ANSWERS[make] >= 400)
    second = shop.scene.post("/hooks/shop", body, shop.signed(body) | {"prefer": "wait=0"})
    assert len(through_flask) == (ANSWERS[make] >= 400) + 1
    assert (first.status_code, first.data) == (ANSWERS[make], second.data)
    assert list(first.headers) == list(second.headers)


@pytest.mark.parametrize("name", SIGNERS)
def test_an_event_becomes_a_job_once_whatever_signs_it(
    open_shop: Callable[..., Shop], name: str
) -> None:
    shop = open_shop(name)
    body = shop.body("subscription.paused")
    first = shop.deliver(body)
    assert (first.status_code, first.json["action"]) == (202, "mailbox.suspend")
    assert (first.json["service_id"], first.json["address"]) == ("sub_7", "john.doe@example.com")
    assert first.json["hook"].startswith("evt_1" if name == "stripe" else "sha256_")
    again = shop.scene.post("/hooks/shop", body, shop.signed(body) | {"webhook-id": "msg_other"})
    assert (again.status_code, again.json["job"]) == (202, first.json["job"])
    shop.scene.work(300)
    assert shop.deliver(body, secret=OLD_SECRET).status_code in (200, 202)
    assert shop.deliver(body, secret=OURS).status_code == 401


@pytest.mark.parametrize("name", ["upmind", "woocommerce"])
def test_what_has_no_time_is_known_again_after_a_month(
    open_shop: Callable[..., Shop], name: str
) -> None:
    """Whoever recorded a delivery can send it again whenever they like."""
    shop = open_shop(name)
    paused = shop.body("subscription.paused")
    receipt = shop.deliver(paused).json
    shop.scene.work(300)
    assert shop.send("subscription.resumed").status_code == 202
    shop.scene.work(DAY * 31)
    for _ in range(30):
        shop.scene.periodic_tasks(10)
    replayed = shop.deliver(paused)
    assert (replayed.status_code, replayed.json["job"]) == (200, receipt["job"])


@pytest.mark.parametrize("name", ["stripe", "paddle", "hostbill"])
def test_what_has_a_time_is_refused_when_it_is_off(
    open_shop: Callable[..., Shop], name: str
) -> None:
    shop = open_shop(name)
    body = shop.body("subscription.paused")
    for skew in (-301, 301, -DAY * 31):
        assert shop.deliver(body, skew=skew).status_code == 401
    assert shop.deliver(body, skew=299).status_code == 202


def test_what_is_ignored_is_counted_and_leaves_nothing(shop: Shop, lines: io.StringIO) -> None:
    metrics = web_context(shop.scene.app).metrics.registry
    counted = 'enom_bridge_hooks_ignored_total{source="shop"}'
    assert f"{counted} 0.0" in generate_latest(metrics).decode()
    for number in range(3):
        answer = shop.send("invoice.drafted", id=f"evt_{number}")
        assert (answer.status_code, answer.json) == (200, {"status": "ignored"})
    assert f"{counted} 3.0" in generate_latest(metrics).decode()
    with shop.scene.service.database.read() as tx:
        assert tx.execute(sa.select(tables.hooks)).all() == []
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [
        (one["event"], one["hook"], one["type"]) for one in told if one["event"] == "ignored"
    ] == [("ignored", f"evt_{number}", "invoice.drafted") for number in range(3)]


def test_a_type_that_is_no_type_is_not_written_down(shop: Shop, lines: io.StringIO) -> None:
    assert shop.send("Planted Secret.7").json == {"status": "ignored"}
    assert "Planted" not in lines.getvalue()


def test_our_own_format_never_ignores(scene: Scene) -> None:
    assert scene.send("invoice.drafted").status_code == 422
    shown = generate_latest(web_context(scene.app).metrics.registry).decode()
    assert "enom_bridge_hooks_ignored_total{" not in shown


def test_a_parked_event_is_read_again_as_its_platform_reads_it(shop: Shop) -> None:
    assert shop.deliver(not_valid(shop)).status_code == 422
    preview = shop.scene.service.replay.recorded("evt_1", "shop")
    assert preview.problem is not None and "data.address" in preview.problem[1]


def test_the_log_names_an_event_by_its_own_id(shop: Shop, lines: io.StringIO) -> None:
    body = shop.body("subscription.paused", id="evt_9")
    shop.scene.post("/hooks/shop", body, shop.signed(body) | {"webhook-id": "msg_of_a_stranger"})
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [one["hook"] for one in told if one["event"] == "hook"] == ["evt_9"]


def test_it_sends_no_queries(shop: Shop) -> None:
    for kind in ("subscription.paused", "invoice.drafted", "mailbox.list"):
        answer = shop.deliver(shop.body(kind), "/query/shop")
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["type"])
    assert shop.scene.ask("mailbox.list").status_code == 401


def test_our_format_is_a_strangers_there(shop: Shop) -> None:
    assert shop.scene.send("mailbox.suspend").status_code == 401


def test_every_stranger_is_told_the_same_after_the_same_work(
    open_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever headers somebody tries: which source there is, and of what platform, is told by
    neither answer nor time."""
    seen = set()
    computed: list[int] = []
    real = hmac.digest
    monkeypatch.setattr(
        hmac, "digest", lambda *given: (computed.append(len(given[1])), real(*given))[1]
    )
    body = b"x" * 900
    tries = [sign(body, 1, "of a stranger") for sign in SIGNERS.values()]
    for name in SIGNERS:
        shop = open_shop(name, source__secrets=[SECRET])
        for headers in (
            *tries,
            shop.scene.sign(body, secret=OURS) | {"webhook-signature": "v1,A"},
            {},
        ):
            for path in ("/hooks/shop", "/hooks/nobodys", "/query/shop"):
                computed.clear()
                answer = shop.scene.post(path, body, headers)
                rounded = [size // 100 for size in computed]  # the time in front has a few letters
                seen.add((answer.status_code, answer.data, tuple(answer.headers), *rounded))
    assert len(seen) == 1 and next(iter(seen))[0] == 401


def test_a_callback_is_ours_signed_with_the_newest_secret(shop: Shop) -> None:
    sent: list[tuple[bytes, dict[str, str]]] = []

    class Receiver:
        def post(self, url: str, body: bytes, headers: dict[str, str], **_: Any) -> Reply:
            sent.append((body, headers))
            return Reply(200, {}, b"")

    shop.scene.engine.callbacks.outgoing = Receiver()  # type: ignore[assignment]  # a stand-in
    assert shop.send("subscription.ended").status_code == 202
    shop.scene.work(300)
    shop.scene.call_back()
    ((body, headers),) = sent
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    webhook = Webhook("whsec_" + base64.b64encode(SECRET.encode()).decode())
    expected = webhook.sign(headers["webhook-id"], at, body.decode())
    assert headers["webhook-signature"] == expected
    assert json.loads(body)["data"]["hook"] == "evt_1"


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"source__signature": "standard"}, "sources.shop.signature", "shop signs its own way"),
        ({"source__signature": "itsdangerous"}, "sources.shop.signature", "remove this"),
        ({"source__secrets": ["short"]}, "sources.shop.secrets[0]", "16 characters"),
        ({"source__secrets": [SECRET, " " + SECRET]}, "sources.shop.secrets[1]", "without a space"),
        ({"source__secrets": []}, "sources.shop.secrets", "empty"),
        ({"source__platform": "standard"}, "sources.shop.secrets[0]", "whsec_"),
    ],
)
def test_what_does_not_fit_such_a_platform_is_a_fault(
    shop: Shop, changes: dict[str, Any], key: str, words: str, tmp_path: Path
) -> None:
    given = {"source__platform": "shop", "source__secrets": [SECRET]} | changes
    with pytest.raises(config.ConfigurationError) as caught:
        config.load(write_config(tmp_path, shop.scene.sim, **given), {})
    assert any(where == key and words in text for where, text in caught.value.faults)
    assert SECRET not in str(caught.value)


def test_send_does_not_sign_as_another_platform(shop: Shop) -> None:
    arguments = ["--config", str(shop.scene.path), "send", "mailbox.suspend", "--source", "shop"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and "shop's own webhooks" in result.output
