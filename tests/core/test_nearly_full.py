"""When a mailbox is nearly full, who is told, and what becomes of what a receiver does not take."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from bridge.domain.errors import StoreUnavailable
from bridge.domain.service_events import ClaimedEvent, Usage
from bridge.domain.source import CallbackEndpoint, Source
from bridge.infra.http_client import Lost, NotSent, Reply
from bridge.pipeline.service_events import EventSender, NearlyFull
from hooks import PLATFORMS, signing
from hooks.types import Delivery

KEY = b"k" * 32
NOW = 1_795_368_420.0
GB = 1 << 30
SERVICE = ("7", "john@example.com")


@dataclass
class Log:
    """The store: what was noted, what is due, and what became of it."""

    noted: list[tuple[Usage, Mapping[str, Any]]] = field(default_factory=list)
    due: list[ClaimedEvent] = field(default_factory=list)
    done: list[tuple[Any, ...]] = field(default_factory=list)
    away: bool = False

    def note_usage(self, usage: Usage, data: Mapping[str, Any]) -> bool:
        if self.away:
            raise StoreUnavailable("The database is away.")
        self.noted.append((usage, data))
        return True

    def claim_event(self, without: frozenset[str]) -> ClaimedEvent | None:
        may = [each for each in self.due if each.source not in without]
        if may:
            self.due.remove(may[0])
        return may[0] if may else None

    def event_done(self, claimed: ClaimedEvent, *result: Any) -> None:
        self.done.append((claimed.id, *result))


def nearly_full(log: Log, **more: Any) -> NearlyFull:
    plans = {"basic": 1, "large": 25, "twin": 25, "odd": 5, "other": 5, "quiet": 7}
    thresholds = {"basic": 90, "large": 80, "twin": 80, "odd": 90, "other": 50, "quiet": 0}
    sizes = {name: size * GB for name, size in plans.items()}
    return NearlyFull(log, sizes, thresholds, {"shop"}, **more)


@pytest.mark.parametrize(("quota", "threshold", "plan"), [(GB, 90, "basic"), (25 * GB, 80, None)])
def test_the_threshold_is_that_of_the_plan_of_its_size(
    quota: int, threshold: int, plan: str | None
) -> None:
    log = Log()
    nearly_full(log).saw("shop", "main", SERVICE, quota // 2, quota)
    ((usage, data),) = log.noted
    assert (usage.threshold, usage.address, usage.service_id) == (threshold, SERVICE[1], "7")
    assert (data["plan"], data["percent"], data["threshold"]) == (plan, 50, threshold)


@pytest.mark.parametrize(
    ("source", "used", "quota", "more"),
    [
        ("till", GB, GB, {}),  # did not ask for it
        ("shop", GB, GB, {"silent": {"main"}}),  # observe mode
        ("shop", None, GB, {}),  # not shown
        ("shop", 0, None, {}),
        ("shop", 0, 0, {}),
        ("shop", 3 * GB, 3 * GB, {}),  # no plan of this size
        ("shop", 5 * GB, 5 * GB, {}),  # two plans that differ
        ("shop", 7 * GB, 7 * GB, {}),  # a plan that is never told of
    ],
)
def test_where_nobody_is_told(
    source: str, used: int | None, quota: int | None, more: dict[str, Any]
) -> None:
    log = Log()
    nearly_full(log, **more).saw(source, "main", SERVICE, used, quota)
    assert log.noted == []


def test_whoever_asked_gets_the_answer_though_the_event_is_not_kept() -> None:
    nearly_full(Log(away=True)).saw("shop", "main", SERVICE, GB, GB)


def claimed(id: str = "ev_1", source: str = "shop", tries: int = 1) -> ClaimedEvent:
    data = {"address": SERVICE[1], "service_id": "7", "plan": "basic", "used_bytes": 95,
            "quota_bytes": 100, "percent": 95, "threshold": 90, "internal": "stays"}  # fmt: skip
    return ClaimedEvent(id, 1, source, "mailbox.nearly_full", data, NOW, tries)


class Outgoing:
    """Answers each source with what it was given, and keeps what was sent."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.sent = answers, list[tuple[str, bytes, dict[str, str]]]()

    def post(self, url: str, body: bytes, headers: dict[str, str], **_: Any) -> Reply:
        self.sent.append((url, body, headers))
        answer = self.answers[url.rpartition("/")[2]]
        if isinstance(answer, Exception):
            raise answer
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        return Reply(status, more, b"")


def source(name: str, url: str = "https://shop.example/") -> Source:
    return Source(name, PLATFORMS["standard"], "main", [KEY], "standard", frozenset("*"),
                  CallbackEndpoint(f"{url}{name}" if url else "", KEY))  # fmt: skip


def send(log: Log, outgoing: Outgoing, **sources: Source) -> list[tuple[Any, ...]]:
    known = sources or {"shop": source("shop"), "till": source("till")}
    sender = EventSender(log, known, outgoing, lambda: NOW, (5.0, 300.0), lambda: 0.5)  # type: ignore[arg-type]  # as much of a client as it needs
    sender.send_due()
    return log.done


def test_it_is_signed_like_a_callback_and_says_what_the_contract_describes() -> None:
    log, outgoing = Log(due=[claimed()]), Outgoing(shop=204)
    assert send(log, outgoing) == [("ev_1", "delivered", 204, None, None)]
    ((url, body, headers),) = outgoing.sent
    delivery = Delivery("shop", headers, body, NOW)
    assert signing.verify(delivery, [KEY], "standard", NOW).id == "ev_1"
    content = json.loads(body)
    assert (url, content["type"]) == ("https://shop.example/shop", "mailbox.nearly_full")
    assert content["timestamp"] == "2026-11-22T17:27:00Z"
    assert set(content["data"]) == {
        "address", "service_id", "plan", "used_bytes", "quota_bytes", "percent", "threshold",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "tries", "outcome", "retry_in"),
    [
        (410, 1, "stopped", None),
        (404, 1, "pending", 5.0),
        (500, 2, "pending", 300.0),
        (500, 3, "exhausted", None),
        (302, 1, "pending", 5.0),
        ((503, {"retry-after": "900"}), 1, "pending", 900.0),
        (NotSent("refused"), 1, "pending", 5.0),
        (Lost("no answer"), 3, "exhausted", None),
    ],
)
def test_what_is_not_taken_is_tried_as_a_callback_is(
    answer: Any, tries: int, outcome: str, retry_in: float | None
) -> None:
    ((_, result, _, _, pause),) = send(Log(due=[claimed(tries=tries)]), Outgoing(shop=answer))
    assert (result, pause) == (outcome, retry_in)


def test_one_receiver_that_does_not_answer_takes_one_try_of_a_round_and_keeps_no_other_waiting() -> (
    None
):
    due = [claimed("ev_1"), claimed("ev_2"), claimed("ev_3", "till")]
    log = Log(due=due)
    done = send(log, Outgoing(shop=Lost("no answer"), till=200))
    assert [(each[0], each[1]) for each in done] == [("ev_1", "pending"), ("ev_3", "delivered")]
    assert [each.id for each in log.due] == ["ev_2"]


def test_a_source_without_a_callback_is_told_nothing() -> None:
    log = Log(due=[claimed(), claimed("ev_2", "gone")])
    done = send(log, Outgoing(), shop=source("shop", ""))
    assert [each[1] for each in done] == ["stopped", "stopped"]
