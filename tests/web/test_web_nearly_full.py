"""`mailbox.nearly_full`: a source that asks for it is told once, on the usage that it asks for
anyway."""

from typing import Any

import pytest

from bridge.store.base import tables
from tests.support.scene import PASSWORD, Open, Scene

HERE = {"service_id": "7", "address": "john.doe@example.com"}
GB = 1 << 30
ASKED = {"source__events": ["mailbox.nearly_full"]}


def begin(scene: Scene) -> Scene:
    assert scene.do("create", password=PASSWORD, plan="basic")["status"] == "succeeded"
    return scene


def fill(scene: Scene, share: float) -> None:
    """So much of the mailbox is used, as the remote has it."""
    box: dict[str, Any] = {"address": HERE["address"], "password": PASSWORD}
    scene.sim.control("/mailboxes", box | {"used_bytes": int(share * GB), "quota_bytes": GB})


def told(scene: Scene) -> list[dict[str, Any]]:
    scene.engine.background.event_sender.send_due()
    return [each for each in scene.receiver.callbacks if each["id"].startswith("ev_")]


def look(scene: Scene, type: str = "mailbox.usage") -> None:
    answer = scene.ask(type, **HERE)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("type", ["mailbox.usage", "mailbox.status"])
def test_it_is_told_once_on_the_way_up_without_a_call_more(open_scene: Open, type: str) -> None:
    house = begin(open_scene(**ASKED))
    fill(house, 0.5)
    before = len(house.calls())
    look(house, type)
    calls = len(house.calls()) - before
    assert told(house) == []
    fill(house, 0.9375)
    before = len(house.calls())
    for _ in range(3):
        look(house, type)
    assert len(house.calls()) - before == 3 * calls
    (event,) = told(house)
    assert event["type"] == "mailbox.nearly_full"
    assert event["data"] == {
        **HERE, "plan": "basic", "used_bytes": int(0.9375 * GB), "quota_bytes": GB, "percent": 93,
        "threshold": 90,
    }  # fmt: skip
    fill(house, 0.5)
    look(house, type)
    fill(house, 0.96875)
    look(house, type)
    assert [each["data"]["percent"] for each in told(house)] == [93, 96]


def test_another_threshold_of_the_plan(open_scene: Open) -> None:
    house = begin(open_scene(**ASKED, **{"plans.basic__nearly_full": 50}))
    fill(house, 0.5)
    look(house)
    assert told(house)[0]["data"]["threshold"] == 50


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {**ASKED, "plans.basic__nearly_full": 0},
        {**ASKED, "plans.twin__quota_gb": 1, "plans.twin__nearly_full": 70},
    ],
)
def test_where_nobody_asked_or_no_threshold_is_right_nothing_is_kept(
    open_scene: Open, changes: dict[str, Any]
) -> None:
    house = begin(open_scene(**changes))
    fill(house, 1.0)
    look(house)
    assert told(house) == []
    with house.service.database.read() as tx:
        assert tx.execute(tables.events.select()).all() == []


def test_it_holds_no_callback_back_and_none_holds_it_back(open_scene: Open) -> None:
    house = begin(open_scene(**ASKED))
    fill(house, 0.95)
    look(house)
    house.receiver.answers = [(500, {})]  # the event is refused
    assert told(house) == []
    assert [each["type"] for each in house.call_back()] == ["job.succeeded"]
    house.clock.now += 10
    assert len(told(house)) == 1


def test_a_receiver_that_does_not_know_it_costs_its_tries_and_nothing_else(
    open_scene: Open,
) -> None:
    house = begin(open_scene(**ASKED))
    fill(house, 0.95)
    look(house)
    house.receiver.answers = [(400, {})] * 20
    for _ in range(20):
        assert told(house) == []
        house.clock.now += 2 * 86400
    with house.service.database.read() as tx:
        (row,) = tx.execute(tables.events.select()).mappings().all()
    assert (row["status"], row["tries"], row["last_status"]) == ("exhausted", 10, 400)
