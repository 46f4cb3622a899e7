"""A change of service in the line of its mailbox, between other hooks of both services."""

import random
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import NotPossible
from bridge.infra.job_ids import JobIds
from bridge.store.base import tables
from tests.flow.test_change_of_service import (
    COMPANY,
    SINGLE,
    THIRD,
    data,
    ended,
    move,
    owner,
    work_off,
)
from tests.flow.test_scenarios_services import A, B, C, create, done, states, whole
from tests.support.scene import Open, Scene


def row(scene: Scene, address: str = A) -> Any:
    query = sa.select(tables.mailboxes).where(tables.mailboxes.c.address == address)
    with scene.service.database.read() as tx:
        return tx.execute(query).mappings().one()


# What a newer hook cancels on the other side of a change


def test_a_repetition_lets_no_deletion_of_the_former_service_pass(sold: Scene) -> None:
    """The second change cancels the first, so the deletion between them meets its own mailbox."""
    first = sold.hook("change_service", **data())
    late = sold.hook("terminate", address=A, service_id=SINGLE)
    again = sold.hook("change_service", **data())
    assert work_off(sold, late, again) == [("failed", "not_ours"), ("succeeded", None)]
    assert states(sold, A) == ["active"], sold.job(first)


def test_a_repetition_lets_no_deletion_of_the_whole_former_service_pass(sold: Scene) -> None:
    sold.hook("change_service", **data())
    end = whole(sold, "terminate", service_id=SINGLE)
    again = sold.hook("change_service", **data())
    assert work_off(sold, end, again) == [("succeeded", None), ("succeeded", None)]
    assert states(sold, A) == ["active"]


def test_a_repetition_is_harmless_after_a_suspension_of_the_service(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY)
    sold.hook("change_service", **data())
    whole(sold, "suspend", service_id=COMPANY)
    sold.hook("change_service", **data())
    sold.work(600)
    assert (owner(sold), states(sold, A)) == (COMPANY, ["suspended"])


def test_what_the_former_service_sends_later_cancels_nothing_before_the_change(
    sold: Scene,
) -> None:
    """Paid, so unsuspended; then it goes over; what comes after it "touches nothing"."""
    sold.do("suspend", address=A, service_id=SINGLE)
    paid = sold.hook("unsuspend", address=A, service_id=SINGLE)
    over = sold.hook("change_service", **data())
    late = sold.hook("suspend", address=A, service_id=SINGLE)
    assert work_off(sold, paid, over, late) == [
        ("succeeded", None),
        ("succeeded", None),
        ("failed", "not_ours"),
    ]
    assert states(sold, A) == ["active"]


def test_a_new_password_is_set_before_the_change(sold: Scene) -> None:
    mine = sold.hook("change_password", address=A, service_id=SINGLE, password="Mine-Pass.02")
    over = sold.hook("change_service", **data())
    late = sold.hook("change_password", address=A, service_id=SINGLE, password="Late-Pass.03")
    assert work_off(sold, mine, over, late) == [
        ("succeeded", None),
        ("succeeded", None),
        ("failed", "not_ours"),
    ]


def test_it_goes_to_a_third_service_and_back(sold: Scene) -> None:
    hooks = [
        sold.hook("change_service", **data(A, SINGLE, COMPANY)),
        sold.hook("change_service", **data(A, COMPANY, THIRD)),
        sold.hook("change_service", **data(A, THIRD, COMPANY)),
    ]
    assert work_off(sold, *hooks)[1:] == [("succeeded", None)] * 2
    assert owner(sold) == COMPANY


def test_a_change_from_elsewhere_does_not_cancel_one_that_waits(sold: Scene) -> None:
    """The second one names a service that never had the mailbox."""
    good = sold.hook("change_service", **data())
    wrong = sold.hook("change_service", **data(A, "1043", COMPANY))
    work_off(sold, good, wrong)
    assert owner(sold) == COMPANY


# Observe mode


def observing(open_scene: Open, scene: Scene) -> Scene:
    return open_scene(backend="hosted-email", account__settle=0, account__mode="observe")


def test_observed_only_a_full_service_ends_the_job(open_scene: Open, sold: Scene) -> None:
    move(sold, seats=1)
    observed = observing(open_scene, sold)
    receipt = move(observed, B, "1043", seats=1)
    assert (receipt["status"], receipt["observed_only"]) == ("succeeded", True)
    assert receipt["would_be"]["code"] == "seats_full"


def test_observed_only_a_suspended_service_ends_the_job(open_scene: Open, sold: Scene) -> None:
    create(sold, C, service_id=COMPANY)
    done(sold, "suspend", service_id=COMPANY)
    observed = observing(open_scene, sold)
    receipt = move(observed)
    assert (receipt["status"], receipt["observed_only"]) == ("succeeded", True)


# Withdrawn


def test_one_withdrawn_while_it_runs_changes_nothing(sold: Scene) -> None:
    waits = sold.hook("change_service", id="msg_change", **data())
    job = sold.engine.queue.claim("worker", sold.engine.limits)
    assert job is not None and job.id == waits["job"]
    body = sold.body("job.withdraw", hook="msg_change")
    answer = sold.post("/hooks/shop", body, sold.sign(body))
    assert (answer.status_code, (answer.json or {})["status"]) == (202, "running")
    sold.engine.worker.run(job)
    assert ended(sold.job(waits)) == ("cancelled", "withdrawn")
    assert owner(sold) == SINGLE


# Graces


def test_a_refused_change_leaves_no_deletion_undone(open_scene: Open) -> None:
    """Repeated in the grace of the service that has it: refused, and yet it ends the grace, so the
    mailbox stays suspended, is paid for, and is nobody's to delete."""
    scene = open_scene(backend="hosted-email", account__settle=0, safety__terminate_grace_days=30)
    create(scene, A, service_id=SINGLE)
    move(scene)
    scene.do("terminate", address=A, service_id=COMPANY)
    again = move(scene)
    scene.periodic_tasks(31 * 86400)
    scene.work(600)
    if again["status"] == "failed":
        assert states(scene, A) == ["absent"]
    else:
        assert states(scene, A) == ["active"]


# The end of the new service


def test_a_service_that_ends_meanwhile_leaves_it_whatever_stands_between(sold: Scene) -> None:
    """As docs/seats.md says; a hook of the former service between the two makes the difference."""
    create(sold, C, service_id=COMPANY)
    sold.hook("change_service", **data())
    sold.hook("suspend", address=A, service_id=SINGLE)
    end = whole(sold, "terminate", service_id=COMPANY)
    work_off(sold, end)
    assert states(sold, A) != ["absent"]
    assert owner(sold) == SINGLE


# Customers


def test_the_customer_stays_as_it_is_known(sold: Scene) -> None:
    """The customer of the service changed; the way back names none."""
    move(sold, customer_id="5")
    sold.do("suspend", address=A, service_id=COMPANY, customer_id="6")
    assert row(sold)["customer_id"] == "6"
    move(sold, A, COMPANY, SINGLE)
    assert row(sold)["customer_id"] == "6"


def test_a_change_that_failed_loses_no_customer(sold: Scene) -> None:
    """What the owner's hooks say while a change waits counts, if it stays the owner."""
    create(sold, C, service_id=COMPANY, seats=1)
    full = sold.hook("change_service", **data(seats=1))
    said = sold.hook("suspend", address=A, service_id=SINGLE, customer_id="6")
    assert work_off(sold, full, said) == [("failed", "seats_full"), ("succeeded", None)]
    assert row(sold)["customer_id"] == "6"


def test_ids_of_one_millisecond_stay_in_order_whatever_comes_between() -> None:
    ids = JobIds()
    made = []
    for _ in range(50):
        made.append(ids.new(1000.5))
        ids.new(1000.0)
    assert made == sorted(made)


# What was accepted before a suspension, and is tried again after it


def test_a_failed_change_tried_again_gets_nothing_for_a_suspended_service(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY, seats=1)
    failed = move(sold, seats=1)
    assert ended(failed) == ("failed", "seats_full")
    done(sold, "suspend", service_id=COMPANY)
    create(sold, C, service_id=COMPANY, seats=2)  # refused, but it says what was bought
    again = sold.service.operator.by("test").retry(failed["job"])
    sold.work(600)
    assert ended(sold.job({"job": again.job})) == ("failed", "conflict")
    assert owner(sold) == SINGLE


def test_a_held_creation_approved_gets_nothing_for_a_suspended_service(sold: Scene) -> None:
    """docs/seats.md: while the service is suspended, a creation is refused."""
    create(sold, C, service_id=COMPANY, customer_id="5")
    held = create(sold, "postmaster@example.com", service_id=COMPANY, customer_id="6")
    assert held["status"] == "held"
    done(sold, "suspend", service_id=COMPANY)
    again = sold.service.operator.by("test").retry(held["job"], approve=True)
    sold.work(600)
    assert ended(sold.job({"job": again.job})) == ("failed", "conflict")
    assert states(sold, "postmaster@example.com") == ["absent"]


def test_a_late_change_does_not_go_to_a_service_that_has_ended(sold: Scene) -> None:
    sold.clock.now += 7200
    create(sold, C, service_id=COMPANY, at=-4000)
    done(sold, "terminate", service_id=COMPANY)
    late = sold.do("change_service", **data(), at=-3600)
    assert (late["status"], owner(sold)) == ("cancelled", SINGLE)


def test_a_late_creation_does_not_come_to_a_service_that_has_ended(sold: Scene) -> None:
    create(sold, C, service_id=COMPANY, at=-4000)
    done(sold, "terminate", service_id=COMPANY)
    late = create(sold, "dan@example.com", service_id=COMPANY, at=-3600)
    assert late["status"] == "cancelled"


def test_of_a_customer_that_the_service_had_before_nothing_is_learned(mail: Scene) -> None:
    """Another customer had this address by the service once."""
    create(mail, A, service_id=COMPANY, customer_id="9")
    mail.do("terminate", address=A, service_id=COMPANY)
    create(mail, A, service_id=SINGLE, customer_id="5", domain_confirmed=True)
    assert row(mail)["customer_id"] == "5"
    move(mail)
    assert row(mail)["customer_id"] == "5"


# Everything between two hooks for one mailbox, against a plain book of it


STEPS = ("over", "back", "suspend", "unsuspend", "suspend2", "unsuspend2")


@pytest.mark.parametrize("seed", range(40))
def test_as_if_each_hook_was_worked_off_at_once(sold: Scene, seed: int) -> None:
    """Who has the mailbox, and its state, when all wait in line; beside one after the other."""
    draw = random.Random(seed)
    drawn = [draw.choice(STEPS) for _ in range(5)]
    holder, suspended = SINGLE, False
    for step in drawn:
        match step:
            case "over":
                holder = COMPANY
            case "back":
                holder = SINGLE
            case _:
                of = COMPANY if step.endswith("2") else SINGLE
                if of == holder:
                    suspended = step.startswith("suspend")
    for step in drawn:
        match step:
            case "over":
                sold.hook("change_service", **data())
            case "back":
                sold.hook("change_service", **data(A, COMPANY, SINGLE))
            case _:
                of = COMPANY if step.endswith("2") else SINGLE
                sold.hook(step.rstrip("2"), address=A, service_id=of)
    sold.work(600)
    expected = (holder, ["suspended" if suspended else "active"])
    assert (owner(sold), states(sold, A)) == expected, drawn


def held_change(scene: Scene, **more: Any) -> dict[str, Any]:
    """One that nobody could answer for longer than the bridge tries."""
    scene.fault("get_user", "error_500", times=None)
    receipt = scene.do("change_service", 100 * 3600, **data(**more))
    scene.sim.control("/faults", method="DELETE")
    assert receipt["status"] == "held", receipt
    return receipt


def test_a_held_one_is_not_tried_again_after_its_service_gave_it_up(sold: Scene) -> None:
    """As a held creation is not, which a terminate of its service came after."""
    held = held_change(sold)
    assert ended(sold.do("terminate", address=A, service_id=COMPANY)) == ("failed", "not_ours")
    with pytest.raises(NotPossible):
        sold.service.operator.by("test").retry(held["job"])


def test_observed_only_what_is_refused_blocks_nothing(open_scene: Open, sold: Scene) -> None:
    """As the engine runs it: an error that gets out is logged, and the lease ends."""
    move(sold, seats=1)
    observed = observing(open_scene, sold)
    hook = observed.hook("change_service", **data(B, "1043", seats=1))
    for _ in range(5):
        job = observed.engine.queue.claim("worker", observed.engine.limits)
        if job is None:
            break
        with suppress(Exception):
            observed.engine.worker.run(job)
        observed.clock.now += 600
    assert observed.job(hook)["status"] != "running"


def test_a_deletion_after_a_grace_is_not_kept_by_a_change_for_nothing(open_scene: Open) -> None:
    """A change of a mailbox that does not exist "needs" the service: every other mailbox of it
    that waits for its deletion stays, suspended and paid."""
    scene = open_scene(backend="hosted-email", account__settle=0, safety__terminate_grace_days=30)
    create(scene, B, service_id=COMPANY)
    assert done(scene, "terminate", service_id=COMPANY)["status"] == "succeeded"
    assert ended(move(scene, A)) == ("failed", "not_found")
    scene.periodic_tasks(31 * 86400)
    scene.work(600)
    assert states(scene, B) == ["absent"]
