"""What a look is worth: the worker, the preview, adoption and the report of observe mode all
hold to one rule."""

from dataclasses import replace

import pytest

from bridge.domain.errors import NotPossible, OutcomeUnknown
from bridge.domain.model import Mailbox, Record, State, to_rfc3339
from bridge.infra.crypto import Sealer
from bridge.pipeline.intake import Intake
from bridge.pipeline.replay import Replay
from bridge.reconcile.adoption import Adoptions
from bridge.reconcile.scan import Scanner
from bridge.reconcile.shadow import Observation
from bridge.steps.look_and_plan import Look, StaleRead, believe
from bridge.store import Services, Withdrawals
from tests.support.bench import GOOD, JOHN, SETTLE, Bench, source, terms

ABSENT = Mailbox(JOHN, False)


def replay(bench: Bench) -> Replay:
    sealer = Sealer([bytes(32)])
    intake = Intake(
        {"shop": source()}, bench.inbox, sealer, bench.clock, Withdrawals(bench.database)
    )
    services = Services(bench.database)
    account = {"main": bench.account()}
    return Replay(bench.lookup, account, sealer, bench.clock, intake, bench.operator, services)


def test_a_preview_that_may_rest_on_a_stale_read_says_so_and_shows_no_plan(bench: Bench) -> None:
    bench.do("create", password=GOOD)
    bench.backend.show_stale(JOHN)  # as it was before it was suspended
    shown = bench.backend.stale.pop(JOHN)
    assert bench.do("suspend", id="msg_suspend").status == "succeeded"
    settles_at = bench.record().settles_at
    bench.backend.stale[JOHN] = shown

    preview = replay(bench).recorded("msg_suspend", "shop")

    assert bench.clock.now < settles_at
    assert preview.problem is not None and preview.problem[0] == "unclear"
    assert f"Look again after {to_rfc3339(settles_at)}" in preview.problem[1]
    assert preview.describe()["plan"] is None


def test_a_preview_believes_a_read_that_agrees_and_any_once_settle_is_over(bench: Bench) -> None:
    bench.do("create", password=GOOD)
    assert bench.do("suspend", id="msg_suspend").status == "succeeded"
    agreeing = replay(bench).recorded("msg_suspend", "shop")
    assert (agreeing.problem, agreeing.plan.empty) == (None, True)

    bench.clock.now += SETTLE + 1
    bench.backend.mailboxes[JOHN].services.update(
        dict.fromkeys(bench.backend.mailboxes[JOHN].services, "enabled")
    )
    later = replay(bench).recorded("msg_suspend", "shop")
    assert later.problem is None and [str(change.kind) for change in later.plan.changes] == [
        "suspend",
        "log_out",
    ]


def test_a_preview_is_carried_out_in_a_persons_name(bench: Bench) -> None:
    bench.do("create", password=GOOD)
    bench.backend.mailboxes.pop(JOHN)
    bench.clock.now += SETTLE + 1
    assert bench.do("suspend", id="msg_suspend").status == "failed"
    bench.backend.create(JOHN, bench.backend.paks["example.com"][0].bundle, GOOD)
    with bench.database.write() as tx:
        tx.exec_driver_sql(
            "UPDATE mailboxes SET source = 'shop', service_id = '7', state = 'active'"
        )
    bench.clock.now += SETTLE + 1

    preview = replay(bench).recorded("msg_suspend", "shop")
    again = replay(bench).carry_out(preview, "ann")

    assert again.job != preview.job and bench.receipt(again).status == "queued"
    assert [(row["who"], row["action"]) for row in bench.rows("audit")][-1][0] == "ann"


def test_what_a_stale_read_does_not_show_is_not_said_to_be_missing(bench: Bench) -> None:
    bench.do("create", password=GOOD)
    bench.backend.stale[JOHN] = [ABSENT]
    adoptions = Adoptions({"shop": source()}, {"main": bench.account()}, bench.lookup, bench.clock)

    with pytest.raises(NotPossible, match=r"cannot be adopted yet.*Look again after"):
        adoptions.consider(str(JOHN), "shop", "7")

    assert not adoptions.consider(str(JOHN), "shop", "7").changes


def test_adopting_says_that_the_state_it_shows_may_be_an_old_one(bench: Bench) -> None:
    bench.do("create", password=GOOD)
    bench.backend.show_stale(JOHN)
    active = bench.backend.stale.pop(JOHN)
    assert bench.do("suspend").status == "succeeded"
    adoptions = Adoptions({"shop": source()}, {"main": bench.account()}, bench.lookup, bench.clock)
    assert adoptions.consider(str(JOHN), "shop", "8").remarks[1:] == ()

    bench.backend.stale[JOHN] = active
    shown = adoptions.consider(str(JOHN), "shop", "8")

    assert shown.state_at_enom is State.ACTIVE and "Look again after" in shown.remarks[-1]


def test_what_was_just_deleted_is_not_adopted_for_a_stale_read(bench: Bench) -> None:
    bench.do("create", password=GOOD)
    bench.backend.show_stale(JOHN)
    there = bench.backend.stale.pop(JOHN)
    assert bench.do("terminate").status == "succeeded"
    bench.backend.stale[JOHN] = there
    adoptions = Adoptions({"shop": source()}, {"main": bench.account()}, bench.lookup, bench.clock)

    with pytest.raises(NotPossible, match=r"cannot be adopted yet.*Look again after"):
        adoptions.consider(str(JOHN), "shop", "7")


def test_observe_mode_does_not_judge_by_a_stale_read(bench: Bench) -> None:
    bench.do("create", password=GOOD)
    bench.use(observe_only=True)
    bench.do("change_plan", plan="large")
    bench.backend.stale[JOHN] = [ABSENT]
    scanner = Scanner(bench.account_state, bench.clock, lambda seconds: None)

    (judged,) = Observation(bench.lookup, scanner, {"main": bench.account()}).report("main", 0.0)

    assert str(judged.verdict) == "unread" and "Look again after" in judged.why


def test_two_systems_that_disagree_are_a_doubt_only_once_neither_can_be_late() -> None:
    both, record = Mailbox(JOHN, None), Record("shop", "7", State.ACTIVE, settles_at=100.0)
    with pytest.raises(StaleRead):
        believe(Look(both, 99.0), record, terms())
    with pytest.raises(OutcomeUnknown):
        believe(Look(both, 100.0), record, terms())
    with pytest.raises(StaleRead) as stale:
        believe(Look(ABSENT, 99.0), record, terms())
    assert stale.value.until == 100.0
    assert believe(Look(ABSENT, 100.0), record, terms()) is ABSENT
    assert (
        believe(Look(ABSENT, 99.0), replace(record, state=State.UNKNOWN), terms(), own_doubt=True)
        is ABSENT
    )
