"""Who was refused stands in the log, with the true reason and in a bounded number of lines; who
asked learns nothing of it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.infra import clients
from bridge.web import refusals
from bridge.web.refusals import AGAIN, MOST, Refusals
from hooks import signing
from tests.support.admin import Visitor
from tests.support.bench import Clock
from tests.support.scene import Open, Scene
from tests.web.test_admin_sign_in import HASHES

JOHN = {"service_id": "7", "address": "john@example.com"}
STRANGER = "203.0.113.9"


def result(counted: Refusals) -> list[dict[str, Any]]:
    with capture_logs() as lines:
        counted.write()
    return [
        {
            name: value
            for name, value in line.items()
            if name not in ("log_level", "event", "logger")
        }
        for line in lines
    ]


def send(
    scene: Scene, source: str = "shop", address: str = STRANGER, path: str = "hooks", **changes: Any
) -> None:
    body = scene.body("mailbox.suspend", **JOHN)
    headers = scene.sign(body, skew=changes.pop("skew", 0.0)) | changes
    answer = scene.post(f"/{path}/{source}", body, headers | {"x-forwarded-for": address})
    assert answer.status_code == 401


@pytest.fixture
def behind(open_scene: Open) -> Scene:
    return open_scene(bridge__trusted_proxies=["127.0.0.1"], source__allow_from=["198.51.100.0/24"])


def test_each_refused_delivery_is_told_with_the_clients_address_and_the_true_reason(
    behind: Scene,
) -> None:
    wrong = {"webhook-signature": "v1," + "A" * 43 + "="}
    send(behind, "nowhere")
    send(behind)
    send(behind, address="198.51.100.7:51234", **wrong)
    send(behind, address="::ffff:198.51.100.8", skew=-400)
    send(behind, address="198.51.100.9", path="query", **{"webhook-id": ""})
    assert result(behind.app.extensions["web"].refusals) == [
        {"client": STRANGER, "reason": "source", "source": "nowhere", "times": 1},
        {"client": STRANGER, "reason": "address", "source": "shop", "times": 1},
        {"client": "198.51.100.7", "reason": "signature", "source": "shop", "times": 1},
        {"client": "198.51.100.8", "reason": "time", "source": "shop", "times": 1},
        {"client": "198.51.100.9", "reason": "signature", "source": "shop", "times": 1},
    ]


def test_it_is_a_warning(behind: Scene) -> None:
    send(behind)
    with capture_logs() as lines:
        behind.app.extensions["web"].refusals.write()
    assert [(line["event"], line["log_level"]) for line in lines] == [("refused", "warning")]


def test_what_is_taken_or_refused_to_the_signed_is_not_told(behind: Scene) -> None:
    for type in ("mailbox.suspend", "mailbox.explode"):
        body = behind.body(type, **JOHN)
        answer = behind.post(
            "/hooks/shop", body, behind.sign(body) | {"x-forwarded-for": "198.51.100.7"}
        )
        assert answer.status_code in (202, 422)
    assert result(behind.app.extensions["web"].refusals) == []


@pytest.mark.parametrize(
    "name", ["x client=8.8.8.8", "x%20client=8.8.8.8", "%0a2027-03-01", "a" * 65, "%22"]
)
def test_a_made_up_source_is_not_repeated_where_it_could_be_taken_for_ours(
    scene: Scene, name: str
) -> None:
    send(scene, name, address="")
    (line,) = result(scene.app.extensions["web"].refusals)
    assert (line["client"], line["reason"], line["source"]) == ("127.0.0.1", "source", None)


def test_nothing_is_written_while_a_stranger_waits(behind: Scene) -> None:
    """The same work for each reason: what a line costs would tell that this reason was seen
    before."""
    with capture_logs() as lines:
        send(behind, "nowhere")
        send(behind)
    assert lines == []


def test_a_refused_sign_in_is_told(open_scene: Open) -> None:
    scene = open_scene(**HASHES)
    visitor = Visitor(scene)
    visitor.sign_in(password="not this one")
    visitor.sign_in(code="not this one")
    for _ in range(4):
        visitor.sign_in(password="not this one")
    found = {
        (line["client"], line["reason"], line["times"])
        for line in result(scene.app.extensions["web"].refusals)
    }
    mine = "127.0.0.1"
    assert found == {
        (mine, "wrong-password", 4),
        (mine, "wrong-code", 1),
        (mine, "too-many-sign-ins", 1),
    }


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.fixture
def counted(clock: Clock) -> Refusals:
    return Refusals(clock)


def note(counted: Refusals, address: str, times: int = 1, reason: str = "signature") -> None:
    for _ in range(times):
        counted.note(clients.read(address), reason, "shop")


def test_the_first_is_told_at_once_and_then_one_line_a_minute_with_how_many(
    counted: Refusals, clock: Clock
) -> None:
    lines = []
    for _ in range(300):  # for five minutes, two a second
        note(counted, STRANGER, 2)
        lines += [(clock.now, line["times"]) for line in result(counted)]
        clock.now += 1.0
    assert lines == [(0.0, 2), (60.0, 120), (120.0, 120), (180.0, 120), (240.0, 120)]


def test_whoever_was_quiet_is_told_at_once_again_and_nothing_is_lost(
    counted: Refusals, clock: Clock
) -> None:
    note(counted, STRANGER)
    assert [line["times"] for line in result(counted)] == [1]
    note(counted, STRANGER, 3)
    assert result(counted) == []
    clock.now += AGAIN
    assert [line["times"] for line in result(counted)] == [3]
    clock.now += AGAIN
    assert result(counted) == []
    note(counted, STRANGER)
    assert [line["times"] for line in result(counted)] == [1]


def test_each_address_and_reason_has_its_own_line_and_a_network_of_ipv6_one(
    counted: Refusals,
) -> None:
    note(counted, STRANGER)
    note(counted, STRANGER, reason="time")
    note(counted, "203.0.113.10")
    for tail in range(1, 50):
        note(counted, f"2001:db8::{tail:x}")
    assert [(line["client"], line["reason"], line["times"]) for line in result(counted)] == [
        (STRANGER, "signature", 1), (STRANGER, "time", 1), ("203.0.113.10", "signature", 1), ("2001:db8::31", "signature", 49),
    ]  # fmt: skip


def test_many_addresses_take_bounded_memory_and_lines(
    counted: Refusals, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MOST", 10)
    for number in range(250):
        note(counted, f"203.0.113.{number}")
    lines = result(counted)
    assert len(lines) == 11
    assert (lines[-1]["client"], lines[-1]["times"]) == ("several", 240)
    assert MOST <= 10_000
    clock.now += AGAIN
    result(counted)  # all were quiet, so there is room again
    note(counted, "203.0.113.251")
    assert [line["client"] for line in result(counted)] == ["203.0.113.251"]


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_at_the_end_everything_is_told(counted: Refusals, over: threading.Event) -> None:
    note(counted, STRANGER)
    result(counted)
    note(counted, STRANGER, 3)
    over.set()
    with capture_logs() as lines:
        counted.run(over)
    assert [line["times"] for line in lines] == [3]


def test_a_line_that_cannot_be_written_ends_nothing(
    counted: Refusals, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    again = threading.Event()

    def broken(event: str, **_: Any) -> None:
        tries.append(event)
        note(counted, f"203.0.113.{len(tries)}")
        if len(tries) > 1:
            again.set()
        raise OSError("the disk is full")

    monkeypatch.setattr(refusals, "LOOK", 0.01)
    monkeypatch.setattr(refusals.log, "warning", broken)
    note(counted, STRANGER)
    thread = threading.Thread(target=counted.run, args=(over,))
    thread.start()
    assert again.wait(20)
    over.set()
    thread.join(20)
    assert not thread.is_alive()


def test_the_refusals_reason_stays_with_us(behind: Scene) -> None:
    """Each stranger hears the same, byte for byte."""
    body = behind.body("mailbox.suspend", **JOHN)
    old = signing.sign("msg_1", int(behind.clock.now) - 400, body, b"x" * 32)
    answers = {
        behind.post(path, body, headers | {"x-forwarded-for": address}).data
        for path in ("/hooks/shop", "/hooks/nowhere", "/query/shop")
        for headers in (behind.sign(body, skew=-400), old, {})
        for address in (STRANGER, "198.51.100.7", "unknown")
    }
    assert len(answers) == 1
