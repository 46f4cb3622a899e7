"""A company's mailboxes under one service: sold by number, suspended, brought back and deleted
together, over HTTP and beside the simulator's truth."""

from functools import partial
from typing import Any

import pytest

from bridge.domain.model import Address
from bridge.store import Privacy
from bridge.store.base import tables
from hooks import standard
from hooks.standard import ACTIONS
from tests.support.bridge import PASSWORD
from tests.support.scene import Open, Scene

A, B, C, D = (f"{name}@example.com" for name in ("ann", "bob", "cat", "dan"))


def create(scene: Scene, address: str, **more: Any) -> dict[str, Any]:
    return scene.do("create", address=address, password=PASSWORD, **more)


def whole(scene: Scene, action: str, **more: Any) -> dict[str, Any]:
    """Sends a hook about the whole service; its receipt."""
    body = scene.body(f"service.{action}", **{"service_id": "7", **more})
    answer = scene.post("/hooks/shop", body, scene.sign(body))
    assert answer.status_code in (200, 202), answer.text
    return dict(answer.json or {})


def done(scene: Scene, action: str, **more: Any) -> dict[str, Any]:
    receipt = whole(scene, action, **more)
    scene.work(600, until=receipt)
    return scene.job(receipt)


def states(scene: Scene, *addresses: str) -> list[str]:
    found = []
    for address in addresses:
        box = scene.mailbox(address)
        services = set(box["services"].values()) if box else set()
        found.append(
            "absent" if box is None else "suspended" if services == {"suspended"} else "active"
        )
    return found


def mailboxes(receipt: dict[str, Any]) -> dict[str, str]:
    return {each["address"]: each["status"] for each in receipt["mailboxes"]}


def test_the_whole_life_of_a_service(mail: Scene) -> None:
    for address in (A, B, C):
        assert create(mail, address, seats=3)["status"] == "succeeded"
    full = create(mail, D, seats=3)
    assert (full["status"], full["error"]["code"]) == ("failed", "seats_full")
    assert mail.mailbox(D) is None

    suspended = done(mail, "suspend", reason="Overdue")
    assert suspended["status"] == "succeeded" and "address" not in suspended
    assert states(mail, A, B, C) == ["suspended"] * 3
    for address in (D, A):  # a new one, and one that would be brought back by it
        refused = create(mail, address, seats=9)
        assert (refused["status"], refused["error"]["code"]) == ("failed", "conflict")
    assert states(mail, A, D) == ["suspended", "absent"]

    assert done(mail, "unsuspend")["state"] == "active"
    assert states(mail, A, B, C) == ["active"] * 3
    assert create(mail, D, seats=9)["status"] == "succeeded"

    ended = done(mail, "terminate")
    assert mailboxes(ended) == dict.fromkeys((A, B, C, D), "succeeded")
    assert states(mail, A, B, C, D) == ["absent"] * 4
    told = [each for each in mail.call_back() if each["data"]["action"].startswith("service.")]
    assert [each["type"] for each in told] == ["job.succeeded"] * 3
    assert [each["data"]["sequence"] for each in told] == [1, 2, 3]
    assert not any(each["data"]["hook"].startswith("part_") for each in mail.call_back())


def test_a_seat_is_free_again_once_its_mailbox_is_gone(mail: Scene) -> None:
    create(mail, A, seats=1)
    assert create(mail, B, seats=1)["error"]["code"] == "seats_full"
    mail.do("terminate", address=A)
    assert create(mail, B, seats=1)["status"] == "succeeded"


def test_a_repeat_for_a_mailbox_that_is_there_is_never_refused(mail: Scene) -> None:
    for address in (A, B):
        create(mail, address, seats=2)
    assert create(mail, A, seats=1)["status"] == "succeeded"
    assert create(mail, C, seats=1)["error"]["code"] == "seats_full"


def test_what_is_held_or_failed_takes_no_seat(mail: Scene) -> None:
    held = create(mail, "admin@example.com", seats=1, customer_id="5")
    assert held["status"] == "held"
    assert create(mail, A, seats=1)["status"] == "succeeded"


def test_a_mailbox_in_its_grace_takes_its_seat(open_scene: Open) -> None:
    scene = open_scene(backend="hosted-email", account__settle=0, safety__terminate_grace_days=30)
    create(scene, A, seats=1)
    scene.do("terminate", address=A)
    assert create(scene, B, seats=1)["error"]["code"] == "seats_full"


def test_a_terminate_with_a_grace_is_taken_back_with_the_service(open_scene: Open) -> None:
    scene = open_scene(backend="hosted-email", account__settle=0, safety__terminate_grace_days=30)
    for address in (A, B):
        create(scene, address)
    ended = done(scene, "terminate")
    assert ended["message"].endswith("They will be deleted when their grace ends.")
    assert states(scene, A, B) == ["suspended"] * 2
    done(scene, "unsuspend")
    assert states(scene, A, B) == ["active"] * 2
    scene.periodic_tasks(40 * 86400)
    scene.work(600)
    assert states(scene, A, B) == ["active"] * 2


def test_after_its_grace_every_mailbox_is_deleted(open_scene: Open) -> None:
    scene = open_scene(backend="hosted-email", account__settle=0, safety__terminate_grace_days=30)
    for address in (A, B):
        create(scene, address)
    done(scene, "terminate")
    scene.periodic_tasks(31 * 86400)
    scene.work(600)
    assert states(scene, A, B) == ["absent"] * 2


def test_a_mailbox_that_enom_does_not_have_is_left_out_of_a_suspension(mail: Scene) -> None:
    for address in (A, B):
        create(mail, address)
    mail.sim.control("/mailboxes/delete", {"address": B})
    suspended = done(mail, "suspend")
    assert (suspended["status"], mailboxes(suspended)) == ("succeeded", {A: "succeeded"})
    assert mailboxes(done(mail, "terminate")) == {A: "succeeded"}


def test_a_mailbox_that_enom_does_not_have_is_done_for_a_terminate(mail: Scene) -> None:
    for address in (A, B):
        create(mail, address)
    mail.sim.control("/mailboxes/delete", {"address": B})
    ended = done(mail, "terminate")
    assert (ended["status"], mailboxes(ended)) == ("succeeded", {A: "succeeded", B: "succeeded"})


def test_a_mailbox_that_is_anothers_by_now_is_left_alone_and_has_no_part_in_it(mail: Scene) -> None:
    for address in (A, B):
        create(mail, address)
    receipt = whole(mail, "terminate")
    mail.service.operator.adopt("main", Address.parse(B), "shop", "99")
    mail.work(600, until=receipt)
    ended = mail.job(receipt)
    assert (ended["status"], ended["error"]) == ("succeeded", None)
    assert mailboxes(ended) == {A: "succeeded"}
    assert states(mail, A, B) == ["absent", "active"]


def test_in_observe_mode_nothing_is_changed_and_billing_hears_that(open_scene: Open) -> None:
    scene = open_scene(backend="hosted-email", account__settle=0)
    create(scene, A)
    observing = open_scene(backend="hosted-email", account__settle=0, account__mode="observe")
    ended = done(observing, "terminate")
    assert ended["observed_only"] and ended["status"] == "succeeded"
    assert states(observing, A) == ["active"]
    assert whole(observing, "terminate", service_id="99")["observed_only"]
    assert {each["type"] for each in observing.call_back()[-2:]} == {"job.observed"}


def test_another_service_touches_nothing_of_it(mail: Scene) -> None:
    create(mail, A)
    receipt = whole(mail, "suspend", service_id="8")
    assert (receipt["status"], receipt["mailboxes"]) == ("succeeded", [])
    assert states(mail, A) == ["active"]


def test_its_mailboxes_can_be_asked_for(mail: Scene) -> None:
    for address in (A, B):
        create(mail, address, seats=5, plan="basic")
    usage = mail.ask("mailbox.usage", service_id="7", address=A)
    assert usage.status_code == 200, usage.text
    answer = mail.ask("service.mailboxes", service_id="7")
    assert answer.status_code == 200, answer.text
    data = (answer.json or {})["data"]
    assert (data["seats"], data["used"], data["suspended"], data["next"]) == (5, 2, False, None)
    assert [(each["address"], each["state"], each["plan"]) for each in data["items"]] == [
        (A, "active", "basic"),
        (B, "active", "basic"),
    ]
    assert data["items"][0]["used_bytes"] == (usage.json or {})["data"]["used_bytes"]
    assert data["items"][0]["used_at"] and data["items"][1]["used_bytes"] is None
    done(mail, "suspend")
    empty = mail.ask("service.mailboxes", service_id="8", source="shop")
    assert (empty.json or {})["data"]["items"] == []


def test_a_preview_shows_the_plan_of_each_mailbox(mail: Scene) -> None:
    create(mail, A)
    receipt = whole(mail, "suspend")
    preview = mail.service.replay.recorded(receipt["hook"])
    assert [(each.kind, each.arguments["of"]) for each in preview.plan.changes] == [
        ("suspend", A),
        ("log_out", A),
    ]


@pytest.mark.parametrize("seats", [0, 100_001, "5", 1.5, True])
def test_seats_are_a_whole_number_in_bounds(mail: Scene, seats: Any) -> None:
    answer = mail.send("mailbox.create", password=PASSWORD, seats=seats)
    assert answer.status_code == 422 and "data.seats" in (answer.json or {})["errors"]


def test_an_erased_address_is_told_no_more(mail: Scene) -> None:
    create(mail, A)
    receipt = done(mail, "terminate")
    mail.call_back(60)
    Privacy(mail.service.database, lambda sealed, address: False).erase(A)
    assert mail.job(receipt)["mailboxes"] == []
    with mail.service.database.read() as tx:
        for table in tables.metadata.sorted_tables:
            for row in tx.execute(table.select()):
                assert A not in str(row)


def test_a_hook_that_an_older_bridge_could_not_read_is_replayed(
    mail: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(mail, A)
    body = mail.body("service.suspend", service_id="7")
    with monkeypatch.context() as older:
        known = {name: each for name, each in ACTIONS.items() if name != "service.suspend"}
        older.setattr(standard, "read", partial(standard.read, actions=known))
        parked = mail.post("/hooks/shop", body, mail.sign(body, "msg_parked"))
        assert parked.status_code == 422
    replay = mail.service.replay
    preview = replay.recorded("msg_parked")
    assert preview.problem is None and len(preview.plan.changes) == 2
    receipt = replay.carry_out(preview, "ann")
    assert receipt.status == "running"
    mail.work(600)
    assert states(mail, A) == ["suspended"]
