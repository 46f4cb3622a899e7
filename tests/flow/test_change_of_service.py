"""A mailbox that another service of the same source takes over: who may have it, in which order,
and what becomes of what its former service still sends."""

from typing import Any

import pytest
import sqlalchemy as sa

from bridge.reporting.explain import chapters
from bridge.store.base import tables
from tests.flow.test_scenarios_services import A, B, C, create, done, mailboxes, states, whole
from tests.support.scene import Open, Scene

SINGLE, COMPANY, THIRD = "1042", "77", "88"


def data(address: str = A, source: str = SINGLE, service_id: str = COMPANY, **more: Any) -> Any:
    return {"address": address, "from_service_id": source, "service_id": service_id, **more}


def move(scene: Scene, *args: str, **more: Any) -> dict[str, Any]:
    return scene.do("change_service", **data(*args, **more))


def ended(receipt: dict[str, Any]) -> tuple[str, str | None]:
    return receipt["status"], (receipt["error"] or {}).get("code")


def work_off(scene: Scene, *receipts: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Works until nothing is left; how each ended."""
    scene.work(600)
    return [ended(scene.job(each)) for each in receipts]


def owner(scene: Scene, address: str = A) -> str | None:
    with scene.service.database.read() as tx:
        return tx.scalar(
            sa.select(tables.mailboxes.c.service_id).where(tables.mailboxes.c.address == address)
        )


def commands(scene: Scene) -> int:
    with scene.service.database.read() as tx:
        return int(tx.scalar(sa.select(sa.func.count()).select_from(tables.steps)) or 0)


def test_a_mailbox_goes_over_as_it_is_and_nothing_is_sent(sold: Scene) -> None:
    before, calls = sold.mailbox(A), commands(sold)
    receipt = move(sold, seats=10, customer_id="5")
    assert ended(receipt) == ("succeeded", None)
    assert (receipt["changed"], receipt["from_service_id"]) == (True, SINGLE)
    assert receipt["verified"] == {"existence": "verified"}
    assert receipt["message"] == "The mailbox is of this service now."
    assert (sold.mailbox(A), commands(sold), owner(sold)) == (before, calls, COMPANY)
    told = next(
        each["data"]
        for each in sold.call_back()
        if each["data"]["action"] == "mailbox.change_service"
    )
    assert (told["service_id"], told["from_service_id"]) == (COMPANY, SINGLE)


def test_a_repetition_changes_nothing(sold: Scene) -> None:
    move(sold, seats=1)
    again = move(sold, seats=1)
    assert (ended(again), again["changed"]) == (("succeeded", None), False)
    assert again["message"] == "The mailbox was already of this service."


def test_what_the_former_service_sends_later_touches_nothing(sold: Scene) -> None:
    first = sold.hook("change_service", **data())
    behind = [
        sold.hook("terminate", address=A, service_id=SINGLE),
        sold.hook("suspend", address=A, service_id=SINGLE),
    ]
    sold.work(600, until=first)
    sold.work(600)
    assert [ended(sold.job(each)) for each in (first, *behind)] == [
        ("succeeded", None),
        *[("failed", "not_ours")] * 2,
    ]
    assert ended(sold.do("terminate", address=A, service_id=SINGLE)) == ("failed", "not_ours")
    assert states(sold, A) == ["active"]
    assert sold.do("suspend", address=A, service_id=COMPANY)["status"] == "succeeded"


def test_what_it_sent_before_is_done_first(sold: Scene) -> None:
    sold.hook("suspend", address=A, service_id=SINGLE)
    receipt = move(sold)
    assert (receipt["status"], receipt["state"], states(sold, A)) == (
        "succeeded",
        "suspended",
        ["suspended"],
    )
    assert sold.do("unsuspend", address=A, service_id=COMPANY)["state"] == "active"

    sold.hook("terminate", address=B, service_id="1043")
    assert ended(move(sold, B, "1043")) == ("failed", "not_found")


def test_it_goes_back_too(sold: Scene) -> None:
    move(sold, seats=1)
    assert move(sold, A, COMPANY, SINGLE)["status"] == "succeeded"
    assert owner(sold) == SINGLE
    assert sold.do("suspend", address=A, service_id=SINGLE)["status"] == "succeeded"


def test_only_who_has_it_gives_it_away(sold: Scene) -> None:
    assert ended(move(sold, A, "1043")) == ("failed", "not_ours")
    assert ended(move(sold, C, "1043")) == ("failed", "not_found")
    assert ended(move(sold, customer_id="6")) == ("failed", "conflict")
    assert owner(sold) == SINGLE


def test_the_last_seat_is_given_once(sold: Scene) -> None:
    assert move(sold, seats=1)["status"] == "succeeded"
    full = move(sold, B, "1043", seats=1)
    assert ended(full) == ("failed", "seats_full")
    assert (owner(sold, B), states(sold, B)) == ("1043", ["active"])
    assert create(sold, C, service_id=COMPANY, seats=1)["error"]["code"] == "seats_full"
    assert move(sold, B, "1043", seats=2)["status"] == "succeeded"


def test_nothing_goes_over_to_a_service_that_is_suspended(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY)
    done(sold, "suspend", service_id=COMPANY)
    assert ended(move(sold)) == ("failed", "conflict")
    done(sold, "unsuspend", service_id=COMPANY)
    assert move(sold)["status"] == "succeeded"


def test_a_service_that_is_suspended_meanwhile_suspends_it_too(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY)
    sold.hook("change_service", **data())
    receipt = done(sold, "suspend", service_id=COMPANY)
    assert mailboxes(receipt) == {A: "succeeded", C: "succeeded"}
    assert states(sold, A, C) == ["suspended"] * 2


def test_a_service_that_ends_meanwhile_leaves_it_with_its_former_one(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY)
    waits = sold.hook("change_service", **data())
    receipt = done(sold, "terminate", service_id=COMPANY)
    assert (receipt["status"], mailboxes(receipt)) == ("succeeded", {C: "succeeded"})
    assert sold.job(waits)["status"] == "cancelled"
    assert (states(sold, A, C), owner(sold)) == (["active", "absent"], SINGLE)


def test_a_service_that_ends_after_it_gave_one_away_ends_without_it(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY)
    move(sold)
    back = sold.hook("change_service", **data(A, COMPANY, SINGLE))
    end = whole(sold, "terminate", service_id=COMPANY)
    sold.work(600, until=end)
    assert sold.job(back)["status"] == "succeeded"
    receipt = sold.job(end)
    assert (receipt["status"], mailboxes(receipt)) == ("succeeded", {C: "succeeded"})
    assert states(sold, A, C) == ["active", "absent"]


def test_one_taken_over_keeps_the_service_that_was_to_end(sold: Scene) -> None:
    """As a mailbox that is ordered for it does."""
    create(sold, C, service_id=COMPANY)
    end = whole(sold, "terminate", service_id=COMPANY)
    receipt = move(sold)
    assert receipt["status"] == "succeeded"
    assert sold.job(end)["status"] == "cancelled"
    assert states(sold, A, C) == ["active"] * 2


def test_what_waits_for_its_deletion_is_not_given_away(open_scene: Open) -> None:
    scene = open_scene(backend="hosted-email", account__settle=0, safety__terminate_grace_days=30)
    create(scene, A, service_id=SINGLE)
    scene.do("terminate", address=A, service_id=SINGLE)
    refused = move(scene)
    assert ended(refused) == ("failed", "conflict")
    assert "is kept until" in refused["error"]["detail"]
    scene.periodic_tasks(31 * 86400)
    scene.work(600)
    assert states(scene, A) == ["absent"]


def test_a_deletion_that_is_held_deletes_nothing_of_its_new_service(open_scene: Open) -> None:
    scene = open_scene(
        backend="hosted-email", account__settle=0, safety__max_terminations_per_hour=1
    )
    for service, address in ((SINGLE, A), ("1043", B)):
        create(scene, address, service_id=service)
    scene.do("terminate", address=B, service_id="1043")
    held = scene.do("terminate", address=A, service_id=SINGLE)
    assert held["status"] == "held"
    assert move(scene)["status"] == "succeeded"
    again = scene.service.operator.by("test").retry(held["job"], approve=True)
    scene.work(600)
    assert ended(scene.job({"job": again.job})) == ("failed", "not_ours")
    assert states(scene, A) == ["active"]


def test_a_late_one_of_a_service_that_has_ended_is_not_carried_out(sold: Scene) -> None:
    move(sold)
    sold.do("terminate", address=A, service_id=COMPANY)
    create(sold, A, service_id=SINGLE)
    late = sold.do("change_service", **data(), at=-3600)
    assert (late["status"], owner(sold)) == ("cancelled", SINGLE)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"from_service_id": COMPANY}, "It is the same as service_id."),
        ({"from_service_id": None}, "Null."),
        ({"from_service_id": ""}, "Send the billing platform's id"),
        ({"from_service_id": 1042}, "Not a string."),
    ],
)
def test_what_is_wrong_is_named(mail: Scene, given: dict[str, Any], fault: str) -> None:
    answer = mail.send("mailbox.change_service", **(data() | given))
    assert answer.status_code == 422
    assert fault in " ".join(answer.json["errors"]["data.from_service_id"])


def test_what_customers_order_in_their_own_domain_goes_on(sold: Scene) -> None:
    """The mailbox stays its customer's, whichever service it is of."""
    move(sold)
    mine = create(sold, C, service_id="1044", customer_id="5")
    foreign = create(sold, "dan@example.com", service_id="1045", customer_id="6")
    assert (mine["status"], foreign["status"]) == ("succeeded", "held")


def test_a_preview_says_what_the_record_says_against_it(sold: Scene) -> None:
    refused = [move(sold, customer_id="6"), move(sold, A, "1043")]
    found = [sold.service.replay.recorded(each["hook"]).problem for each in refused]
    assert found == [(each["error"]["code"], each["error"]["detail"]) for each in refused]
    assert [each and each[0] for each in found] == ["conflict", "not_ours"]
    assert sold.service.replay.recorded(move(sold)["hook"]).problem is None


def test_it_is_explained(sold: Scene) -> None:
    receipt = move(sold)
    asked = chapters(sold.service.lookup.story(receipt["job"]), 72)["asked"][0]
    assert f"asked to take {A} over from service {SINGLE} for service {COMPANY}" in asked
