"""Order: what overtakes what, what comes too late, and callbacks to a receiver that fails."""

from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import NotPossible
from tests.support.scene import PASSWORD, Open, Scene
from tests.support.stores import on_sqlite

store = on_sqlite  # the store's part in these rules is tested in tests/store

OTHER = "Other-Secret.8"


@pytest.fixture
def waiting(scene: Scene) -> Scene:
    """An account that a person paused, so that hooks wait."""
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    scene.call_back()
    scene.receiver.callbacks.clear()
    scene.service.operator.pause_account("main", "")
    scene.clock.now += 60
    return scene


def go_on(scene: Scene) -> list[dict[str, Any]]:
    scene.service.operator.resume_account("main")
    scene.work(120)
    return scene.call_back()


def statuses(scene: Scene, *sent: dict[str, Any]) -> list[str]:
    return [scene.job(each)["status"] for each in sent]


def test_an_unsuspend_overtakes_a_waiting_suspend(waiting: Scene) -> None:
    old, new = waiting.hook("suspend"), waiting.hook("unsuspend")
    assert statuses(waiting, old, new) == ["cancelled", "queued"]
    assert waiting.job(old)["error"]["code"] == "overtaken"
    result = go_on(waiting)
    assert statuses(waiting, old, new) == ["cancelled", "succeeded"]
    assert waiting.job(new)["changed"] is False
    assert waiting.calls("change_user") == []
    # The newer one decides the same: the older one need not be told any more, and never comes after
    # it.
    assert [each["data"]["sequence"] for each in result][-1] == 3


def test_an_unsuspend_with_a_password_overtakes_by_each_fact(waiting: Scene) -> None:
    sent = [
        waiting.hook("suspend"),
        waiting.hook("change_password", password=OTHER),
        waiting.hook("change_plan", plan="large"),
    ]
    sent.append(waiting.hook("unsuspend", password="Third-Secret.9"))
    assert statuses(waiting, *sent) == ["cancelled", "cancelled", "queued", "queued"]


def test_a_terminate_makes_an_end_of_what_waits_before_it_when_its_turn_has_come(
    waiting: Scene,
) -> None:
    sent = [
        waiting.hook("suspend"),
        waiting.hook("change_password", password=OTHER),
        waiting.hook("change_plan", plan="large"),
        waiting.hook("renew", until="2029-01-01"),
        waiting.hook("terminate"),
    ]
    assert statuses(waiting, *sent) == ["queued"] * 5
    go_on(waiting)
    assert statuses(waiting, *sent) == ["cancelled"] * 4 + ["succeeded"]
    assert (
        waiting.mailbox() is None
        and waiting.calls("change_user", "ModifyPOP3", "RenewPOPBundle") == []
    )


def test_a_terminate_is_overtaken_by_what_needs_the_mailbox_and_by_nothing_else(
    waiting: Scene,
) -> None:
    sent = [
        waiting.hook("renew", until="2029-01-01"),
        waiting.hook("terminate"),
        waiting.hook("suspend"),
    ]
    sent += [waiting.hook("change_password", password=OTHER), waiting.hook("terminate")]
    assert statuses(waiting, *sent) == ["queued"] * 5
    sent.append(waiting.hook("create", password="Third-Secret.9"))
    assert statuses(waiting, *sent) == [
        "queued",
        "cancelled",
        "cancelled",
        "cancelled",
        "cancelled",
        "queued",
    ]
    go_on(waiting)
    assert statuses(waiting, *sent)[-1] == "succeeded"
    assert (waiting.mailbox() or {})["password"] == "Third-Secret.9"


def test_a_create_yields_to_a_newer_one_of_the_same_service_only(waiting: Scene) -> None:
    mine = waiting.hook("create", password=OTHER)
    other = waiting.hook("create", service_id="8", password=OTHER)
    assert statuses(waiting, mine, other) == ["queued", "queued"]
    newer = waiting.hook("create", password="Third-Secret.9")
    assert statuses(waiting, mine, other, newer) == ["cancelled", "queued", "queued"]


def test_two_newer_hooks_overtake_together(waiting: Scene) -> None:
    create = waiting.hook("create", password=OTHER, plan="large")
    for type, data in (
        ("change_password", {"password": OTHER}),
        ("change_plan", {"plan": "basic"}),
        ("suspend", {}),
    ):
        waiting.hook(type, **data)
    assert statuses(waiting, create) == ["queued"]  # nobody newer decides that it exists
    waiting.hook("create", password="Third-Secret.9")
    assert statuses(waiting, create) == ["cancelled"]


def test_what_has_sent_a_command_is_not_overtaken(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    scene.fault("change_user", "drop_after")
    old = scene.hook("suspend")
    scene.work()
    assert scene.job(old)["waiting_for"] == "settle"
    new = scene.hook("unsuspend")
    assert statuses(scene, old, new) == ["queued", "queued"]
    scene.work(60)
    assert statuses(scene, old, new) == ["succeeded", "succeeded"]
    assert set((scene.mailbox() or {})["services"].values()) == {"enabled"}


def test_a_late_hook_is_cancelled_and_called_back(waiting: Scene) -> None:
    new = waiting.hook("unsuspend", at=0)
    answer = waiting.send("mailbox.suspend", at=-30)
    late = answer.json or {}
    assert (answer.status_code, late["status"], late["error"]["code"]) == (
        200,
        "cancelled",
        "overtaken",
    )
    other = waiting.hook("change_plan", at=-30, plan="large")  # another fact
    equal = waiting.hook("suspend", at=0)  # the same time: by arrival
    foreign = waiting.hook("suspend", at=-60, service_id="8")
    assert statuses(waiting, new, other, equal, foreign) == [
        "cancelled",
        "queued",
        "queued",
        "queued",
    ]
    result = go_on(waiting)
    assert late["job"] in {each["data"]["job"] for each in result} | superseded(waiting)


def superseded(scene: Scene) -> set[str]:
    with scene.service.database.read() as tx:
        return set(tx.scalars(sa.text("SELECT job_id FROM callbacks WHERE status = 'superseded'")))


def test_a_retry_of_what_newer_hooks_decided_is_refused(scene: Scene) -> None:
    failed = scene.do("change_plan", plan="gold")
    assert failed["status"] == "failed"
    scene.do("create", password=PASSWORD, plan="basic")
    with pytest.raises(NotPossible, match="overtaken"):
        scene.service.operator.retry(failed["job"])


def test_a_hook_that_was_parked_is_done_once_it_can_be_read(scene: Scene) -> None:
    body = scene.body(
        "mailbox.create", service_id="7", address="john.doe@example.com", password="with space"
    )
    assert scene.post("/hooks/shop", body, scene.sign(body, "msg_1")).status_code == 422
    assert scene.ask("job", hook="msg_1").status_code == 404


# Callbacks.


def sequences(scene: Scene) -> list[int]:
    return [each["data"]["sequence"] for each in scene.receiver.callbacks]


def test_a_receiver_that_fails_is_asked_again_with_the_same_id(scene: Scene) -> None:
    scene.receiver.answers = [(500, {}), None, (502, {})]
    receipt = scene.do("create", password=PASSWORD)
    scene.call_back(3600)
    assert scene.receiver.tries == [f"cb_{receipt['job']}_1"] * 4
    assert sequences(scene) == [1]


def test_a_receiver_that_asks_for_patience_gets_it(scene: Scene) -> None:
    scene.receiver.answers = [(429, {"retry-after": "1000"})]
    scene.do("create", password=PASSWORD)
    scene.call_back(990)
    assert sequences(scene) == []
    scene.call_back(100)
    assert sequences(scene) == [1]


def test_gone_is_gone_for_good(scene: Scene) -> None:
    scene.receiver.answers = [(410, {})]
    scene.do("create", password=PASSWORD)
    scene.call_back(2 * 86400)
    assert (len(scene.receiver.tries), sequences(scene)) == (1, [])
    scene.do("suspend")
    scene.call_back()
    assert sequences(scene) == [2]


@pytest.mark.parametrize("store", ["sqlite"])
def test_after_the_last_try_it_is_exhausted_and_can_be_sent_again(scene: Scene) -> None:
    receipt = scene.do("create", password=PASSWORD)
    scene.receiver.answers = [(500, {})] * 99
    scene.call_back(5 * 86400)
    assert pending(scene) == 0
    assert len(scene.receiver.tries) == 10
    scene.receiver.answers.clear()
    scene.service.operator.resend(f"cb_{receipt['job']}_1")
    scene.call_back()
    assert sequences(scene) == [1]


def pending(scene: Scene) -> int:
    with scene.service.database.read() as tx:
        return int(
            tx.scalar(sa.text("SELECT count(*) FROM callbacks WHERE status = 'pending'")) or 0
        )


def test_an_older_callback_holds_back_newer_ones_until_its_second_try(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    scene.receiver.answers = [(500, {}), (500, {})]
    scene.call_back()
    scene.do("change_plan", plan="large", seconds=2)
    scene.call_back()
    assert (sequences(scene), len(scene.receiver.tries)) == ([], 1)
    scene.call_back(30)
    assert sequences(scene) == [
        2
    ]  # it passes after the second try of the first, which decides other facts, too
    scene.call_back(600)
    assert sequences(scene) == [2, 1]


def test_an_undelivered_callback_is_dropped_when_a_newer_one_decides_the_same(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    scene.call_back()
    old = scene.do("suspend")
    scene.receiver.answers = [(500, {}), (500, {})]
    scene.call_back(30)
    scene.do("unsuspend")
    scene.call_back(3600)
    assert sequences(scene) == [1, 3]
    assert superseded(scene) == {old["job"]}


def test_callbacks_of_one_mailbox_do_not_wait_for_those_of_another(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    scene.receiver.answers = [(500, {})]
    scene.call_back()
    scene.do("create", address="amy@example.com", service_id="8", password=PASSWORD)
    scene.call_back()
    assert [each["data"]["address"] for each in scene.receiver.callbacks] == ["amy@example.com"]


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_source_without_a_callback_asks_for_results(open_scene: Open) -> None:
    scene = open_scene(source__callback="")
    receipt = scene.do("create", password=PASSWORD)
    scene.call_back(60)
    assert scene.receiver.tries == []
    assert [item["job"] for item in (scene.ask("results").json or {})["data"]["items"]] == [
        receipt["job"]
    ]
