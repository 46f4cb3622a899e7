"""Each line of a life names what it is about: a request its hook, a job's work all that one
would search for."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from bridge.infra import logs, masking
from tests.support.scene import PASSWORD, Open, Scene


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(masking, "_registered", set())
    root.handlers = []
    yield io.StringIO()
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def live(open_scene: Open) -> Scene:
    """Everything that a log can tell: refusals, a lost answer, a retry, a job held, callbacks
    that fail and arrive."""
    scene = open_scene(worker__retry_hours=0.05)
    scene.post("/hooks/shop", b"{}", {"webhook-id": "msg_stranger"})
    scene.send("mailbox.create", id="msg_parked", password="a b")
    scene.do("create", id="msg_create", password=PASSWORD)
    scene.fault("change_user", "drop_after")
    scene.do("suspend", id="msg_suspend")
    scene.fault("get_user", "html", times=None)
    scene.do("unsuspend", id="msg_held", seconds=900)
    scene.receiver.answers = [(500, {})]
    scene.call_back(600)
    scene.periodic_tasks()
    return scene


NEEDED = {
    "intake": {"hook", "source"},
    "web": {"hook", "source"},
    "worker": {"job", "hook", "source", "account"},
    "callbacks": {"job", "hook", "source", "account", "callback"},
}


def result(line: dict[str, Any], events: dict[str, set[str]]) -> None:
    missing = {key for key in NEEDED.get(line["logger"], ()) if not line.get(key)}
    assert missing == set(), line
    events.setdefault(line["logger"], set()).add(line["event"])


def test_each_line_of_a_whole_life_names_what_it_is_about(
    open_scene: Open, stream: io.StringIO
) -> None:
    logs.configure("json", stream)
    live(open_scene)
    events: dict[str, set[str]] = {}
    for text in stream.getvalue().splitlines():
        result(json.loads(text), events)
    assert events["intake"] == {"hook", "parked"}
    assert events["worker"] >= {"command", "waits", "ended"}
    ends = {
        (line["status"], line["level"])
        for line in map(json.loads, stream.getvalue().splitlines())
        if line["event"] == "ended"
    }
    assert ends == {("succeeded", "info"), ("held", "warning")}
    assert events["callbacks"] == {"callback"}
    assert "alert" in events["notes"]
    assert PASSWORD not in stream.getvalue()


def test_the_text_form_tells_the_same(open_scene: Open, stream: io.StringIO) -> None:
    logs.configure("text", stream)
    live(open_scene)
    text = stream.getvalue()
    for line in text.splitlines():
        logger = re.search(r" logger=(\w+)", line)
        assert logger, line
        for key in NEEDED.get(logger[1], ()):
            assert re.search(rf" {key}=\S", line), line
    assert "job=job_" in text and "hook=msg_held" in text


def test_what_breaks_inside_a_request_names_its_hook(
    scene: Scene, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("json", stream)

    def breaks(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(scene.service.intake.inbox, "accept_all", breaks)
    assert scene.send("mailbox.suspend", id="msg_1").status_code == 500
    (line,) = [json.loads(text) for text in stream.getvalue().splitlines()]
    assert (line["event"], line["hook"], line["source"]) == ("unexpected", "msg_1", "shop")
