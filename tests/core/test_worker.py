"""The worker over a remote that lags, loses answers and contradicts itself, on a real store and
a clock of the test's own."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from bridge.domain import jobs
from bridge.domain.errors import (
    AccountFault,
    LeaseLost,
    MalformedReply,
    NoFunds,
    OutcomeUnknown,
    RefusalUnproven,
    Refused,
    Unavailable,
)
from bridge.domain.model import Address, Change, ChangeKind, Mailbox, State
from bridge.domain.ports import Limits
from tests.support.bench import GOOD, JOHN, OTHER, SETTLE, Bench
from tests.support.stores import up_to


def create(bench: Bench, **more: Any) -> None:
    receipt = bench.do("create", password=GOOD, **more)
    assert receipt.status == "succeeded", receipt
    bench.clock.now += SETTLE + 1
    bench.backend.history.clear()


def test_a_create_is_observed_done_and_observed_again(bench: Bench) -> None:
    receipt = bench.do("create", password=GOOD, plan="large", display_name="John Doe")
    assert (receipt.status, receipt.state, receipt.changed) == ("succeeded", "active", True)
    assert receipt.verified == {
        "existence": "verified",
        "suspension": "verified",
        "password": "accepted",
        "plan": "verified",
    }
    assert receipt.message == "Mailbox created and confirmed."
    assert bench.commands == ["create", "set_quota"]
    assert bench.backend.mailboxes[JOHN].password == GOOD
    assert bench.record().owned_by("shop", "7")


KINDS = {
    "create": ChangeKind.CREATE,
    "suspend": ChangeKind.SUSPEND,
    "terminate": ChangeKind.DELETE,
    "change_password": ChangeKind.SET_PASSWORD,
    "change_plan": ChangeKind.SET_QUOTA,
}
DATA: dict[str, dict[str, Any]] = {
    "create": {"password": GOOD},
    "change_password": {"password": OTHER},
    "change_plan": {"plan": "large"},
}


@pytest.mark.parametrize(
    "after_effect", [False, True], ids=["before the effect", "after the effect"]
)
@pytest.mark.parametrize("action", KINDS)
def test_a_command_whose_answer_is_lost_is_looked_at_and_repeated_only_if_undone(
    bench: Bench, action: str, after_effect: bool
) -> None:
    if action != "create":
        create(bench)
    bench.backend.fail_next(KINDS[action], OutcomeUnknown("the answer was lost"), after_effect)
    receipt = bench.do(action, **DATA.get(action, {}))
    assert (receipt.status, receipt.changed) == ("succeeded", True)
    # No read shows a password, so that one is set again in any case.
    once = after_effect and action != "change_password"
    assert bench.commands.count(str(KINDS[action])) == (1 if once else 2)
    if not once:
        first, second = [step for step in bench.rows("steps") if step["kind"] == KINDS[action]]
        assert second["started_at"] >= first["ended_at"] + SETTLE


@pytest.mark.parametrize("times", [1, 3, 5])
@pytest.mark.parametrize("action", ["suspend", "terminate", "change_plan"])
def test_stale_reads_are_not_believed_while_reads_may_lag(
    bench: Bench, action: str, times: int
) -> None:
    create(bench)
    before = bench.backend.look(JOHN)
    receipt = bench.hook(action, **DATA.get(action, {}))
    real = bench.backend.apply

    def lagging(address: object, change: Change, seen: Mailbox) -> object:
        answer = real(JOHN, change, seen)
        bench.backend.stale[JOHN] = [before] * times
        return answer

    bench.backend.apply = lagging  # type: ignore[method-assign, assignment]
    bench.work(SETTLE)
    assert bench.receipt(receipt).status == "succeeded"
    assert bench.commands.count(str(KINDS[action])) == 1


def test_the_next_job_is_not_misled_by_a_read_from_before_the_last_one(bench: Bench) -> None:
    first, second = bench.hook("create", password=GOOD), bench.hook("suspend")
    bench.step()
    assert bench.receipt(first).status == "succeeded"
    absent = Mailbox(JOHN, False, paks=tuple(bench.backend.paks["example.com"]))
    bench.backend.stale[JOHN] = [absent] * 2
    bench.step()
    assert (bench.receipt(second).status, bench.receipt(second).waiting_for) == ("queued", "settle")
    assert bench.receipt(second).error is None
    bench.work(SETTLE)
    assert bench.receipt(second).status == "succeeded"


def test_a_contradiction_of_the_two_systems_waits_and_ends_held(bench: Bench) -> None:
    create(bench)
    bench.use(retry_hours=1)
    with patch.object(bench.backend, "observe", autospec=True, return_value=Mailbox(JOHN, None)):
        receipt = bench.hook("suspend")
        bench.step()
        now = bench.receipt(receipt)
        assert (now.status, now.waiting_for) == ("queued", "retry")
        assert now.error is not None and now.error["code"] == "unclear"
        bench.work(3 * 3600)
    now = bench.receipt(receipt)
    assert (now.status, now.state) == ("held", "unknown")
    assert now.message == "This request is waiting for a manual decision."
    again = bench.operator.retry(receipt.job)
    bench.work(60)
    assert bench.receipt(again).status == "succeeded"


def test_a_smaller_settle_after_a_reload_makes_no_stale_read_believed(bench: Bench) -> None:
    def reload(settle: float) -> None:
        bench.worker.accounts = {"main": replace(bench.worker.accounts["main"], settle=settle)}

    reload(600.0)
    receipt = bench.do("create", password=GOOD)
    created_at = bench.clock.now
    assert receipt.status == "succeeded"
    reload(5.0)
    assert bench.do("change_password", password=OTHER).status == "succeeded"
    assert bench.record().settles_at >= created_at + 599
    bench.clock.now += 20
    bench.backend.stale[JOHN] = [Mailbox(JOHN, False)] * 2  # as it was before
    waits = bench.hook("suspend")
    bench.step()
    assert (bench.receipt(waits).status, bench.receipt(waits).waiting_for) == ("queued", "settle")
    bench.work(600, until=waits)
    assert bench.receipt(waits).status == "succeeded"


def test_a_command_is_not_repeated_sooner_because_settle_is_smaller_now(bench: Bench) -> None:
    create(bench)
    bench.worker.accounts = {"main": replace(bench.worker.accounts["main"], settle=600.0)}
    bench.backend.fail_next(ChangeKind.SET_PASSWORD, OutcomeUnknown("the answer was lost"))
    bench.hook("change_password", password=OTHER)
    bench.step()
    bench.worker.accounts = {"main": replace(bench.worker.accounts["main"], settle=5.0)}
    bench.work(500)
    assert bench.commands == ["set_password"]
    bench.work(200)
    assert bench.commands == ["set_password"] * 2


def test_a_contradiction_that_settles_costs_nothing_but_time(bench: Bench) -> None:
    first, second = bench.hook("create", password=GOOD), bench.hook("suspend")
    bench.step()
    bench.backend.stale[JOHN] = [Mailbox(JOHN, None)] * 3
    bench.work(SETTLE)
    assert bench.receipt(first).status == bench.receipt(second).status == "succeeded"


def test_an_account_fault_pauses_the_account_and_keeps_every_job(bench: Bench) -> None:
    bench.backend.fail_next(None, AccountFault("Bad User name or Password"))
    tried, untried = (
        bench.hook("create", password=GOOD),
        bench.hook("create", address="amy@example.com", password=GOOD),
    )
    bench.work(4000)
    now = bench.receipt(tried)
    assert (now.status, now.waiting_for, now.error and now.error["code"]) == (
        "queued",
        "account",
        "credentials",
    )
    assert (bench.receipt(untried).status, bench.receipt(untried).waiting_for) == (
        "queued",
        "account",
    )
    later = bench.hook("create", address="bob@example.com", password=GOOD)
    assert (later.status, later.waiting_for) == ("queued", "account")
    assert len(bench.rows("notes")) == 1
    assert bench.account_state.resume_account("main")
    bench.work(60)
    assert {bench.receipt(each).status for each in (tried, untried, later)} == {"succeeded"}
    assert [note["cleared"] for note in bench.rows("notes")] == [False, True]


def test_an_account_fault_of_a_command_makes_nobody_owner_of_what_was_not_made(
    bench: Bench,
) -> None:
    bench.backend.fail_next(
        ChangeKind.CREATE, AccountFault("User not permitted", code="ip_not_allowed")
    )
    receipt = bench.hook("create", password=GOOD)
    bench.step()
    assert bench.receipt(receipt).waiting_for == "account"
    assert bench.record().source is None
    somebody_creates(bench)
    bench.operator.resume_account("main")
    bench.work(600)
    now = bench.receipt(receipt)
    assert (now.status, now.changed, now.error and now.error["code"]) == (
        "failed",
        False,
        "not_ours",
    )
    assert bench.backend.mailboxes[JOHN].password == "Somebody-Else.1"


def somebody_creates(bench: Bench) -> None:
    bundle = bench.backend.paks["example.com"][0].bundle
    bench.backend.create(JOHN, bundle, "Somebody-Else.1")


@pytest.mark.parametrize(("code", "status"), [("not_ours", "failed"), ("refused", "held")])
def test_a_mailbox_that_somebody_else_makes_at_the_same_moment_is_never_taken_over(
    bench: Bench, code: str, status: str
) -> None:
    real = bench.backend.apply

    def overtaken(address: object, change: Change, seen: Mailbox) -> object:
        bench.backend.apply = real  # type: ignore[method-assign]
        somebody_creates(bench)
        raise RefusalUnproven(Refused("it exists already", code=code))

    bench.backend.apply = overtaken  # type: ignore[method-assign, assignment]
    now = bench.do("create", password=GOOD)
    assert (now.status, now.error and now.error["code"]) == (status, "not_ours")
    assert bench.backend.mailboxes[JOHN].password == "Somebody-Else.1"
    assert bench.record().source is None


def test_a_create_that_took_effect_although_its_answer_was_lost_is_ours(bench: Bench) -> None:
    bench.backend.fail_next(ChangeKind.CREATE, MalformedReply("an error page"), after_effect=True)
    now = bench.do("create", password=GOOD)
    assert (now.status, now.changed) == ("succeeded", True)
    assert bench.record().owned_by("shop", "7")


def test_a_no_that_is_doubted_is_the_end_once_a_read_after_settle_shows_nothing_done(
    bench: Bench,
) -> None:
    bench.backend.fail_next(
        ChangeKind.CREATE, RefusalUnproven(Refused("the pak is full", code="pak_full"))
    )
    receipt = bench.hook("create", password=GOOD)
    bench.step()
    assert (bench.receipt(receipt).status, bench.receipt(receipt).waiting_for) == (
        "queued",
        "settle",
    )
    bench.work(SETTLE + 31)
    now = bench.receipt(receipt)
    assert (now.status, now.state, now.changed, now.error and now.error["code"]) == (
        "failed",
        "absent",
        False,
        "pak_full",
    )
    assert bench.commands == ["create"]


@pytest.mark.parametrize(
    "error", [Refused("no"), RefusalUnproven(Refused("no"))], ids=["refused", "doubted"]
)
def test_a_logout_that_is_refused_does_not_undo_a_suspension(bench: Bench, error: Refused) -> None:
    create(bench)
    bench.backend.fail_next(ChangeKind.LOG_OUT, error)
    now = bench.do("suspend")
    assert (now.status, now.state) == ("succeeded", "suspended")


def test_missing_funds_pause_purchases_and_nothing_else(bench: Bench) -> None:
    bench.use(purchase="paks")
    bench.backend.paks.clear()
    bench.backend.domains.add("example.net")
    bench.backend.add_pak("example.net")
    bench.backend.balance = 0
    poor = bench.hook("create", password=GOOD)
    poorer = bench.hook("create", address="amy@example.com", password=GOOD)
    rich = bench.hook("create", address="amy@example.net", password=GOOD)
    bench.work(60)
    now = bench.receipt(poor)
    assert (now.status, now.waiting_for, now.error and now.error["code"]) == (
        "queued",
        "account",
        "insufficient_funds",
    )
    assert bench.receipt(poorer).waiting_for == "account"
    assert bench.receipt(rich).status == "succeeded"
    assert bench.commands.count("buy") == 1
    bench.backend.balance = 5
    bench.work(600)
    assert bench.receipt(poor).status == bench.receipt(poorer).status == "succeeded"
    assert bench.commands.count("buy") == 2
    assert [note["cleared"] for note in bench.rows("notes")] == [False, True]


def test_a_remote_that_cannot_be_asked_is_asked_again_and_in_the_end_held(bench: Bench) -> None:
    bench.use(retry_hours=0.5)

    def away(*_: object) -> Mailbox:
        raise Unavailable("no connection")

    bench.backend.observe = away  # type: ignore[method-assign]
    receipt = bench.hook("create", password=GOOD)
    bench.work(60)
    now = bench.receipt(receipt)
    assert (now.status, now.waiting_for, now.error and now.error["code"]) == (
        "queued",
        "retry",
        "unavailable",
    )
    bench.work(3600)
    now = bench.receipt(receipt)
    assert (now.status, now.error and now.error["code"]) == ("held", "unavailable")
    assert 5 < bench.rows("jobs")[0]["tries"] < 30
    assert bench.rows("notes")[0]["text"].startswith("mailbox.create of john@example.com")


def test_a_long_wait_for_reads_does_not_make_the_pause_after_an_error_longer(bench: Bench) -> None:
    """Looks are no errors: a job that waited for `settle` and then meets its first error is soon
    at it again."""
    bench.backend.fail_next(ChangeKind.CREATE, OutcomeUnknown("the answer was lost"))
    receipt = bench.hook("create", password=GOOD)
    bench.work(SETTLE - 1)
    assert bench.receipt(receipt).waiting_for == "settle"
    bench.backend.fail_next(None, Unavailable("no connection"))
    bench.work(5)
    assert bench.receipt(receipt).status == "succeeded"


def test_looks_come_soon_at_first_also_after_many_errors(bench: Bench) -> None:
    bench.backend.fail_next(ChangeKind.CREATE, OutcomeUnknown("the answer was lost"))
    for _ in range(9):
        bench.backend.fail_next(None, Unavailable("no connection"))
    bench.hook("create", password=GOOD)
    while not bench.rows("steps"):
        bench.work(1)
    before = bench.clock.now
    for _ in range(4):
        bench.clock.now = (bench.next_due() or 0.0) + 0.001
        assert bench.step()
    assert bench.clock.now - before < SETTLE / 2


def test_a_pause_that_the_remote_asks_for_is_kept(bench: Bench) -> None:
    bench.backend.fail_next(None, Unavailable("a few minutes", retry_after=90))
    receipt = bench.hook("create", password=GOOD)
    bench.work(89)
    assert bench.receipt(receipt).status == "queued"
    bench.work(2)
    assert bench.receipt(receipt).status == "succeeded"


def test_a_job_whose_lease_went_to_another_worker_is_left_alone(bench: Bench) -> None:
    receipt = bench.hook("create", password=GOOD)
    job = bench.queue.claim("first", up_to(main=4))
    assert job is not None
    bench.clock.now += 61
    assert bench.step()
    assert bench.receipt(receipt).status == "succeeded"
    bench.backend.history.clear()
    bench.worker.run(job)
    assert (bench.receipt(receipt).status, bench.commands) == ("succeeded", [])


def test_a_lease_lost_between_intent_and_send_sends_nothing(bench: Bench) -> None:
    bench.hook("create", password=GOOD)
    job = bench.queue.claim("first", up_to(main=4))
    assert job is not None

    def stolen(name: str) -> None:
        if name == "intent-committed":
            bench.clock.now += 61
            other = bench.queue.claim("second", up_to(main=4))
            assert other is not None and other.token > job.token

    bench.worker.checkpoint = stolen
    bench.worker.lease = 0.0  # this machine stood still for as long
    bench.worker.run(job)
    assert bench.commands == []


@pytest.mark.parametrize("where", ["observe", "apply", "command"])
def test_a_bug_in_a_backend_does_not_lose_the_job(bench: Bench, where: str) -> None:
    real = getattr(bench.backend, where)

    def broken(*_: object) -> object:
        setattr(bench.backend, where, real)
        raise ZeroDivisionError

    setattr(bench.backend, where, broken)
    receipt = bench.hook("create", password=GOOD)
    bench.step()
    now = bench.receipt(receipt)
    assert (now.status, now.waiting_for, now.error and now.error["code"]) == (
        "queued",
        "retry",
        "unclear",
    )
    bench.work(600)
    assert bench.receipt(receipt).status == "succeeded"
    assert bench.commands == ["create"]


def test_a_bug_that_stays_ends_held_and_not_in_a_tight_loop(bench: Bench) -> None:
    def broken(*_: object) -> Mailbox:
        raise ZeroDivisionError

    bench.use(retry_hours=1)
    bench.backend.observe = broken  # type: ignore[method-assign]
    receipt = bench.hook("create", password=GOOD)
    bench.work(3 * 3600)
    assert bench.receipt(receipt).status == "held"
    assert bench.rows("jobs")[0]["tries"] < 40


def test_observe_mode_reports_what_it_would_do_and_does_nothing(bench: Bench) -> None:
    bench.use(observe_only=True)
    now = bench.do("create", password=GOOD, plan="large")
    assert (now.status, now.changed, now.state, now.error) == ("succeeded", False, "absent", None)
    assert now.extra["observed_only"] is True
    assert [each["change"] for each in now.extra["plan"]] == ["create"]
    assert GOOD not in str(now)
    assert bench.commands == []


@pytest.mark.parametrize(("action", "code"), [("suspend", "not_found"), ("create", "plan_unknown")])
def test_observe_mode_reports_what_would_stand_in_the_way(
    bench: Bench, action: str, code: str
) -> None:
    bench.use(observe_only=True)
    data: dict[str, Any] = {"password": GOOD, "plan": "gold"} if action == "create" else {}
    now = bench.do(action, **data)
    assert (now.status, now.changed, now.error) == ("succeeded", False, None)
    assert now.extra["would_be"]["code"] == code
    assert bench.commands == []


def test_a_lock_out_says_accepted_never_verified(bench: Bench) -> None:
    create(bench)
    bench.use(suspend_with="lock-out")
    assert bench.do("suspend").verified == {"suspension": "accepted"}
    assert bench.do("suspend").verified == {"suspension": "accepted"}
    now = bench.do("unsuspend", password=OTHER)
    assert now.verified == {"suspension": "accepted", "password": "accepted"}
    assert bench.backend.mailboxes[JOHN].password == OTHER
    assert bench.record().suspended_with is None


@pytest.mark.parametrize(
    ("method", "proof"),
    [("hosted-email", "verified"), ("lock-out", "accepted"), ("commands", "accepted")],
)
def test_what_suspends_decides_how_a_suspension_is_proved(
    bench: Bench, method: str, proof: str
) -> None:
    create(bench)
    bench.use(suspend_with=method)
    now = bench.do("suspend")
    assert (now.status, now.state, now.verified) == (
        "succeeded",
        "suspended",
        {"suspension": proof},
    )


def test_two_purchases_for_one_domain_wait_until_the_first_can_be_seen(bench: Bench) -> None:
    bench.use(purchase="boxes")
    bench.backend.paks.clear()
    first = bench.hook("create", password=GOOD)
    second = bench.hook("create", address="amy@example.com", password=GOOD)
    bench.work(5)
    assert bench.receipt(first).status == "succeeded"
    assert (bench.receipt(second).status, bench.receipt(second).waiting_for) == ("queued", "settle")
    bench.work(SETTLE + 10)
    assert bench.receipt(second).status == "succeeded"
    assert bench.commands.count("buy") == 2


def test_nobody_buys_while_another_job_has_not_yet_seen_what_it_bought(bench: Bench) -> None:
    bench.use(purchase="paks")
    bench.backend.paks.clear()
    before = Mailbox(JOHN, False)
    bench.hook("create", password=GOOD)
    bench.backend.stale[JOHN] = [before] * 2
    bench.step()
    first = bench.rows("jobs")[0]
    assert (first["status"], first["waiting_for"], bench.commands) == ("queued", "settle", ["buy"])
    bench.clock.now += SETTLE * 2  # long enough for reads, but its worker is slow
    claimed = bench.queue.claim("worker", up_to(main=4))
    assert claimed is not None
    bench.queue.wait(claimed, bench.clock.now + 30, "settle", None, True)
    second = bench.hook("create", address="amy@example.com", password=GOOD)
    bench.backend.stale[Address("amy", "example.com")] = [
        Mailbox(Address("amy", "example.com"), False)
    ]
    bench.step()
    assert (bench.receipt(second).waiting_for, bench.commands) == ("settle", ["buy"])
    bench.work(120)
    assert bench.receipt(second).status == "succeeded"
    assert bench.commands.count("buy") == 1


def test_what_a_job_met_is_told_while_it_waits_because_of_it_and_not_while_it_looks(
    bench: Bench,
) -> None:
    bench.backend.fail_next(ChangeKind.CREATE, OutcomeUnknown("the answer was lost"))
    receipt = bench.hook("create", password=GOOD)
    bench.step()
    now = bench.receipt(receipt)
    assert (now.waiting_for, now.error) == ("settle", None)
    assert bench.rows("jobs")[0]["error"]["code"] == "unclear"  # for staff it stays


def test_a_purchase_that_was_accepted_and_is_never_seen_is_held_and_holds_the_others(
    bench: Bench,
) -> None:
    bench.use(purchase="paks", retry_hours=2)
    bench.backend.paks.clear()
    absent = bench.backend.look(JOHN)
    never = patch.object(
        bench.backend,
        "observe",
        autospec=True,
        side_effect=lambda box, about: replace(absent, address=box),
    )
    with never:
        first = bench.hook("create", password=GOOD)
        second = bench.hook("create", address="amy@example.com", password=GOOD)
        bench.work(3600)
    held = bench.receipt(first)
    assert (held.status, held.error and held.error["code"]) == ("held", "unclear")
    assert bench.commands == ["buy"]
    assert bench.receipt(second).status == "queued"
    assert bench.operator.retry(first.job).status == "queued"
    bench.work(3600)
    assert bench.receipt(second).status == "succeeded"
    assert bench.commands.count("buy") == 1


def test_deletions_over_the_hourly_limit_are_held_until_a_person_lets_them_pass(
    bench: Bench,
) -> None:
    bench.limits = Limits(20, 2)
    bench.use()
    names = ["amy", "bob", "cat"]
    for name in names:
        create(bench, address=f"{name}@example.com")
    ended = [bench.do("terminate", address=f"{name}@example.com") for name in names]
    assert [each.status for each in ended] == ["succeeded", "succeeded", "held"]
    assert ended[2].error is not None and ended[2].error["code"] == "unsafe"
    again = bench.operator.retry(ended[2].job, approve=True)
    bench.work(60)
    assert bench.receipt(again).status == "succeeded"
    bench.clock.now += 3600
    create(bench, address="amy@example.com")
    assert bench.do("terminate", address="amy@example.com").status == "succeeded"


def test_every_state_that_a_job_can_end_in_was_ended_in_by_the_rules(bench: Bench) -> None:
    with pytest.raises(LeaseLost):
        job = bench.hook("create", password=GOOD)
        claimed = bench.queue.claim("first", up_to(main=4))
        assert claimed is not None
        bench.queue.wait(claimed, bench.clock.now, "retry", None, True)
        bench.queue.wait(claimed, bench.clock.now, "retry", None, True)
    assert bench.receipt(job).status == "queued"
    assert jobs.ENDED == {"succeeded", "failed", "held", "cancelled"}
    assert bench.record().state is State.UNKNOWN


def test_no_funds_named_with_a_time_is_waited_for_without_a_second_pause(bench: Bench) -> None:
    bench.use(purchase="paks")
    bench.backend.paks.clear()
    bench.backend.fail_next(ChangeKind.BUY, NoFunds("empty"))
    first = bench.hook("create", password=GOOD)
    bench.work(299)
    assert bench.receipt(first).status == "queued"
    bench.work(5 + SETTLE)
    assert bench.receipt(first).status == "succeeded"


def test_an_unknown_command_is_not_proved_by_a_read_from_before_an_earlier_one(
    bench: Bench,
) -> None:
    bench.do("create", password=GOOD)
    bench.clock.now += 600
    before = bench.backend.observe(JOHN)
    bench.do("suspend")
    bench.backend.fail_next(ChangeKind.RESTORE, OutcomeUnknown("lost on its way"))

    def show_the_past(point: str) -> None:
        if point == "sent" and bench.commands.count("restore") == 1:
            bench.backend.stale[JOHN] = [
                before
            ]  # as it was before the suspension: looks as if the restore was done

    bench.worker.checkpoint = show_the_past
    assert bench.do("unsuspend").status == "succeeded"
    assert set(bench.backend.mailboxes[JOHN].services.values()) == {"enabled"}
    assert bench.commands.count("restore") == 2
