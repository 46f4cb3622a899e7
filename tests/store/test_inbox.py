"""Hooks in: one job for one id, sequence numbers by arrival, and what overtakes what."""

from functools import partial

import pytest
import sqlalchemy as sa

from bridge.domain.errors import LeaseLost, NeedsPerson, Overtaken
from bridge.domain.model import ChangeKind
from bridge.domain.ports import Dismissed, Reused, SourcePaused
from bridge.store.base.tables import hooks, jobs
from tests.store.conftest import NOON, Shop, verified
from tests.support.together import at_once, each_at_once

PASSWORD = "Planted-Secret.7"
DATA = {
    "create": {"password": PASSWORD},
    "change_password": {"password": PASSWORD},
    "change_plan": {"plan": "basic"},
    "set_aliases": {"aliases": ("info@example.com",)},
    "set_forwarding": {"forward_to": ("out@example.org",)},
    "change_service": {"from_service_id": "6"},
}


def hook(shop: Shop, action: str, **more):
    """`unsuspend+` brings a password."""
    name = action.rstrip("+")
    data = {"password": PASSWORD} if action.endswith("+") else DATA.get(name, {})
    return shop.hook(name, **data, **more)


class TestIds:
    def test_the_same_delivery_again_gets_the_same_receipt_and_starts_nothing(
        self, shop: Shop
    ) -> None:
        first = shop.hook("suspend", id="msg_1")
        assert shop.hook("suspend", id="msg_1") == first
        assert len(shop.rows(jobs)) == 1

    def test_the_receipt_of_a_repeated_delivery_is_the_present_one(self, shop: Shop) -> None:
        shop.run("suspend", id="msg_1")
        assert shop.hook("suspend", id="msg_1").status == "succeeded"

    def test_an_id_used_for_other_data_is_refused(self, shop: Shop) -> None:
        shop.hook("suspend", id="msg_1")
        with pytest.raises(Reused):
            shop.hook("unsuspend", id="msg_1")
        assert len(shop.rows(jobs)) == 1

    def test_two_sources_may_use_the_same_id(self, shop: Shop) -> None:
        first, second = (
            shop.hook("suspend", id="msg_1"),
            shop.hook("suspend", id="msg_1", source="till"),
        )
        assert first.job != second.job

    def test_one_delivery_on_many_threads_at_once_is_one_job(self, shop: Shop) -> None:
        receipts = at_once([partial(shop.hook, "suspend", id="msg_1")] * 8)
        assert len({receipt.job for receipt in receipts}) == 1
        assert [row["sequence"] for row in shop.rows(jobs)] == [1]

    def test_a_paused_source_is_refused_and_nothing_kept(self, shop: Shop) -> None:
        shop.operator.pause_source("shop", True)
        with pytest.raises(SourcePaused):
            shop.hook("suspend")
        assert shop.rows(hooks) == []
        shop.operator.pause_source("shop", False)
        assert shop.hook("suspend").sequence == 1


class TestParked:
    def park(self, shop: Shop, digest: str = "suspend john@example.com") -> None:
        errors = {"address": ["no domain"]}
        shop.inbox.park(
            "shop",
            verified("msg_1"),
            "mailbox.suspend",
            digest,
            "sealed body",
            errors,
            digest.__eq__,
        )

    def test_what_cannot_be_read_is_kept_without_a_job(self, shop: Shop) -> None:
        self.park(shop)
        (row,) = shop.rows(hooks)
        assert (row["job_id"], row["sealed"], row["errors"]) == (
            None,
            "sealed body",
            {"address": ["no domain"]},
        )

    def test_the_same_again_is_kept_once_and_other_data_refused(self, shop: Shop) -> None:
        self.park(shop)
        self.park(shop)
        with pytest.raises(Reused):
            self.park(shop, "other")
        assert len(shop.rows(hooks)) == 1

    def test_after_a_fix_the_same_id_becomes_its_job_once(self, shop: Shop) -> None:
        self.park(shop)
        receipt = shop.hook("suspend", id="msg_1")
        assert (receipt.hook, receipt.status, receipt.sequence) == ("msg_1", "queued", 1)
        assert shop.hook("suspend", id="msg_1").job == receipt.job
        (row,) = shop.rows(hooks)
        assert (row["job_id"], row["sealed"], row["errors"]) == (receipt.job, None, None)

    def test_one_that_was_dismissed_is_refused_whatever_comes_under_its_id(
        self, shop: Shop
    ) -> None:
        self.park(shop)
        with shop.database.write() as tx:
            tx.execute(sa.update(hooks).values(dismissed_at=shop.now, sealed=None))
        for deliver in (
            lambda: self.park(shop),
            lambda: self.park(shop, "other"),
            lambda: shop.hook("suspend", id="msg_1"),
        ):
            with pytest.raises(Dismissed):
                deliver()
        assert (shop.rows(jobs), len(shop.rows(hooks))) == ([], 1)


class TestOrder:
    def test_numbers_follow_arrival_whatever_the_hooks_clocks_say(self, shop: Shop) -> None:
        times = [NOON, NOON - 200, NOON + 100]
        assert [hook(shop, "suspend", service=str(at), at=at).sequence for at in times] == [1, 2, 3]

    def test_each_mailbox_counts_for_itself(self, shop: Shop) -> None:
        assert shop.hook("suspend", "a@example.com").sequence == 1
        assert shop.hook("suspend", "b@example.com").sequence == 1

    def test_eight_threads_get_every_number_once_each_in_its_own_order(self, shop: Shop) -> None:
        def deliver(thread: int) -> list[int]:
            return [shop.hook("suspend", service=f"{thread}-{n}").sequence for n in range(10)]

        each = each_at_once(deliver, range(8))
        assert all(numbers == sorted(numbers) for numbers in each)
        assert sorted(number for numbers in each for number in numbers) == list(range(1, 81))

    def test_a_hook_behind_an_open_one_waits_for_its_turn(self, shop: Shop) -> None:
        assert shop.hook("suspend").waiting_for is None
        assert shop.hook("suspend", service="8").waiting_for == "turn"


BEFORE_A_TERMINATE = (
    *("create", "suspend", "unsuspend+", "change_password", "change_plan", "renew"),
    *("set_aliases", "set_forwarding"),
)

# waiting, newer, whether the waiting one is overtaken
OVERTAKING = [
    ("suspend", "unsuspend", True),
    ("suspend", "unsuspend+", True),
    ("unsuspend", "suspend", True),
    ("unsuspend+", "suspend", False),  # its password is still to be set
    ("change_password", "unsuspend+", True),
    ("change_password", "unsuspend", False),
    ("change_password", "change_password", True),
    ("change_password", "suspend", False),
    ("change_plan", "change_plan", True),
    ("renew", "renew", True),
    ("set_aliases", "set_aliases", True),
    ("set_forwarding", "set_forwarding", True),
    ("set_aliases", "set_forwarding", False),
    ("set_forwarding", "create", False),
    ("change_service", "change_service", False),  # what came between may rest on it
    ("change_service", "terminate", True),  # there it is not to go any more
    ("change_service", "suspend", False),
    ("change_service", "create", False),
    ("create", "change_service", False),
    ("renew", "create", False),
    ("create", "create", True),
    ("create", "suspend", False),
    ("create", "change_password", False),
    ("suspend", "create", True),
    ("change_plan", "create", True),
    *[
        (each, "terminate", False) for each in (*BEFORE_A_TERMINATE, "terminate")
    ],  # not until its turn has come
    *[
        ("terminate", each, True) for each in ("create", "unsuspend", "renew")
    ],  # the service needs its mailbox
    *[("terminate", each, False) for each in ("suspend", "change_password", "change_plan")],
]


class TestOvertaking:
    @pytest.mark.parametrize(("waiting", "newer", "overtaken"), OVERTAKING)
    def test_a_waiting_job_yields_when_newer_hooks_decide_all_its_facts(
        self, shop: Shop, waiting: str, newer: str, overtaken: bool
    ) -> None:
        old = hook(shop, waiting)
        new = hook(shop, newer)
        seen = shop.receipt(old)
        assert (seen.status, shop.status(new)) == ("cancelled" if overtaken else "queued", "queued")
        assert (seen.error or {}).get("code") == ("overtaken" if overtaken else None)

    @pytest.mark.parametrize("ends", ["with a command", "without one"])
    @pytest.mark.parametrize("waiting", BEFORE_A_TERMINATE)
    def test_what_waits_before_a_terminate_lets_it_pass_and_is_cancelled_once_it_is_begun(
        self, shop: Shop, waiting: str, ends: str
    ) -> None:
        old, terminate = hook(shop, waiting), hook(shop, "terminate")
        job = shop.claimed()
        assert (job.id, shop.claim(), shop.status(old)) == (terminate.job, None, "queued")
        if ends == "with a command":
            shop.answer(job, shop.intend(job, ChangeKind.DELETE))
        else:
            shop.finish(job)
        seen = shop.receipt(old)
        assert (seen.status, seen.error and seen.error["code"]) == ("cancelled", "overtaken")
        assert [row["sealed"] for row in shop.rows(jobs)] == [None, None]
        if ends == "with a command":
            shop.finish(job)
        assert shop.delivered() == [1, 2]

    @pytest.mark.parametrize("waiting", BEFORE_A_TERMINATE)
    @pytest.mark.parametrize("how", ["cancelled", "held", "failed", "called off"])
    def test_it_goes_on_when_the_terminate_does_nothing(
        self, shop: Shop, waiting: str, how: str
    ) -> None:
        old, terminate = hook(shop, waiting), hook(shop, "terminate")
        match how:
            case "cancelled":
                shop.operator.cancel(terminate.job)
            case "called off":
                job = shop.claimed()
                hook(shop, "renew")
                with pytest.raises(Overtaken):
                    shop.intend(job, ChangeKind.DELETE)
                shop.finish(job, "cancelled", Overtaken())
                if waiting == "renew":
                    assert shop.status(old) == "cancelled"
                    return
            case _:
                shop.finish(shop.claimed(), how, NeedsPerson())
        assert shop.claimed().id == old.job

    def test_it_passes_nothing_of_another_service_and_nothing_that_has_begun(
        self, shop: Shop
    ) -> None:
        """Else two jobs of a mailbox would change their order; and nothing waits for ever."""
        sent = [hook(shop, "suspend"), hook(shop, "suspend", service="8"), hook(shop, "terminate")]
        for each in sent:
            job = shop.claimed()
            assert (job.id, shop.claim()) == (each.job, None)
            shop.finish(job)
        begun, waits, terminate = (
            hook(shop, "suspend"),
            hook(shop, "change_plan"),
            hook(shop, "terminate"),
        )
        job = shop.claimed()
        assert job.id == terminate.job
        shop.queue.wait(job, shop.now, "retry", None, True)
        with shop.database.write() as tx:
            tx.execute(sa.update(jobs).where(jobs.c.id == begun.job).values(touched=True))
        job = shop.claimed()
        assert (job.id, shop.claim()) == (begun.job, None)
        shop.finish(job)
        assert shop.claimed().id == terminate.job
        assert shop.status(waits) == "queued"

    def test_another_services_terminate_or_one_that_is_only_repeated_ends_nothing(
        self, shop: Shop
    ) -> None:
        failed = shop.run("terminate", status="failed")
        old = hook(shop, "suspend")
        hook(shop, "terminate", service="8")
        shop.operator.retry(failed.job)
        assert shop.claimed().id == old.job

    def test_what_began_before_a_terminate_goes_on(self, shop: Shop) -> None:
        old = hook(shop, "suspend")
        job = shop.claimed()
        hook(shop, "terminate")
        shop.intend(job, ChangeKind.SUSPEND)
        shop.queue.wait(job, shop.now, "settle", None, True)
        assert shop.claimed().id == old.job

    def test_two_terminates_are_done_one_after_the_other(self, shop: Shop) -> None:
        sent = [hook(shop, "terminate"), hook(shop, "terminate")]
        for each in sent:
            job = shop.claimed()
            assert job.id == each.job
            shop.finish(job)

    def test_several_newer_hooks_decide_together(self, shop: Shop) -> None:
        old = hook(shop, "unsuspend+")
        hook(shop, "suspend")
        assert shop.status(old) == "queued"
        hook(shop, "change_password")
        assert shop.status(old) == "cancelled"

    def test_another_services_hooks_overtake_nothing(self, shop: Shop) -> None:
        old = hook(shop, "suspend")
        hook(shop, "terminate", service="8")
        hook(shop, "terminate", source="till")
        assert shop.status(old) == "queued"

    def test_what_runs_is_not_overtaken(self, shop: Shop) -> None:
        old = hook(shop, "suspend")
        shop.claimed()
        hook(shop, "unsuspend")
        assert shop.status(old) == "running"

    def test_what_has_sent_a_command_is_not_overtaken(self, shop: Shop) -> None:
        old = hook(shop, "suspend")
        job = shop.claimed()
        shop.intend(job, ChangeKind.SUSPEND)
        shop.queue.wait(job, shop.now, "settle", None, True)
        hook(shop, "terminate")
        assert shop.status(old) == "queued"

    def test_what_was_only_tried_is_overtaken(self, shop: Shop) -> None:
        old = hook(shop, "suspend")
        shop.queue.wait(shop.claimed(), shop.now, "retry", None, True)
        hook(shop, "unsuspend")
        assert shop.status(old) == "cancelled"

    def test_an_overtaken_job_is_called_back_and_its_password_gone(self, shop: Shop) -> None:
        hook(shop, "change_password")
        hook(shop, "change_password")
        assert [(row["status"], row["sealed"] is None) for row in shop.rows(jobs)] == [
            ("cancelled", True),
            ("queued", False),
        ]
        claimed = shop.claim_callback()
        assert claimed is not None
        assert claimed.receipt.status == "cancelled"

    def test_a_job_overtaken_between_claim_and_write_does_not_exist(self, shop: Shop) -> None:
        job_of = hook(shop, "suspend")
        job = shop.claimed()
        shop.queue.release("worker")
        hook(shop, "unsuspend")
        assert shop.status(job_of) == "cancelled"
        with pytest.raises(LeaseLost):
            shop.finish(job)


class TestLateHooks:
    def test_a_hook_strictly_older_by_its_own_time_is_cancelled_at_once(self, shop: Shop) -> None:
        hook(shop, "unsuspend", at=NOON)
        late = hook(shop, "suspend", at=NOON - 0.001)
        assert (late.status, late.error and late.error["code"]) == ("cancelled", "overtaken")

    def test_also_when_the_newer_one_has_ended(self, shop: Shop) -> None:
        shop.run("unsuspend", at=NOON)
        assert hook(shop, "suspend", at=NOON - 1).status == "cancelled"

    def test_equal_times_go_by_arrival(self, shop: Shop) -> None:
        hook(shop, "unsuspend", at=NOON)
        assert hook(shop, "suspend", at=NOON).status == "queued"

    def test_another_service_is_not_late(self, shop: Shop) -> None:
        hook(shop, "unsuspend", at=NOON)
        assert hook(shop, "suspend", at=NOON - 9, service="8").status == "queued"

    def test_only_the_same_facts_count(self, shop: Shop) -> None:
        hook(shop, "suspend", at=NOON)
        assert hook(shop, "change_password", at=NOON - 9).status == "queued"
        assert hook(shop, "unsuspend+", at=NOON - 5).status == "queued", (
            "its password is newer than the last one"
        )

    def test_a_late_hook_is_called_back_and_keeps_no_password(self, shop: Shop) -> None:
        shop.run("change_password", at=NOON, password=PASSWORD)
        hook(shop, "change_password", at=NOON - 1)
        assert shop.rows(jobs)[-1]["sealed"] is None
        assert shop.delivered() == [1, 2]

    def test_a_late_hook_does_not_become_the_last_word(self, shop: Shop) -> None:
        hook(shop, "suspend", at=NOON)
        hook(shop, "suspend", at=NOON - 10)
        assert hook(shop, "suspend", at=NOON - 5).status == "cancelled"
