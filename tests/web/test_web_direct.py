"""A hook is answered alike whether Flask answers it or what stands before it does."""

from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import generate_latest
from werkzeug.test import TestResponse

from bridge.web.context import web_context
from bridge.web.direct import DirectHooks, Headers
from tests.support.scene import Scene

JOHN = {"service_id": "7", "address": "john.doe@example.com"}
Send = Callable[..., TestResponse]


@pytest.fixture
def through_flask(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the requests that Flask answered."""
    direct: Any = scene.app.wsgi_app
    assert isinstance(direct, DirectHooks)
    met: list[str] = []
    beyond = direct.beyond

    def counted(environ: Any, respond: Any) -> Any:
        met.append(environ["PATH_INFO"])
        return beyond(environ, respond)

    monkeypatch.setattr(direct, "beyond", counted)
    return met


def ended(scene: Scene) -> tuple[bytes, dict[str, str]]:
    scene.send("mailbox.terminate", id="msg_1", at=-60)
    scene.send("mailbox.create", id="msg_2", password="Planted-Secret.7")
    body = scene.body("mailbox.terminate", at=-60, **JOHN)
    return body, scene.sign(body, "msg_1")


def signed(
    kind: str, id: str = "msg_1", **more: Any
) -> Callable[[Scene], tuple[bytes, dict[str, str]]]:
    def make(scene: Scene) -> tuple[bytes, dict[str, str]]:
        body = scene.body(kind, **JOHN | more)
        return body, scene.sign(body, id)

    return make


def used(scene: Scene) -> tuple[bytes, dict[str, str]]:
    scene.send("mailbox.suspend", id="msg_1")
    return signed("mailbox.unsuspend")(scene)


def paused(scene: Scene) -> tuple[bytes, dict[str, str]]:
    scene.service.operator.pause_source("shop", True)
    return signed("mailbox.suspend")(scene)


def of_a_stranger(scene: Scene) -> tuple[bytes, dict[str, str]]:
    body = scene.body("mailbox.suspend", **JOHN)
    return body, scene.sign(body) | {"webhook-signature": "v1,AAAA"}


def not_json(scene: Scene) -> tuple[bytes, dict[str, str]]:
    return b"{", scene.sign(b"{")


def as_text(scene: Scene) -> tuple[bytes, dict[str, str]]:
    return b"{}", scene.sign(b"{}") | {"content-type": "text/plain"}


TAKEN = {
    "new": (signed("mailbox.suspend"), 202),
    "with fields that nobody reads": (signed("mailbox.suspend", colour="ä"), 202),
    "ended": (ended, 200),
    "withdrawn": (signed("job.withdraw", hook="msg_never"), 200),
}
STRANGE = {"of a stranger": (of_a_stranger, 401)}
REFUSED = {
    "text": (as_text, 415),
    "not JSON": (not_json, 400),
    "not valid": (signed("mailbox.suspend", address="nobody"), 422),
    "used before": (used, 409),
    "paused": (paused, 503),
}


@pytest.mark.parametrize("kind", [*TAKEN, *STRANGE, *REFUSED])
def test_both_ways_give_one_answer(kind: str, scene: Scene, through_flask: list[str]) -> None:
    make, status = {**TAKEN, **STRANGE, **REFUSED}[kind]
    body, headers = make(scene)
    through_flask.clear()
    direct = scene.post("/hooks/shop", body, headers)
    assert through_flask == ["/hooks/shop"] * (kind in REFUSED)
    through_flask.clear()
    asked = scene.post("/hooks/shop", body, headers | {"prefer": "wait=0"})
    assert through_flask == ["/hooks/shop"]
    assert (direct.status_code, direct.status) == (status, asked.status)
    assert direct.data == asked.data
    assert list(direct.headers) == list(asked.headers)


@pytest.mark.parametrize("status", ["202", "401"])
def test_each_hook_is_counted_once(scene: Scene, status: str, through_flask: list[str]) -> None:
    make = signed("mailbox.suspend") if status == "202" else of_a_stranger
    scene.post("/hooks/shop", *make(scene))
    shown = generate_latest(web_context(scene.app).metrics.registry).decode()
    line = f'enom_bridge_requests_total{{path="hook",source="shop",status="{status}"}} 1.0'
    assert line in shown
    assert 'enom_bridge_request_duration_seconds_count{path="hook"} 1.0' in shown


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/hooks/shop/", {}),
        ("/hooks/a%20shop", {}),
        ("/hooks//shop", {}),
        ("/query/shop", {}),
        ("/hooks/shop", {"prefer": "wait=0"}),
        ("/hooks/shop", {"upgrade": "websocket"}),
    ],
)
def test_all_else_is_left_to_flask(
    scene: Scene, through_flask: list[str], path: str, more: dict[str, str]
) -> None:
    body, headers = signed("mailbox.suspend")(scene)
    scene.post(path, body, headers | more)
    assert len(through_flask) == 1


def test_a_body_of_unknown_length_and_one_that_is_too_long_are_left_to_flask(
    scene: Scene, through_flask: list[str]
) -> None:
    _, headers = signed("mailbox.suspend")(scene)
    scene.client.post("/hooks/shop", input_stream=None, headers=headers)
    assert scene.post("/hooks/shop", b" " * (64 * 1024 + 1), headers).status_code == 413
    assert len(through_flask) == 2


def test_headers_are_found_by_their_names_in_lower_case() -> None:
    headers = Headers({"HTTP_WEBHOOK_ID": "msg_1", "CONTENT_TYPE": "text/plain", "PATH_INFO": "/"})
    assert dict(headers) == {"webhook-id": "msg_1", "content-type": "text/plain"}
    assert (len(headers), headers.get("path-info"), headers.get("x")) == (2, None, None)


@pytest.mark.parametrize("host", ["a" * 3000, "a..b", "bridge.example.com/x", "ä.example", ""])
def test_a_hook_is_stored_where_its_answer_says_so_whatever_its_host(
    scene: Scene, through_flask: list[str], host: str
) -> None:
    for kind in ("mailbox.suspend", "mailbox.create"):  # one to be taken, one to be parked
        body, headers = signed(kind)(scene)
        answer = scene.post("/hooks/shop", body, headers | {"host": host})
        stored = scene.service.lookup.page("hooks", 5)[0]
        assert (answer.status_code in (200, 202, 422)) == bool(stored)
    assert through_flask == ["/hooks/shop"] * 2


@pytest.mark.parametrize("host", ["localhost", "b.example.com:8080", "203.0.113.5", "[::1]:80"])
def test_every_usual_host_is_answered_without_flask(
    scene: Scene, through_flask: list[str], host: str
) -> None:
    body, headers = signed("mailbox.suspend")(scene)
    assert scene.post("/hooks/shop", body, headers | {"host": host}).status_code == 202
    assert through_flask == []
