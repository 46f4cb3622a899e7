"""Hooks about a whole service: its own job, and one for each of its mailboxes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import NeedsPerson, NotPossible, Overtaken, Refused
from bridge.domain.jobs import WaitingFor
from bridge.domain.model import ChangeKind, State
from bridge.domain.ports import Arrival, Job, Limits, Receipt, ServiceRules, SuspensionsPaused
from bridge.store import Brake, HeldServices, Services, Withdrawals
from bridge.store.admin import metrics
from bridge.store.backup.restored import quarantine_after_restore
from bridge.store.base.tables import accounts, callbacks, jobs, mailboxes, notes, services
from bridge.store.queue import brake
from hooks.types import Intent, Withdrawal
from tests.store.conftest import ACCOUNTS, Shop, verified
from tests.support.together import each_at_once

A, B, C = "a@example.com", "b@example.com", "c@example.net"
STATES = {"suspend": State.SUSPENDED, "unsuspend": State.ACTIVE, "terminate": State.ABSENT}


def members(receipt: Receipt) -> dict[str, str]:
    return {each["address"]: str(each["status"]) for each in receipt.extra["mailboxes"]}


def member_job(shop: Shop, receipt: Receipt, address: str) -> Mapping[str, Any]:
    found = [row for row in of(shop, receipt) if row["address"] == address]
    return max(found, key=lambda row: int(row["sequence"]))


def of(shop: Shop, receipt: Receipt) -> list[dict[str, Any]]:
    return [row for row in shop.rows(jobs) if row["service_job"] == receipt.job]


def sent(shop: Shop) -> list[tuple[str, str, str]]:
    """Delivers what is due: action, address and status, in the order in which they went out."""
    told = []
    while claimed := shop.claim_callback():
        receipt = claimed.receipt
        told.append((receipt.action, receipt.address, str(receipt.status)))
        shop.outbox.callback_done(claimed, "delivered", 200, None, None)
    return told


@pytest.mark.parametrize("action", STATES)
def test_every_mailbox_gets_a_job_and_the_service_ends_with_the_last(
    shop: Shop, action: str
) -> None:
    shop.own(A, B, C)
    shop.own("d@example.com", service="8")
    if action == "unsuspend":
        shop.whole("suspend")
        for _ in range(3):
            shop.end(State.SUSPENDED)
    receipt = shop.whole(action, reason="overdue")
    assert receipt.status == "running" and "address" not in receipt.describe()
    assert members(receipt) == dict.fromkeys((A, B, C), "queued")
    assert [row["hook_id"] for row in of(shop, receipt)] == [
        f"part_{receipt.job}_{number}" for number in (1, 2, 3)
    ]
    for left in (2, 1, 0):
        job = shop.end(STATES[action])
        assert job.intent.action == f"mailbox.{action}" and job.intent.reason == "overdue"
        assert shop.status(receipt) == ("running" if left else "succeeded")
    ended = shop.receipt(receipt)
    assert members(ended) == dict.fromkeys((A, B, C), "succeeded")
    assert (ended.state, ended.changed, ended.sequence) == (
        str(STATES[action]),
        True,
        2 if action == "unsuspend" else 1,
    )
    assert shop.claim() is None


def test_a_service_without_a_mailbox_is_done_at_once(shop: Shop) -> None:
    receipt = shop.whole("terminate")
    assert (receipt.status, receipt.extra["mailboxes"], receipt.state) == (
        "succeeded",
        [],
        "absent",
    )
    assert sent(shop) == [("service.terminate", "", "succeeded")]


def test_only_the_service_is_told_unless_its_source_asks_for_more(shop: Shop) -> None:
    shop.own(A, B)
    sent(shop)
    shop.whole("suspend")
    shop.end(State.SUSPENDED)
    assert sent(shop) == []
    shop.end(State.SUSPENDED)
    assert sent(shop) == [("service.suspend", "", "succeeded")]
    shop.inbox.rules = ServiceRules(member_callbacks=frozenset({"shop"}))
    shop.whole("unsuspend")
    shop.end()
    shop.end()
    assert sent(shop) == [
        ("mailbox.unsuspend", A, "succeeded"),
        ("mailbox.unsuspend", B, "succeeded"),
        ("service.unsuspend", "", "succeeded"),
    ]


def test_its_callback_waits_for_those_of_its_members_until_their_second_try_failed(
    shop: Shop,
) -> None:
    shop.own(A)
    sent(shop)
    shop.inbox.rules = ServiceRules(member_callbacks=frozenset({"shop"}))
    shop.whole("suspend")
    shop.end(State.SUSPENDED)
    for _ in range(2):
        claimed = shop.claim_callback()
        assert claimed is not None and claimed.receipt.address == A
        assert shop.claim_callback() is None
        shop.outbox.callback_done(claimed, "pending", 500, "HTTP 500", 5.0)
        shop.now += 3.0
        waits = shop.claim_callback()
        if waits is not None:
            break
        shop.now += 3.0
    assert waits is not None and waits.receipt.action == "service.suspend"


def test_results_are_those_of_the_callbacks(shop: Shop) -> None:
    shop.own(A)
    shop.whole("suspend")
    shop.end(State.SUSPENDED)
    shop.now += 60
    found, _ = shop.lookup.results("shop", "", 200)
    assert [receipt.action for receipt in found] == ["mailbox.create", "service.suspend"]
    assert members(found[1]) == {A: "succeeded"}


def test_the_same_hook_again_gives_its_receipt(shop: Shop) -> None:
    shop.own(A)
    first = shop.whole("suspend", id="msg_once")
    assert shop.whole("suspend", id="msg_once").job == first.job
    shop.end(State.SUSPENDED)
    again = shop.whole("suspend", id="msg_once")
    assert (again.job, again.status, members(again)) == (first.job, "succeeded", {A: "succeeded"})
    assert len(of(shop, first)) == 1


def test_a_mailbox_that_is_gone_is_no_member(shop: Shop) -> None:
    shop.own(A, B)
    shop.hook("terminate", B)
    shop.end(State.ABSENT)
    assert members(shop.whole("suspend")) == {A: "queued"}


@pytest.mark.parametrize(("action", "status"), [("suspend", "succeeded"), ("terminate", "failed")])
def test_a_mailbox_that_turns_out_to_be_gone_is_left_out(
    shop: Shop, action: str, status: str
) -> None:
    shop.own(A, B)
    receipt = shop.whole(action)
    shop.end(STATES[action])
    shop.end(State.ABSENT, "failed", error=Refused("gone", code="not_found"))
    assert shop.status(receipt) == status  # a terminate of what is gone does not fail at all
    if action == "suspend":
        assert members(shop.receipt(receipt)) == {A: "succeeded"}


@pytest.mark.parametrize(
    ("ends", "status", "code"),
    [
        (("succeeded", "failed"), "failed", "refused"),
        (("succeeded", "held"), "held", "unclear"),
        (("failed", "held"), "held", "unclear"),
    ],
)
def test_what_is_not_done_is_told(
    shop: Shop, ends: tuple[str, str], status: str, code: str
) -> None:
    shop.own(A, B)
    errors = {"failed": Refused("No."), "held": NeedsPerson("Look.", code="unclear")}
    receipt = shop.whole("suspend")
    for each in ends:
        shop.end(State.ACTIVE, each, error=errors.get(each))
    found = shop.receipt(receipt)
    assert (found.status, (found.error or {})["code"]) == (status, code)
    assert list(members(found).values()) == list(ends)


def test_it_is_told_anew_when_a_member_ends_well_later(shop: Shop) -> None:
    shop.own(A, B)
    sent(shop)
    receipt = shop.whole("suspend")
    shop.end(State.SUSPENDED)
    shop.end(State.ACTIVE, "held", error=NeedsPerson("Look.", code="unclear"))
    assert sent(shop) == [("service.suspend", "", "held")]
    shop.operator.retry(member_job(shop, receipt, B)["id"])
    assert shop.status(receipt) == "held"
    shop.end(State.SUSPENDED)
    assert shop.status(receipt) == "succeeded"
    assert sent(shop) == [("service.suspend", "", "succeeded")]
    ids = [row["id"] for row in shop.rows(callbacks) if row["job_id"] == receipt.job]
    assert ids == [f"cb_{receipt.job}_1", f"cb_{receipt.job}_2"]


def test_retry_repeats_what_is_not_done(shop: Shop) -> None:
    shop.own(A, B, C)
    receipt = shop.whole("suspend")
    shop.end(State.SUSPENDED)
    shop.end(State.ACTIVE, "failed", error=Refused("No."))
    shop.end(State.ACTIVE, "held", error=NeedsPerson("Look.", code="unclear"))
    again = shop.operator.retry(receipt.job)
    assert (again.status, again.sequence) == ("running", 2)
    assert members(again) == {A: "succeeded", B: "queued", C: "queued"}
    hooks = {row["address"]: row["hook_id"] for row in of(shop, receipt)}
    assert hooks[B] == f"part_{receipt.job}_2"
    shop.end(State.SUSPENDED)
    shop.end(State.SUSPENDED)
    assert shop.status(again) == "succeeded"
    assert shop.lookup.receipt("shop", receipt.hook).job == again.job
    with pytest.raises(NotPossible, match="was already retried"):
        shop.operator.retry(receipt.job)


def test_a_rejected_service_ends_and_its_members_with_it(shop: Shop) -> None:
    shop.own(A, B)
    sent(shop)
    receipt = shop.whole("suspend")
    shop.end(State.SUSPENDED)
    shop.end(State.ACTIVE, "held", error=NeedsPerson("Look.", code="unclear"))
    ended = shop.operator.reject(receipt.job, "no")
    assert (ended.status, (ended.error or {})["code"]) == ("cancelled", "rejected")
    assert members(ended) == {A: "succeeded", B: "cancelled"}
    assert sent(shop)[-1] == ("service.suspend", "", "cancelled")


def test_a_rejected_member_ends_the_waiting_of_its_service(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("suspend")
    shop.end(State.SUSPENDED)
    shop.end(State.ACTIVE, "held", error=NeedsPerson("Look.", code="unclear"))
    shop.operator.reject(member_job(shop, receipt, B)["id"])
    found = shop.receipt(receipt)
    assert (found.status, (found.error or {})["code"]) == ("failed", "rejected")


def test_a_cancelled_service_leaves_what_is_running(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("suspend")
    running = shop.claimed()
    assert members(shop.operator.cancel(receipt.job)) == {A: "running", B: "cancelled"}
    shop.finish(running)
    assert shop.status(receipt) == "failed"


def test_of_two_members_that_end_at_the_same_moment_one_ends_the_service(shop: Shop) -> None:
    for number in range(10):
        service, names = f"s{number}", [f"{local}@d{number}.test" for local in "abc"]
        shop.own(*names, service=service)
        receipt = shop.whole("suspend", service=service)
        claimed = [shop.claimed() for _ in names]
        each_at_once(shop.finish, claimed)
        assert shop.status(receipt) == "succeeded", number


# Beside single hooks


def test_a_newer_hook_of_the_service_replaces_what_has_not_begun(shop: Shop) -> None:
    shop.own(A, B)
    suspended = shop.whole("suspend")
    running = shop.claimed()
    lifted = shop.whole("unsuspend")
    assert members(shop.receipt(suspended)) == {A: "running", B: "cancelled"}
    shop.finish(running)
    assert shop.status(suspended) == "succeeded"
    shop.end()
    shop.end()
    assert shop.status(lifted) == "succeeded"
    assert shop.whole("suspend", at=shop.now - 60).status == "cancelled"


def test_one_that_was_replaced_for_every_mailbox_did_nothing(shop: Shop) -> None:
    shop.own(A, B)
    suspended = shop.whole("suspend")
    shop.whole("unsuspend")
    found = shop.receipt(suspended)
    assert (found.status, (found.error or {})["code"]) == ("cancelled", "overtaken")


def test_a_hook_of_one_mailbox_goes_before_the_service_for_that_one(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("suspend")
    shop.hook("unsuspend", A)
    assert members(shop.receipt(receipt)) == {A: "cancelled", B: "queued"}
    shop.end()
    shop.end(State.SUSPENDED)
    assert shop.status(receipt) == "succeeded"


def test_a_late_hook_of_one_mailbox_is_late_beside_the_service(shop: Shop) -> None:
    shop.own(A)
    shop.whole("unsuspend")
    assert shop.hook("suspend", A, at=shop.now - 60).status == "cancelled"


def test_a_late_service_is_late_for_those_that_spoke_since(shop: Shop) -> None:
    shop.own(A, B)
    shop.hook("unsuspend", A, at=shop.now + 60)
    receipt = shop.whole("suspend")
    assert members(receipt) == {A: "cancelled", B: "queued"}


# What takes away


def test_a_terminate_of_the_service_ends_its_open_and_held_creations(shop: Shop) -> None:
    shop.own(A)
    held = shop.hook("create", B, password="Sample-1")
    shop.end(State.UNKNOWN, "held", error=NeedsPerson("Whose?", code="domain_of_another"))
    waits = shop.hook("create", C, password="Sample-1")
    receipt = shop.whole("terminate")
    assert members(receipt) == {A: "queued", B: "queued", C: "queued"}
    while shop.status(receipt) == "running":
        shop.end(State.ABSENT)
    assert [shop.status(each) for each in (held, waits)] == ["cancelled", "cancelled"]
    assert shop.status(receipt) == "succeeded"


def test_whatever_needs_one_mailbox_keeps_what_is_left_of_the_service(shop: Shop) -> None:
    """A customer who orders one more mailbox did not give up the others."""
    shop.own(A, B)
    receipt = shop.whole("terminate")
    shop.end(State.ABSENT)
    shop.now += 1
    shop.hook("create", C, password="Sample-1")
    job = shop.claimed()
    while job.intent.action != "mailbox.terminate":
        shop.finish(job)
        job = shop.claimed()
    assert job.intent.address == B
    with pytest.raises(Overtaken):
        shop.intend(job, ChangeKind.DELETE)
    shop.finish(job, "cancelled", Overtaken("needed"))
    found = shop.receipt(receipt)
    assert (found.status, members(found)) == ("succeeded", {A: "succeeded", B: "cancelled"})


def test_a_need_that_comes_after_the_clock_was_set_back_keeps_it(shop: Shop) -> None:
    shop.own(A)
    shop.now += 3600
    shop.whole("terminate")
    shop.now -= 3600  # this machine's clock, not the sender's
    shop.hook("create", C, at=shop.now + 3601, password="Sample-1")
    shop.now += 3600
    job = shop.claimed()
    if job.intent.action != "mailbox.terminate":
        job = shop.claimed()
    with pytest.raises(Overtaken):
        shop.intend(job, ChangeKind.DELETE)


def test_an_older_need_does_not_keep_it(shop: Shop) -> None:
    shop.own(A, B)
    shop.hook("renew", A, until=datetime(2029, 1, 1, tzinfo=UTC))
    shop.end()
    shop.whole("terminate")
    shop.intend(shop.claimed(), ChangeKind.DELETE)


def test_a_terminate_that_is_older_than_a_need_is_late(shop: Shop) -> None:
    shop.own(A, B)
    shop.hook("renew", A, at=shop.now + 60, until=datetime(2029, 1, 1, tzinfo=UTC))
    receipt = shop.whole("terminate")
    assert (receipt.status, receipt.extra["mailboxes"]) == ("cancelled", [])


def test_an_unsuspension_of_the_service_calls_its_terminate_off(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("terminate")
    shop.whole("unsuspend")
    found = shop.receipt(receipt)
    assert (found.status, (found.error or {})["code"]) == ("cancelled", "overtaken")


def test_what_was_removed_singly_is_not_brought_back_with_the_service(shop: Shop) -> None:
    shop.own(A, B)
    shop.whole("suspend")
    for _ in range(2):
        shop.end(State.SUSPENDED)
    shop.hook("terminate", B)
    assert members(shop.whole("unsuspend")) == {A: "queued"}


def test_a_grace_that_the_service_began_ends_with_its_unsuspension(shop: Shop) -> None:
    shop.own(A, B)
    shop.whole("terminate")
    for _ in range(2):
        shop.end(State.SUSPENDED, delete_after=shop.now + 86400)
    assert members(shop.whole("unsuspend")) == {A: "queued", B: "queued"}


def test_a_deletion_after_a_grace_is_off_when_the_service_orders_again(shop: Shop) -> None:
    shop.own(A)
    shop.whole("terminate")
    shop.end(State.SUSPENDED, delete_after=shop.now + 10)
    shop.now += 5
    shop.hook("create", B, password="Sample-1")
    shop.end()
    shop.now += 10
    shop.retention.purge_due()
    assert shop.claim() is None
    assert shop.lookup.record("main", A).delete_after is None


# Limits


def limited(shop: Shop, most: int) -> None:
    shop.inbox.rules = ServiceRules(terminations_per_hour=most)


def delete(shop: Shop, most: int = 2) -> None:
    job = shop.claimed()
    assert job.intent.action == "mailbox.terminate"
    shop.intend(job, ChangeKind.DELETE, Limits(0, most))
    shop.finish(job)


def test_too_many_deletions_hold_the_service_and_touch_nothing(shop: Shop) -> None:
    limited(shop, 2)
    shop.own(A, B, C)
    sent(shop)
    receipt = shop.whole("terminate")
    assert (receipt.status, (receipt.error or {})["code"]) == ("held", "unsafe")
    assert members(receipt) == dict.fromkeys((A, B, C), "held")
    assert shop.claim() is None
    assert sent(shop) == [("service.terminate", "", "held")]
    assert [row["subject"] for row in shop.rows(notes)] == [f"job:{receipt.job}"]
    with pytest.raises(NotPossible, match="counted together"):
        shop.operator.retry(receipt.job)
    # It is one thing to decide.
    assert [row["id"] for row in shop.lookup.stopped("approve", {})[0]] == [receipt.job]
    assert shop.lookup.stopped("retry", {})[0] == []
    with shop.database.read() as tx:
        assert metrics.held(tx)["main"] == 1
    again = shop.operator.retry(receipt.job, approve=True)
    assert members(again) == dict.fromkeys((A, B, C), "queued")
    for _ in range(3):
        delete(shop)
    assert shop.status(again) == "succeeded"


def test_each_held_member_is_told_to_whoever_asks_for_members(shop: Shop) -> None:
    shop.own(A, B)
    sent(shop)
    told = frozenset({"shop"})
    shop.inbox.rules = ServiceRules(terminations_per_hour=1, member_callbacks=told)
    shop.whole("terminate")
    assert sent(shop) == [
        ("mailbox.terminate", A, "held"),
        ("mailbox.terminate", B, "held"),
        ("service.terminate", "", "held"),
    ]


def test_what_a_service_was_admitted_for_is_taken(shop: Shop) -> None:
    """Before its first command, too: no service is left half done for another."""
    limited(shop, 2)
    shop.own(A, B)
    shop.own(C, service="8")
    first = shop.whole("terminate")
    second = shop.whole("terminate", service="8")
    assert (first.status, second.status) == ("running", "held")
    single = shop.hook("terminate", C, service="8")
    for _ in range(3):
        job = shop.claimed()
        if job.id == single.job:
            with pytest.raises(NeedsPerson) as held:
                shop.intend(job, ChangeKind.DELETE, Limits(0, 2))
            shop.finish(job, "held", held.value)
        else:
            shop.intend(job, ChangeKind.DELETE, Limits(0, 2))
            shop.finish(job)
    assert shop.status(first) == "succeeded"


def test_with_a_grace_members_take_no_place_of_a_deletion(shop: Shop) -> None:
    shop.inbox.rules = ServiceRules(terminations_per_hour=1, grace=True)
    shop.own(A, B)
    shop.own(C, service="8")
    shop.hook("terminate", C, service="8")
    shop.end(State.SUSPENDED, delete_after=shop.now + 10)
    shop.now += 20
    assert shop.whole("terminate").status == "running"
    assert shop.retention.purge_due() == 1
    jobs_of_both = [shop.claimed() for _ in range(2)]  # one in each domain
    purge = next(job for job in jobs_of_both if job.purge)
    shop.intend(purge, ChangeKind.DELETE, Limits(0, 1))


def test_a_need_calls_off_a_service_that_is_held(shop: Shop) -> None:
    limited(shop, 1)
    shop.own(A, B)
    receipt = shop.whole("terminate")
    shop.now += 1
    held = HeldServices(shop.database)
    assert held.call_off_needed() == 0
    shop.hook("create", C, password="Sample-1")
    with pytest.raises(NotPossible):
        shop.operator.retry(receipt.job, approve=True)
    assert held.call_off_needed() == 1
    found = shop.receipt(receipt)
    assert (found.status, (found.error or {})["code"]) == ("cancelled", "overtaken")
    assert held.call_off_needed() == 0


def test_a_retry_counts_the_members_whole_too(shop: Shop) -> None:
    limited(shop, 3)
    shop.operator.rules = shop.inbox.rules
    shop.own(A, B)
    shop.own(C, "d@example.net", service="8")
    receipt = shop.whole("terminate")
    for _ in range(2):
        shop.end(State.ACTIVE, "failed", error=Refused("No."))
    for address in (C, "d@example.net"):
        shop.hook("terminate", address, service="8")
        delete(shop, 3)
    with pytest.raises(NotPossible, match="more than the hourly limit leaves now"):
        shop.operator.retry(receipt.job)
    assert shop.claim() is None
    shop.now += 3601
    again = shop.operator.retry(receipt.job)
    for _ in range(2):
        delete(shop, 1)  # they were counted together
    assert shop.status(again) == "succeeded"


def test_a_retry_deletes_nothing_that_came_back_since(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("terminate")
    shop.end(State.ABSENT)
    shop.end(State.ACTIVE, "failed", error=Refused("No."))
    assert shop.status(receipt) == "failed"
    shop.now += 1
    assert shop.lookup.story(receipt.job)["may"]["retry"] is None
    shop.whole("unsuspend")
    shop.end()
    why = shop.lookup.story(receipt.job)["may"]["retry"]
    assert why is not None and "Nothing of job" in why
    with pytest.raises(NotPossible, match="newer hooks replaced"):
        shop.operator.retry(receipt.job)
    assert shop.claim() is None


def test_an_approval_leaves_what_was_needed_since(shop: Shop) -> None:
    limited(shop, 1)
    shop.own(A, B)
    receipt = shop.whole("terminate")
    shop.now += 1
    shop.hook("unsuspend", A)
    with pytest.raises(NotPossible):
        shop.operator.retry(receipt.job, approve=True)
    assert member_job(shop, receipt, A)["status"] == "cancelled"


def suspensions(shop: Shop, count: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(brake, "FLOOR", 3)
    shop.inbox.brake = Brake(0.5, lambda now: "")
    names = [f"n{number}@example.com" for number in range(count)]
    shop.own(*names)
    return names


def test_one_service_that_is_too_large_is_held_and_stops_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspensions(shop, 5, monkeypatch)
    shop.own(A, service="8")
    receipt = shop.whole("suspend")
    assert (receipt.status, set(members(receipt).values())) == ("held", {"held"})
    assert shop.whole("suspend", service="8").status == "running"
    again = shop.operator.retry(receipt.job, approve=True)
    assert set(members(again).values()) == {"queued"}


def test_a_service_after_too_many_suspensions_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = suspensions(shop, 4, monkeypatch)
    for name in names[:3]:
        shop.hook("suspend", name)
    with pytest.raises(SuspensionsPaused):
        shop.whole("suspend")
    with pytest.raises(SuspensionsPaused):
        shop.whole("suspend", service="8")
    assert shop.whole("unsuspend").status == "running"
    assert all(row["mailbox_id"] or row["action"] == "service.unsuspend" for row in shop.rows(jobs))


# Suspended as a whole


def suspended(shop: Shop) -> bool:
    return Services(shop.database).service("shop", "7")["suspended_at"] is not None


def test_a_terminate_that_is_called_off_lifts_no_suspension(shop: Shop) -> None:
    shop.own(A, B)
    shop.whole("suspend")
    for _ in range(2):
        shop.end(State.SUSPENDED)
    terminated = shop.whole("terminate")
    withdraw(shop, terminated)
    assert suspended(shop)
    shop.whole("terminate")
    for _ in range(2):
        assert suspended(shop)
        shop.end(State.ABSENT)
    assert not suspended(shop)


def test_an_unsuspension_that_is_withdrawn_leaves_it_suspended(shop: Shop) -> None:
    shop.own(A)
    first = shop.whole("suspend")
    shop.end(State.SUSPENDED)
    lifted = shop.whole("unsuspend")
    assert not suspended(shop)
    withdraw(shop, lifted)
    assert suspended(shop)
    with shop.database.read() as tx:
        assert tx.scalar(sa.select(services.c.suspended_by)) == first.job


# Taken back


def withdraw(shop: Shop, receipt: Receipt) -> Receipt:
    made = Withdrawals(shop.database).withdraw(
        "shop", verified("msg_back"), Withdrawal(receipt.hook), "digest", "digest".__eq__
    )
    assert isinstance(made, Receipt)
    return made


def test_it_can_be_withdrawn_before_anything_was_sent(shop: Shop) -> None:
    shop.own(A, B)
    shop.now += 100
    receipt = shop.whole("suspend")
    found = withdraw(shop, receipt)
    assert (found.status, (found.error or {})["code"]) == ("cancelled", "withdrawn")
    assert shop.claim() is None
    # What it said is unsaid
    assert shop.whole("unsuspend", at=shop.now - 60).status == "running"


def test_with_a_member_at_work_the_others_are_withdrawn_too(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("suspend")
    running = shop.claimed()
    assert withdraw(shop, receipt).status == "running"
    with pytest.raises(Exception, match="withdrew"):
        shop.intend(running)
    shop.finish(running, "cancelled", error=None)
    assert shop.status(receipt) == "cancelled"


def test_nothing_is_withdrawn_once_a_command_was_sent(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("suspend")
    shop.intend(shop.claimed())
    assert members(withdraw(shop, receipt)) == {A: "running", B: "queued"}


# Its line


def test_its_sequence_is_its_own(shop: Shop) -> None:
    shop.own(A)
    numbers = [shop.whole(action).sequence for action in ("suspend", "unsuspend", "suspend")]
    assert numbers == [1, 2, 3]
    with shop.database.read() as tx:
        (line,) = tx.execute(sa.select(services)).mappings().all()
    assert line["suspended_by"] is not None
    assert [row["sequence"] for row in shop.rows(mailboxes)] == [4]


def test_no_mailbox_of_another_domain_is_touched(shop: Shop) -> None:
    """The admin took the domain from this source: the whole hook is refused."""
    shop.own(A, C)

    def permit(address: str) -> None:
        if address == C:
            raise PermissionError(address)

    moment = datetime.fromtimestamp(shop.now, UTC)
    with pytest.raises(PermissionError):
        shop.inbox.accept(
            Arrival(
                "shop",
                "main",
                verified("msg_x"),
                Intent("service.terminate", moment, "7"),
                "digest",
                None,
                "digest".__eq__,
                permit,
            )
        )
    assert [row for row in shop.rows(jobs) if row["action"].startswith("service.")] == []


# Seats


def test_of_two_creations_at_the_last_seat_one_passes(shop: Shop) -> None:
    shop.accounts = {
        name: replace(each, exclusive_actions=frozenset()) for name, each in ACCOUNTS.items()
    }
    for number in range(6):
        service = f"s{number}"
        for local in ("a", "b", "c"):
            address = f"{local}@d{number}.test"
            shop.hook("create", address, service=service, password="Sample-1", seats=2)
        claimed = [shop.claimed() for _ in range(3)]

        def intend(job: Job) -> str:
            try:
                shop.intend(job, ChangeKind.CREATE)
            except Refused as error:
                return error.code
            return "passed"

        assert sorted(each_at_once(intend, claimed)) == ["passed", "passed", "seats_full"]
        for job in claimed:
            shop.finish(job)


def test_a_creation_that_waits_for_the_next_day_keeps_its_seat(shop: Shop) -> None:
    """Its domain was made for it: what was begun is not refused later on."""
    first = shop.hook("create", A, password="Sample-1", seats=1)
    job = shop.claimed()
    shop.intend(job, ChangeKind.MAKE_DOMAIN)
    shop.queue.wait(job, shop.now + 86400, WaitingFor.LIMIT, None, False)
    shop.hook("create", C, password="Sample-1", seats=1)
    with pytest.raises(Refused, match="1 are in use"):
        shop.intend(shop.claimed(), ChangeKind.CREATE)
    assert shop.status(first) == "queued"


def test_what_is_tried_again_is_counted_against_the_newest_number_of_seats(shop: Shop) -> None:
    shop.own(A)
    failed = shop.hook("create", B, password="Sample-1", seats=1)
    job = shop.claimed()
    with pytest.raises(Refused, match="may have 1 ") as caught:
        shop.intend(job, ChangeKind.CREATE)
    shop.finish(job, "failed", caught.value)
    shop.hook("create", A, password="Sample-1", seats=2)
    shop.end()
    shop.operator.retry(failed.job)
    shop.intend(shop.claimed(), ChangeKind.CREATE)


def test_the_newest_number_of_seats_is_kept(shop: Shop) -> None:
    sold = Services(shop.database)
    for seats in (5, 3):
        shop.hook("create", A, password="Sample-1", seats=seats)
    shop.hook("create", A, password="Sample-1", seats=9, at=shop.now - 60)  # late
    assert sold.service("shop", "7")["seats"] == 3
    shop.hook("create", B, password="Sample-1", service="8")
    assert sold.service("shop", "8")["seats"] is None
    assert [(row["service_id"], row["seats"], row["used"]) for row in sold.sold(["shop"])] == [
        ("7", 3, 0)
    ]


@pytest.mark.parametrize("ordered_anew", [False, True])
def test_of_a_service_that_is_gone_nothing_is_sold_until_it_is_ordered_anew(
    shop: Shop, ordered_anew: bool
) -> None:
    sold = Services(shop.database)
    shop.own(A)
    shop.hook("create", A, password="Sample-1", seats=3)
    shop.end()
    shop.whole("terminate")
    job = shop.claimed()
    shop.intend(job, ChangeKind.DELETE)
    if ordered_anew:
        shop.hook("create", B, password="Sample-1", seats=2)
    shop.finish(job)
    assert sold.service("shop", "7")["seats"] == (2 if ordered_anew else None)


# A restore, pruning, and what is erased


def test_after_a_restore_it_is_held_and_goes_on_by_one_retry(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("suspend")
    shop.end(State.SUSPENDED)
    with shop.database.write() as tx:
        quarantine_after_restore(tx, shop.database, {"main": 30.0})
    found = shop.receipt(receipt)
    assert (found.status, members(found)) == ("held", {A: "succeeded", B: "held"})
    assert "restored_at" in found.extra and not suspended(shop)
    with shop.database.write() as tx:
        tx.execute(sa.update(accounts).values(restored_at=None))
    again = shop.operator.retry(receipt.job)
    assert members(again) == {A: "succeeded", B: "queued"}
    shop.end(State.SUSPENDED)
    assert shop.status(again) == "succeeded" and again.sequence > receipt.sequence + 1


def test_it_is_pruned_with_its_members_once_it_suspends_no_more(shop: Shop) -> None:
    shop.own(A, B)
    receipt = shop.whole("suspend")
    for _ in range(2):
        shop.end(State.SUSPENDED)
    sent(shop)
    shop.now += 91 * 86400
    assert shop.retention.prune()
    assert [row["id"] for row in shop.rows(jobs)] == [receipt.job]
    # Who owns what, what was sold, and that it is suspended stays.
    assert len(shop.rows(mailboxes)) == 2 and suspended(shop)
    assert members(shop.whole("unsuspend")) == {A: "queued", B: "queued"}
    for _ in range(2):
        shop.end()
    sent(shop)
    shop.now += 91 * 86400
    assert shop.retention.prune()
    assert shop.rows(jobs) == [] == shop.rows(callbacks)


def test_a_member_that_ends_after_its_service_was_pruned_ends_alone(shop: Shop) -> None:
    shop.own(A)
    receipt = shop.whole("suspend")
    job = shop.claimed()
    with shop.database.write() as tx:
        tx.execute(sa.delete(callbacks).where(callbacks.c.mailbox_id.is_(None)))
        tx.execute(sa.delete(jobs).where(jobs.c.id == receipt.job))
    shop.finish(job)
    assert [row["status"] for row in shop.rows(jobs) if row["id"] == job.id] == ["succeeded"]
