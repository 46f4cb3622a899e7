"""A hook that its sender takes back: by the state of its job, what is answered, what is left;
and hooks without a job."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge.domain.errors import NeedsPerson, NotPossible, Withdrawn
from bridge.domain.model import ChangeKind
from bridge.domain.ports import CannotWithdraw, Dismissal, Dismissed, Receipt, Reused, SourcePaused
from bridge.store import Withdrawals
from bridge.store.base.tables import callbacks, hooks, jobs, purchases, steps
from hooks.types import Withdrawal
from tests.store.conftest import Shop, verified

PASSWORD = "Planted-Secret.7"


def withdraw(
    shop: Shop, hook: str, id: str = "msg_back", source: str = "shop", content: str = ""
) -> Receipt | Dismissal:
    digest = content or f"withdraw {hook}"
    return Withdrawals(shop.database).withdraw(
        source, verified(id), Withdrawal(hook), digest, digest.__eq__
    )


def of(left: Receipt | Dismissal) -> tuple[str, str | None]:
    assert isinstance(left, Receipt)
    return left.status, (left.error or {}).get("code")


def again_after(shop: Shop, action: str, outcome: str) -> Receipt:
    """A hook, msg_1, whose job sent a command with this outcome and was held; a person had it
    tried again. The first job."""
    first = shop.hook(action, id="msg_1")
    job = shop.claimed()
    step = shop.intend(job, ChangeKind.SUSPEND)
    if outcome != "intent":
        shop.answer(job, step, outcome)
    shop.finish(job, "held", NeedsPerson())
    shop.operator.retry(first.job)
    return first


class TestNotBegun:
    def test_what_waits_is_cancelled_called_back_and_its_password_gone(self, shop: Shop) -> None:
        hook = shop.hook("change_password", id="msg_1", password=PASSWORD)
        left = withdraw(shop, "msg_1")
        assert (of(left), left.job, left.hook) == (("cancelled", "withdrawn"), hook.job, "msg_1")  # type: ignore[union-attr]
        assert (shop.rows(jobs)[0]["sealed"], shop.delivered(), shop.claim()) == (None, [1], None)

    def test_what_is_held_is_cancelled_and_called_back_once_more(self, shop: Shop) -> None:
        hook = shop.hook("terminate", id="msg_1")
        shop.finish(shop.claimed(), "held", NeedsPerson())
        assert shop.delivered() == [1]
        assert of(withdraw(shop, "msg_1")) == ("cancelled", "withdrawn")
        assert shop.delivered() == [1]
        assert [row["id"] for row in shop.rows(callbacks)] == [
            f"cb_{hook.job}_1",
            f"cb_{hook.job}_2",
        ]
        for approve in (False, True):
            with pytest.raises(NotPossible):
                shop.operator.retry(hook.job, approve=approve)

    def test_what_is_tried_again_is_meant_by_its_hook(self, shop: Shop) -> None:
        old = shop.run("suspend", id="msg_1", status="held")
        new = shop.operator.retry(old.job)
        left = withdraw(shop, "msg_1")
        assert (of(left), left.job) == (("cancelled", "withdrawn"), new.job)  # type: ignore[union-attr]
        assert shop.status(old) == "held"

    def test_what_waited_behind_it_goes_on(self, shop: Shop) -> None:
        shop.hook("suspend", id="msg_1")
        later = shop.hook("change_plan", plan="basic")
        withdraw(shop, "msg_1")
        assert shop.claimed().id == later.job

    @pytest.mark.parametrize("action", ["suspend", "terminate", "create"])
    def test_a_worker_that_is_at_it_stops_before_its_first_command(
        self, shop: Shop, action: str
    ) -> None:
        hook = shop.hook(
            action, id="msg_1", **({"password": PASSWORD} if action == "create" else {})
        )
        job = shop.claimed()
        assert of(withdraw(shop, "msg_1")) == ("running", None)
        with pytest.raises(Withdrawn):
            shop.intend(job, ChangeKind.SUSPEND)
        assert shop.rows(steps) == [] and shop.status(hook) == "running"
        shop.finish(job, "cancelled", Withdrawn())
        assert of(withdraw(shop, "msg_1")) == ("cancelled", "withdrawn")
        assert shop.rows(jobs)[0]["sealed"] is None

    @pytest.mark.parametrize("how", ["wait", "held", "release"])
    def test_what_a_worker_leaves_unbegun_is_cancelled(self, shop: Shop, how: str) -> None:
        hook = shop.hook("suspend", id="msg_1")
        job = shop.claimed()
        withdraw(shop, "msg_1")
        match how:
            case "wait":
                shop.queue.wait(job, shop.now, "retry", None, True)
            case "held":
                shop.finish(job, "held", NeedsPerson())
            case "release":
                shop.queue.release("worker")
                again = shop.claimed()
                with pytest.raises(Withdrawn):
                    shop.intend(again, ChangeKind.SUSPEND)
                shop.finish(again, "cancelled", Withdrawn())
        seen = shop.receipt(hook)
        assert (seen.status, seen.error and seen.error["code"]) == ("cancelled", "withdrawn")
        assert shop.delivered() == [1]

    def test_what_needed_no_command_stays_as_it_ended(self, shop: Shop) -> None:
        hook = shop.hook("suspend", id="msg_1")
        job = shop.claimed()
        withdraw(shop, "msg_1")
        shop.finish(job)
        assert shop.status(hook) == "succeeded"


class TestBegun:
    @pytest.mark.parametrize("status", ["queued", "running", "held"])
    def test_what_was_begun_is_left_as_it_is(self, shop: Shop, status: str) -> None:
        hook = shop.hook("suspend", id="msg_1")
        job = shop.claimed()
        step = shop.intend(job, ChangeKind.SUSPEND)
        if status != "running":
            shop.answer(job, step, "unknown")
        if status == "queued":
            shop.queue.wait(job, shop.now, "settle", None, True)
        elif status == "held":
            shop.finish(job, "held", NeedsPerson())
        before = shop.receipt(hook)
        assert withdraw(shop, "msg_1") == before
        assert shop.receipt(hook) == before
        assert shop.rows(jobs)[0]["withdrawn"] is False

    @pytest.mark.parametrize("status", ["succeeded", "failed"])
    def test_so_is_what_has_ended(self, shop: Shop, status: str) -> None:
        hook = shop.run("suspend", id="msg_1", status=status)
        assert withdraw(shop, "msg_1") == shop.receipt(hook)

    @pytest.mark.parametrize("outcome", ["accepted", "unknown", "doubted", "intent"])
    def test_so_is_what_was_begun_before_a_person_had_it_tried_again(
        self, shop: Shop, outcome: str
    ) -> None:
        """A sender that hears "cancelled" takes it that nothing was done: a customer who paid
        would stay suspended."""
        first = again_after(shop, "suspend", outcome)
        before = shop.receipt(first)
        assert of(withdraw(shop, "msg_1")) == ("queued", None)
        assert shop.receipt(first) == before and shop.claimed().hook == "msg_1"

    @pytest.mark.parametrize("outcome", ["unsent", "refused"])
    def test_what_surely_did_nothing_before_is_not_begun(self, shop: Shop, outcome: str) -> None:
        again_after(shop, "suspend", outcome)
        assert of(withdraw(shop, "msg_1")) == ("cancelled", "withdrawn")

    def test_a_terminate_that_was_begun_before_is_not_begun_again(self, shop: Shop) -> None:
        again_after(shop, "terminate", "unknown")
        assert of(withdraw(shop, "msg_1")) == ("cancelled", "withdrawn"), (
            "in doubt the mailbox stays"
        )

    @pytest.mark.parametrize("outcome", ["intent", "unknown"])
    def test_a_purchase_in_doubt_has_to_be_found_out_first(self, shop: Shop, outcome: str) -> None:
        hook = shop.hook("create", id="msg_1", password=PASSWORD)
        job = shop.claimed()
        step = shop.intend(job, ChangeKind.BUY, product="pak")
        if outcome == "unknown":
            shop.answer(job, step, "unknown")
            shop.finish(job, "held")
        with pytest.raises(CannotWithdraw, match=f"{hook.job} is in doubt"):
            withdraw(shop, "msg_1")
        assert [row["hook_id"] for row in shop.rows(hooks)] == ["msg_1"], (
            "so that it can be sent again"
        )
        assert [row["outcome"] for row in shop.rows(purchases)] == [outcome]


class TestWithoutAJob:
    def park(self, shop: Shop) -> None:
        shop.inbox.park(
            "shop",
            verified("msg_1"),
            "mailbox.suspend",
            "digest",
            "sealed",
            {"a": ["b"]},
            "digest".__eq__,
        )

    def test_what_is_parked_is_dismissed_and_its_body_wiped(self, shop: Shop) -> None:
        self.park(shop)
        assert withdraw(shop, "msg_1") == Dismissal("msg_1")
        parked, back = shop.rows(hooks)
        assert (parked["sealed"], parked["dismissed_at"], back["dismissed_at"]) == (
            None,
            shop.now,
            shop.now,
        )
        with pytest.raises(Dismissed):
            shop.hook("suspend", id="msg_1")
        assert shop.rows(jobs) == []

    def test_what_never_came_is_refused_when_it_comes(self, shop: Shop) -> None:
        assert withdraw(shop, "msg_1") == Dismissal("msg_1")
        for come in (lambda: shop.hook("terminate", id="msg_1"), lambda: self.park(shop)):
            with pytest.raises(Dismissed):
                come()
        assert shop.hook("terminate", id="msg_1", source="till").status == "queued", (
            "another source's id is another one"
        )
        assert shop.rows(jobs)[0]["source"] == "till"

    def test_which_of_the_two_came_first_is_known_to_both(self, shop: Shop) -> None:
        def deliver(n: int) -> Any:
            try:
                return withdraw(shop, "msg_1") if n else shop.hook("terminate", id="msg_1")
            except Dismissed:
                return None

        with ThreadPoolExecutor(2) as pool:
            came, back = pool.map(deliver, range(2))
        assert came is not None or back == Dismissal("msg_1")
        assert shop.claim() is None
        assert {row["status"] for row in shop.rows(jobs)} <= {"cancelled"}


class TestItself:
    @pytest.mark.parametrize("came", [True, False])
    def test_the_same_again_gives_the_present_receipt_and_changes_nothing(
        self, shop: Shop, came: bool
    ) -> None:
        if came:
            shop.hook("suspend", id="msg_1")
        first = withdraw(shop, "msg_1")
        shop.now += 60
        assert withdraw(shop, "msg_1") == first
        assert len(shop.rows(hooks)) == 2 and len(shop.rows(callbacks)) == came

    def test_its_id_is_its_own(self, shop: Shop) -> None:
        shop.hook("suspend", id="msg_1")
        withdraw(shop, "msg_1")
        with pytest.raises(Reused):
            withdraw(shop, "msg_2")
        with pytest.raises(Reused):
            shop.hook("suspend", id="msg_back")
        with pytest.raises(Reused):
            withdraw(shop, "msg_2", id="msg_1")

    @pytest.mark.parametrize("which", ["msg_back", "msg_more"])
    def test_it_cannot_be_taken_back_itself(self, shop: Shop, which: str) -> None:
        shop.hook("suspend", id="msg_1")
        withdraw(shop, "msg_1")
        with pytest.raises(CannotWithdraw, match=r"job\.withdraw"):
            withdraw(shop, which if which == "msg_more" else "msg_back", id="msg_more")
        assert len(shop.rows(hooks)) == 2

    def test_a_source_takes_back_its_own_hooks_only(self, shop: Shop) -> None:
        hook = shop.hook("suspend", id="msg_1")
        assert withdraw(shop, "msg_1", source="till") == Dismissal("msg_1")
        assert shop.status(hook) == "queued"

    def test_a_paused_source_is_refused_and_nothing_kept(self, shop: Shop) -> None:
        hook = shop.hook("suspend", id="msg_1")
        shop.operator.pause_source("shop", True)
        with pytest.raises(SourcePaused):
            withdraw(shop, "msg_1")
        assert (shop.status(hook), len(shop.rows(hooks))) == ("queued", 1)

    def test_its_page_shows_the_job_that_it_was_about(self, shop: Shop) -> None:
        hook = shop.hook("suspend", id="msg_1")
        withdraw(shop, "msg_1")
        assert [job["id"] for job in shop.lookup.hook("msg_back")["jobs"]] == [hook.job]
        with pytest.raises(NotPossible, match="nothing to replay"):
            shop.lookup.recorded("msg_back")
