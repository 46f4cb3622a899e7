"""Subscriptions of Stripe, from the event to the mailbox and back into the metadata."""

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import EnvironBuilder

from bridge.domain.source import Forbidden
from bridge.infra import logs
from bridge.infra.http_client import Reply
from bridge.sim.state import SERVICES
from bridge.store.base.tables import subscriptions
from bridge.web.direct import FAILED, TAKEN, DirectHooks
from tests.support.subs import JOHN, OpenSubs, Subs

DAY = 86400.0


def test_the_life_of_a_subscription(subs: Subs) -> None:
    id = subs.stripe.subscribe()
    (answer,) = subs.deliver_new()
    assert answer.status_code == 202 and answer.json["action"] == "mailbox.ensure"
    subs.settle()
    assert subs.state() == "active"
    assert subs.notes(id) == {"status": "active", "address": JOHN}
    subs.stripe.change(id, status="past_due")
    subs.settle()
    assert subs.state() == "active" and len(subs.jobs()) == 1
    subs.stripe.change(id, status="unpaid")
    subs.settle()
    assert subs.state() == "suspended" and subs.notes(id)["status"] == "suspended"
    subs.stripe.change(id, status="active")
    subs.settle()
    assert subs.state() == "active" and subs.notes(id)["status"] == "active"
    subs.stripe.cancel(id)
    subs.settle()
    assert subs.state() == "suspended"  # and deleted when the grace is over
    subs.scene.periodic_tasks(14 * DAY + 60)
    subs.settle(DAY)
    assert subs.state() == "absent" and subs.notes(id)["status"] == "absent"
    assert [row["action"] for row in subs.jobs()] == [
        "mailbox.ensure",
        "mailbox.suspend",
        "mailbox.ensure",
        "mailbox.terminate",
        "mailbox.terminate",
    ]
    assert {row["status"] for row in subs.jobs()} == {"succeeded"}


def ended(subs: Subs) -> list[tuple[str, str]]:
    return [(row["action"].removeprefix("mailbox."), row["status"]) for row in subs.jobs()]


# What makes no job


def test_what_says_nothing_new_makes_no_job(subs: Subs) -> None:
    id = subs.active()
    for change in ({"cancel_at_period_end": True}, {"metadata": {"mailbox": JOHN, "note": "x"}}):
        event = subs.stripe.change(id, **change)
        answer = subs.deliver(event)
        assert (answer.status_code, answer.json) == (200, {"status": "ignored"})
    assert len(subs.jobs()) == 1


def test_a_change_of_status_plan_or_address_makes_one(open_subs: OpenSubs) -> None:
    subs = open_subs(map__plan="metadata.plan")
    id = subs.stripe.subscribe(metadata={"plan": "basic"})
    subs.settle()
    assert (subs.scene.mailbox() or {})["quota_bytes"] == 1 << 30
    for metadata, status in (
        ({"mailbox": JOHN, "plan": "large"}, "active"),
        ({"mailbox": JOHN, "plan": "large"}, "trialing"),
        ({"mailbox": "jane.doe@example.com", "plan": "large"}, "trialing"),
    ):
        before = len(subs.jobs())
        subs.stripe.change(id, metadata=metadata, status=status)
        subs.settle()
        assert len(subs.jobs()) == before + 1
    assert (subs.scene.mailbox() or {})["quota_bytes"] == 25 << 30
    assert subs.state("jane.doe@example.com") == "active"
    assert subs.state() == "active"  # nothing renames: the former one stays, and its mail


def test_a_suspension_forgets_no_plan(open_subs: OpenSubs) -> None:
    subs = open_subs(map__plan="metadata.plan")
    id = subs.stripe.subscribe(metadata={"plan": "basic"})
    subs.settle()
    subs.stripe.change(id, status="unpaid")
    subs.settle()
    subs.stripe.change(id, status="unpaid", metadata={"mailbox": JOHN, "plan": "large"})
    subs.settle()
    assert len(subs.jobs()) == 2
    subs.stripe.change(id, status="active")
    subs.settle()
    assert (subs.scene.mailbox() or {})["quota_bytes"] == 25 << 30


def test_a_status_older_than_the_newest_known_decides_nothing(subs: Subs) -> None:
    id = subs.active()
    subs.scene.clock.now += 60
    unpaid = subs.stripe.change(id, status="unpaid")
    subs.scene.clock.now += 60
    subs.stripe.change(id, status="active")
    subs.deliver(subs.stripe.sent[-1])
    # It says what was known before, yet it is what counts from now on.
    answer = subs.deliver(unpaid)
    assert (answer.status_code, answer.json) == (200, {"status": "ignored"})
    subs.scene.work(60)
    assert subs.state() == "active" and len(subs.jobs()) == 1


def test_equal_times_go_by_arrival(subs: Subs) -> None:
    id = subs.active()
    subs.scene.clock.now += 60
    first = subs.stripe.change(id, status="unpaid")
    second = subs.stripe.change(id, status="active")
    for event in (second, first):
        subs.deliver(event)
    subs.scene.work(60)
    assert subs.state() == "suspended"
    # And each of them counts once, in whatever order they are repeated.
    for event in (second, first, second):
        answer = subs.deliver(event)
        assert answer.json is not None and answer.status_code == 200
    subs.scene.work(60)
    assert subs.state() == "suspended" and len(subs.jobs()) == 2


def test_what_the_bridge_wrote_is_no_news_however_late_its_event_comes(subs: Subs) -> None:
    """By its time it is as new as a change of the same second that came before it."""
    id = subs.active()
    subs.scene.clock.now += 60
    subs.stripe.change(id, status="unpaid")
    subs.deliver_new()
    subs.scene.work(60)
    subs.scene.engine.background.write_back.send_due()
    written = subs.stripe.sent[-1]
    assert written["data"]["object"]["status"] == "unpaid"
    paid = subs.stripe.change(id, status="active")
    assert subs.deliver(paid).status_code == 202
    assert subs.deliver(written).json == {"status": "ignored"}
    subs.scene.work(60)
    assert subs.state() == "active"


def test_nothing_follows_the_end_of_a_subscription_within_its_second(subs: Subs) -> None:
    """As the event of our own write-back may, when it is delivered late."""
    id = subs.active()
    subs.scene.clock.now += 60
    written = subs.stripe.change(id, metadata={"mailbox": JOHN, "enom_bridge_status": "active"})
    ended_now = subs.stripe.cancel(id)
    assert subs.deliver(ended_now).status_code == 202
    assert subs.deliver(written).json == {"status": "ignored"}
    subs.scene.work(60)
    assert subs.state() == "suspended" and ended(subs)[-1] == ("terminate", "succeeded")


def test_the_same_event_again_is_answered_and_starts_nothing(subs: Subs) -> None:
    subs.stripe.subscribe()
    (event,) = subs.stripe.sent
    assert [subs.deliver(event).status_code for _ in range(3)] == [202, 200, 200]
    assert len(subs.jobs()) == 1


def test_what_was_refused_for_now_is_taken_when_it_comes_again(subs: Subs) -> None:
    """Nothing of it may stay: else the repetition would say nothing new."""
    subs.stripe.subscribe()
    (event,) = subs.stripe.sent
    operator = subs.scene.service.operator.by("test")
    operator.pause_source("shop", True)
    assert subs.deliver(event).status_code == 503
    operator.pause_source("shop", False)
    assert subs.deliver(event).status_code == 202


# Suspension


def test_a_status_lifts_no_suspension_of_somebody_else(subs: Subs) -> None:
    id = subs.active()
    subs.scene.sim.control(
        "/services",
        {"address": JOHN, "services": dict.fromkeys(SERVICES, "suspended"), "level": "higher"},
    )
    subs.stripe.change(id, status="trialing")
    subs.settle()
    assert ended(subs)[-1] == ("ensure", "held")
    assert subs.jobs()[-1]["code"] == "conflict"
    assert subs.notes(id) == {"status": "held", "address": JOHN, "error": "conflict"}


def test_an_error_is_written_back_and_taken_out_again(subs: Subs) -> None:
    id = subs.stripe.subscribe("john@unknown.example")
    subs.settle()
    assert subs.notes(id)["status"] == "failed" and subs.notes(id)["error"]
    subs.stripe.change(id, metadata={"mailbox": JOHN})
    subs.settle()
    assert subs.notes(id) == {"status": "active", "address": JOHN}


# The end of a subscription


def test_a_new_subscription_of_the_same_customer_keeps_the_mailbox(subs: Subs) -> None:
    old = subs.active()
    subs.stripe.cancel(old)
    subs.settle()
    assert subs.state() == "suspended"
    subs.scene.clock.now += 3 * DAY
    new = subs.active()
    assert subs.rows("mailboxes")[0]["service_id"] == new
    assert not any("password_link" in each["data"] for each in subs.receiver.received[1:])
    subs.scene.periodic_tasks(30 * DAY)
    subs.settle(DAY)
    assert subs.state() == "active"
    # What the former one says from now on changes nothing.
    subs.stripe.change(old, "deleted", metadata={"mailbox": JOHN, "more": "x"})
    subs.settle()
    assert subs.state() == "active"


def test_a_subscription_of_another_customer_gets_no_mailbox_of_the_first(subs: Subs) -> None:
    subs.active()
    other = subs.stripe.subscribe(customer="cus_2")
    subs.settle()
    assert ended(subs)[-1] == ("ensure", "failed")
    assert subs.notes(other)["error"] == "not_ours"
    subs.stripe.cancel(other)
    subs.settle()
    assert subs.state() == "active"


def test_a_deletion_that_is_due_waits_for_whoever_may_take_the_mailbox_over(subs: Subs) -> None:
    old = subs.active()
    subs.stripe.cancel(old)
    subs.settle()
    subs.scene.periodic_tasks(14 * DAY + 60)  # the deletion is in the line
    new = subs.stripe.subscribe()
    other = subs.stripe.subscribe(customer="cus_2")
    subs.settle()
    assert subs.state() == "active"
    assert subs.rows("mailboxes")[0]["service_id"] == new
    assert [row["status"] for row in subs.jobs(service_id=other)] == ["failed"]
    assert [row["status"] for row in subs.jobs(service_id=old)] == ["succeeded"] * 2 + ["cancelled"]


def test_a_deletion_is_put_off_by_a_day_where_nobody_takes_the_mailbox_over(subs: Subs) -> None:
    waiting_for_deletion(subs)
    subs.stripe.subscribe(customer="cus_2")
    subs.deliver_new()
    subs.scene.work(60)
    assert subs.state() == "suspended"
    subs.scene.periodic_tasks(DAY + 60)
    subs.scene.work(60)
    assert subs.state() == "absent"


def waiting_for_deletion(subs: Subs) -> str:
    id = subs.active()
    subs.stripe.cancel(id)
    subs.settle()
    subs.stripe.calls.clear()
    subs.scene.periodic_tasks(14 * DAY + 60)
    return id


def test_the_subscription_is_looked_at_before_a_deletion(subs: Subs) -> None:
    id = waiting_for_deletion(subs)
    subs.scene.work(DAY)
    assert subs.state() == "absent"
    assert subs.stripe.calls[0] == ("GET", f"https://api.stripe.com/v1/subscriptions/{id}")


@pytest.mark.parametrize("status", ["active", "trialing", "past_due", "unpaid", "paused"])
def test_what_stripe_does_not_call_ended_by_now_is_not_deleted(subs: Subs, status: str) -> None:
    id = waiting_for_deletion(subs)
    subs.stripe.subscriptions[id]["status"] = status  # and the event of it got lost
    subs.scene.work(DAY)
    assert subs.state() == "suspended"
    job = subs.jobs()[-1]
    assert (job["status"], job["code"]) == ("held", "conflict")
    assert f"The subscription {id} is {status} by now" in job["error"]["detail"]


def test_what_stripe_does_not_know_is_not_deleted(subs: Subs) -> None:
    id = waiting_for_deletion(subs)
    del subs.stripe.subscriptions[id]
    subs.scene.work(DAY)
    assert subs.state() == "suspended"
    assert (subs.jobs()[-1]["status"], subs.jobs()[-1]["code"]) == ("held", "conflict")


@pytest.mark.parametrize("answer", [0, 401, 403, 429, 500, 503])
def test_while_stripe_does_not_answer_nothing_is_deleted(subs: Subs, answer: int) -> None:
    waiting_for_deletion(subs)
    subs.stripe.down = answer
    subs.scene.work(3600)
    assert subs.state() == "suspended"
    job = subs.jobs()[-1]
    assert (job["status"], job["waiting_for"]) == ("queued", "retry")
    assert not any(row["kind"] == "delete" for row in subs.rows("steps"))
    subs.stripe.down = None
    subs.scene.work(3600)
    assert subs.state() == "absent"


def test_what_stripe_never_answers_is_held_in_the_end(subs: Subs) -> None:
    waiting_for_deletion(subs)
    subs.stripe.down = 500
    subs.scene.work(4 * DAY)
    assert subs.state() == "suspended" and subs.jobs()[-1]["status"] == "held"


def test_an_answer_that_is_no_subscription_deletes_nothing(
    subs: Subs, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_for_deletion(subs)
    for body in (
        b"",
        b"{}",
        b"<html>",
        b'{"object": "list", "data": []}',
        b'{"status":"canceled"}',
    ):
        monkeypatch.setattr(subs.stripe, "get", lambda *_, body=body, **__: Reply(200, {}, body))
        subs.scene.work(3600)
        assert subs.state() == "suspended"


# What is written back


def test_only_what_differs_is_written(subs: Subs) -> None:
    id = subs.active()
    assert subs.stripe.written == [
        {"metadata[enom_bridge_status]": "active", "metadata[enom_bridge_address]": JOHN}
    ]
    subs.stripe.change(id, status="trialing")
    subs.settle()
    assert len(subs.stripe.written) == 1
    subs.stripe.change(id, status="paused")
    subs.settle()
    assert subs.stripe.written[1:] == [{"metadata[enom_bridge_status]": "suspended"}]


@pytest.mark.parametrize("answer", [0, 401, 403, 429, 500])
def test_what_could_not_be_written_is_written_later(subs: Subs, answer: int) -> None:
    id = subs.stripe.subscribe()
    subs.stripe.down = answer
    subs.settle()
    assert subs.notes(id) == {}
    subs.stripe.down = None
    subs.scene.engine.background.write_back.send_due()
    assert subs.notes(id) == {}  # not before its time
    subs.scene.clock.now += 10
    subs.scene.engine.background.write_back.send_due()
    assert subs.notes(id)["status"] == "active"


def test_what_never_can_be_written_is_given_up(subs: Subs) -> None:
    subs.stripe.subscribe()
    subs.stripe.down = 500
    subs.settle()
    for _ in range(20):
        subs.scene.clock.now += 2 * DAY
        subs.scene.engine.background.write_back.send_due()
    assert len(subs.stripe.calls) == 10
    assert subs.rows("write_backs")[0]["next_at"] is None


def test_of_a_subscription_that_is_gone_nothing_is_written_again(subs: Subs) -> None:
    id = subs.stripe.subscribe()
    subs.deliver_new()
    subs.scene.work(60)
    del subs.stripe.subscriptions[id]
    for _ in range(3):
        subs.scene.engine.background.write_back.send_due()
        subs.scene.clock.now += DAY
    assert len(subs.stripe.calls) == 1


def test_a_bridge_that_only_observes_writes_nothing(open_subs: OpenSubs) -> None:
    subs = open_subs(account__mode="observe")
    subs.stripe.subscribe()
    subs.settle()
    assert subs.state() == "absent" and subs.stripe.calls == []
    assert subs.receiver.received[0]["type"] == "job.observed"
    assert "password_link" not in subs.receiver.received[0]["data"]


# What comes in


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure("json", written)
    yield written
    root.handlers[:], root.level = before


def bad(subs: Subs, **more: Any) -> dict[str, Any]:
    id = subs.stripe.subscribe(**more)
    return subs.stripe.change(id, "updated")


@pytest.mark.parametrize(
    ("change", "status", "line"),
    [
        ({"mailbox": None}, 200, "ignored"),
        ({"mailbox": ""}, 200, "ignored"),
        ({"status": "past_due"}, 200, "ignored"),
        ({"status": "dormant"}, 200, "ignored"),
        ({"mailbox": "john doe"}, 422, "parked"),
        ({"mailbox": "john@example.com@example.com"}, 422, "parked"),
        ({"status": None}, 422, "parked"),
        ({"customer": None}, 422, "parked"),
        ({"customer": {"id": "cus_1"}}, 422, "parked"),
        ({"items": {"data": []}}, 422, "parked"),
    ],
)
def test_bad_input_has_one_answer_and_one_line(
    open_subs: OpenSubs,
    change: dict[str, Any],
    status: int,
    line: str,
    lines: io.StringIO,
) -> None:
    subs = open_subs(map__plan="items.data.0.price.lookup_key")
    event = bad(subs, **change)
    answer = subs.deliver(event)
    assert answer.status_code == status
    written = [each for each in lines.getvalue().splitlines() if '"evt_2"' in each]
    assert len(written) == 1 and f'"event": "{line}"' in written[0]
    assert not subs.jobs()


def test_events_of_other_types_are_ignored_and_counted(subs: Subs) -> None:
    for kind in ("invoice.paid", "customer.subscription.trial_will_end", "checkout.session"):
        id = subs.stripe.subscribe()
        event = subs.stripe.change(id) | {"type": kind}
        assert subs.deliver(event).json == {"status": "ignored"}
    assert not subs.jobs() and not subs.rows("hooks")


def test_a_subscription_belongs_to_one_source(open_subs: OpenSubs) -> None:
    subs = open_subs()
    subs.active()
    table = subs.scene.service.database
    with table.write() as tx:
        tx.execute(sa.update(subscriptions).values(source="elsewhere"))
    event = subs.stripe.change("sub_1", status="unpaid")
    # As long as that source is configured.
    subs.scene.service.intake.sources["elsewhere"] = subs.scene.service.sources["shop"]  # type: ignore[index]
    assert subs.deliver(event).status_code == 403
    del subs.scene.service.intake.sources["elsewhere"]  # type: ignore[attr-defined]
    assert subs.deliver(event).status_code == 202


def test_of_two_sources_that_tell_of_a_subscription_at_once_one_is_taken(
    open_subs: OpenSubs,
) -> None:
    """As Stripe sends an event to two endpoints at the same moment: they are received together."""
    subs = open_subs()
    sources: Any = subs.scene.service.intake.sources
    sources["till"] = replace(sources["shop"], name="till")
    subs.stripe.subscribe()
    body, headers = subs.stripe.signed(subs.stripe.sent[0])
    requests = [
        EnvironBuilder(path, method="POST", data=body, headers=headers).get_environ()
        for path in ("/hooks/shop", "/hooks/till")
    ]
    direct: DirectHooks = subs.scene.app.extensions["hooks"]
    assert direct.take(requests) == [True, True]
    assert requests[0][TAKEN].status == 202
    assert type(requests[1][FAILED].error) is Forbidden
    assert [job["source"] for job in subs.rows("jobs")] == ["shop"]


def test_a_replay_after_a_month_is_refused(subs: Subs) -> None:
    id = subs.stripe.subscribe()
    body, headers = subs.stripe.signed(subs.stripe.sent[0])
    subs.scene.clock.now += 31 * DAY
    assert subs.scene.post("/hooks/shop", body, headers).status_code == 401
    assert id and not subs.jobs()


def test_another_domain_is_forbidden(open_subs: OpenSubs) -> None:
    subs = open_subs(source__domains=["example.net"])
    subs.stripe.subscribe()
    (answer,) = subs.deliver_new()
    assert answer.status_code == 403


def test_a_burst_of_suspensions_stops_suspensions_alone(open_subs: OpenSubs) -> None:
    subs = open_subs(safety__max_suspended_share=0.1)
    ids = [subs.stripe.subscribe(f"box{number}@example.com", "unpaid") for number in range(52)]
    answers = [answer.status_code for answer in subs.deliver_new()]
    assert set(answers[:50]) == {202} and set(answers[50:]) == {503}
    subs.stripe.change(ids[0], status="active")
    assert [answer.status_code for answer in subs.deliver_new()] == [202]
