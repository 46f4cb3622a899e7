"""Money: what is bought, what is never bought twice, and what needs a person."""

from typing import Any

import pytest

from tests.support.bridge import add_domain
from tests.support.scene import PASSWORD, Open, Scene
from tests.support.stores import on_sqlite

store = on_sqlite  # the store's part in these rules is tested in tests/store

JOHN = "john.doe@example.net"
sqlite = pytest.mark.parametrize("store", ["sqlite"])


def code(receipt: dict[str, Any]) -> Any:
    return receipt["error"] and receipt["error"]["code"]


def open_poor(open_scene: Open, purchase: str, **more: Any) -> Scene:
    """With a domain that has no pak."""
    scene = open_scene(account__purchase=purchase, **more)
    add_domain(scene.sim, "example.net", pak=False)
    return scene


@pytest.mark.parametrize(
    ("purchase", "command"), [("paks", "PurchasePOPBundle"), ("boxes", "PurchaseServices")]
)
def test_a_place_is_bought_when_there_is_none_and_allowed(
    open_scene: Open, purchase: str, command: str
) -> None:
    scene = open_poor(open_scene, purchase)
    receipt = scene.do("create", address=JOHN, password=PASSWORD)
    assert (receipt["status"], receipt["state"]) == ("succeeded", "active")
    assert [call["command"] for call in scene.calls() if call["effect"]] == [
        command,
        "SetUpPOP3User",
    ]
    scene.do("create", address="amy@example.net", password=PASSWORD)
    assert len(scene.orders) == (1 if purchase == "paks" else 2)


@sqlite
def test_never_is_never(open_scene: Open) -> None:
    scene = open_poor(open_scene, "never")
    receipt = scene.do("create", address=JOHN, password=PASSWORD)
    assert (receipt["status"], code(receipt), receipt["changed"]) == (
        "failed",
        "purchase_needed",
        False,
    )
    for n in range(10):
        assert (
            scene.do("create", address=f"box{n}@example.com", service_id=f"{n}", password=PASSWORD)[
                "status"
            ]
            == "succeeded"
        )
    full = scene.do("create", password=PASSWORD)
    assert (full["status"], code(full)) == ("failed", "pak_full")
    renewal = scene.do("renew", address="box1@example.com", service_id="1", until="2031-06-01")
    assert (renewal["status"], code(renewal)) == ("failed", "purchase_needed")
    assert scene.orders == []


@pytest.mark.parametrize("stale", [0.0, 15.0], ids=["fresh reads", "stale reads"])
def test_ten_renewals_of_one_pak_pay_once(open_scene: Open, stale: float) -> None:
    scene = open_scene(account__purchase="paks")
    for n in range(10):
        assert (
            scene.do("create", address=f"box{n}@example.com", service_id=f"{n}", password=PASSWORD)[
                "status"
            ]
            == "succeeded"
        )
    scene.clock.now += 60
    scene.sim.control("/settings", {"stale_seconds": stale})
    sent = [
        scene.hook("renew", address=f"box{n}@example.com", service_id=f"{n}", until="2030-12-31")
        for n in range(10)
    ]
    scene.work(300)
    ended = [scene.job(each) for each in sent]
    assert {each["status"] for each in ended} == {"succeeded"}
    assert [each["changed"] for each in ended].count(True) == 1
    assert len(scene.orders) == len(scene.calls("RenewPOPBundle")) == 1
    again = scene.do("renew", address="box0@example.com", service_id="0", until="2030-12-31")
    assert (again["changed"], again["message"]) == (
        False,
        "The mailbox was already renewed; nothing was bought.",
    )


@pytest.mark.parametrize("fault", ["drop_after", "cut", "html_after", "error_500_after"])
@sqlite
def test_a_purchase_whose_answer_is_lost_is_looked_for_and_not_repeated(
    open_scene: Open, fault: str
) -> None:
    scene = open_poor(open_scene, "paks")
    scene.sim.control("/settings", {"stale_seconds": 15.0})
    scene.fault("PurchasePOPBundle", fault)
    receipt = scene.do("create", address=JOHN, password=PASSWORD)
    assert receipt["status"] == "succeeded"
    assert len(scene.orders) == len(scene.calls("PurchasePOPBundle")) == 1


@sqlite
def test_a_purchase_that_never_arrived_is_repeated_once_that_is_proved(open_scene: Open) -> None:
    scene = open_poor(open_scene, "paks")
    scene.fault("PurchasePOPBundle", "drop_before")
    receipt = scene.do("create", address=JOHN, password=PASSWORD)
    assert receipt["status"] == "succeeded"
    first, second = scene.calls("PurchasePOPBundle")
    assert second["started"] >= first["ended"] + 20  # settle
    assert len(scene.orders) == 1


def test_the_daily_limit_is_over_all_accounts_and_a_person_can_let_one_pass(
    open_scene: Open,
) -> None:
    scene = open_scene(account__purchase="boxes", safety__max_purchases_per_day=2)
    names = ["one.example", "two.example", "three.example", "four.example"]
    for name in names:
        add_domain(scene.sim, name, pak=False)
    ended = [scene.do("create", address=f"john@{name}", password=PASSWORD) for name in names]
    assert [each["status"] for each in ended] == ["succeeded", "succeeded", "held", "held"]
    assert {code(each) for each in ended[2:]} == {"unsafe"}
    passed = scene.service.operator.retry(ended[2]["job"], approve=True)
    scene.work(60)
    assert scene.job({"job": passed.job})["status"] == "succeeded"
    scene.clock.now += 12 * 3600 + 60  # the next UTC day
    again = scene.service.operator.retry(ended[3]["job"])
    scene.work(60)
    assert scene.job({"job": again.job})["status"] == "succeeded"
    assert len(scene.orders) == 4


def test_deletions_over_the_hourly_limit_are_held_until_approved(open_scene: Open) -> None:
    scene = open_scene(safety__max_terminations_per_hour=2)
    for n in range(3):
        assert (
            scene.do("create", address=f"box{n}@example.com", password=PASSWORD)["status"]
            == "succeeded"
        )
    ended = [scene.do("terminate", address=f"box{n}@example.com") for n in range(3)]
    assert [each["status"] for each in ended] == ["succeeded", "succeeded", "held"]
    assert code(ended[2]) == "unsafe"
    scene.engine.background.notes.send_due()
    ((note,),) = [each["data"]["notes"] for each in scene.receiver.notes]
    assert f"jobs approve {ended[2]['job']}" in note["text"]
    passed = scene.service.operator.retry(ended[2]["job"], approve=True)
    scene.work(60)
    assert scene.job({"job": passed.job})["status"] == "succeeded"
    assert scene.mailbox("box2@example.com") is None


def test_missing_money_holds_up_what_needs_money_and_nothing_else(open_scene: Open) -> None:
    scene = open_poor(open_scene, "paks")
    scene.sim.control("/balance", {"uid": "reseller", "balance": 0.0})
    poor = scene.hook("create", address=JOHN, password=PASSWORD)
    rich = scene.hook("create", password=PASSWORD)
    scene.work(30)
    now = scene.job(poor)
    assert (now["status"], now["waiting_for"], code(now)) == (
        "queued",
        "account",
        "insufficient_funds",
    )
    assert scene.job(rich)["status"] == "succeeded"
    scene.periodic_tasks(900)
    scene.work(10)
    scene.periodic_tasks()
    ((note,),) = [each["data"]["notes"] for each in scene.receiver.notes]
    assert (note["subject"], note["cleared"]) == ("money:main", False)
    scene.sim.control("/balance", {"uid": "reseller", "balance": 500.0})
    scene.work(400)
    scene.periodic_tasks()
    assert scene.job(poor)["status"] == "succeeded"
    assert len(scene.orders) == 1
    assert [note["cleared"] for each in scene.receiver.notes for note in each["data"]["notes"]] == [
        False,
        True,
    ]
