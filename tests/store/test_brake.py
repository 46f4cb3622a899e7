"""The brake for suspensions: a wrong setting in billing suspends a share of the mailboxes, and
no more."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.ports import Receipt, SourcePaused, SuspensionsPaused
from bridge.store import Brake, Inbox
from bridge.store.base.tables import jobs, mailboxes, notes, sources
from bridge.store.queue.brake import FLOOR, UNCOUNTED_PART
from tests.store.conftest import Shop


def braked(shop: Shop, share: float = 0.5) -> Shop:
    shop.inbox = Inbox(shop.database, shop.new_id, brake=Brake(share, lambda now: ""))
    return shop


def have(shop: Shop, count: int, source: str = "shop", state: str = "active") -> None:
    """So many recorded mailboxes of the source."""
    known = len(shop.rows(mailboxes))
    rows = [
        {
            "account": "main",
            "domain": "example.net",
            "address": f"box{known + nth}@example.net",
            "source": source,
            "service_id": str(known + nth),
            "state": state,
        }
        for nth in range(count)
    ]
    with shop.database.write() as tx:
        tx.execute(sa.insert(mailboxes), rows)


def suspend(shop: Shop, nth: int, **more: Any) -> Receipt:
    return shop.hook("suspend", f"box{nth}@example.net", service=str(nth), **more)


def terminate(shop: Shop, nth: int) -> Receipt:
    return shop.hook("terminate", f"box{nth}@example.net", service=str(nth))


def suspended(shop: Shop, most: int, begin: int = 0, **more: Any) -> int:
    """How many of so many suspensions were accepted."""
    for nth in range(begin, begin + most):
        try:
            suspend(shop, nth, **more)
        except SuspensionsPaused:
            return nth - begin
    return most


def state(shop: Shop, name: str = "shop") -> dict[str, Any]:
    return shop.account_state.source_state(name)


class TestBraking:
    def test_above_its_share_of_the_mailboxes_no_more_are_accepted(self, shop: Shop) -> None:
        have(braked(shop), 200)
        assert suspended(shop, 200) == 100
        assert state(shop)["suspensions_paused"] == (
            "100 suspensions within an hour, of 200 mailboxes (safety.max_suspended_share = 0.5)"
        )
        assert len(shop.rows(jobs)) == 100, "what is refused leaves nothing"

    def test_a_share_of_few_is_never_below_the_floor(self, shop: Shop) -> None:
        have(braked(shop), 60)
        assert suspended(shop, 60) == FLOOR

    def test_what_is_gone_is_no_mailbox_and_another_sources_are_no_ours(self, shop: Shop) -> None:
        have(braked(shop), 120)
        have(shop, 400, state="absent")
        have(shop, 400, source="till")
        assert suspended(shop, 120) == 60

    def test_without_a_share_there_is_no_brake(self, shop: Shop) -> None:
        have(braked(shop, 0), 60)
        assert suspended(shop, 60) == 60

    def test_a_month_end_that_is_allowed_passes_whole(self, shop: Shop) -> None:
        have(braked(shop, 0.8), 400)
        assert suspended(shop, 300) == 300

    def test_an_hour_later_they_count_no_more(self, shop: Shop) -> None:
        have(braked(shop), 200)
        assert suspended(shop, 100) == 100
        shop.now += 3601
        assert suspended(shop, 100, 100) == 100

    def test_one_that_was_overtaken_suspends_nobody_and_does_not_count(self, shop: Shop) -> None:
        have(braked(shop), 60)
        for nth in range(FLOOR):
            suspend(shop, nth)
            shop.hook("unsuspend", f"box{nth}@example.net", service=str(nth))
        assert suspended(shop, 1, FLOOR) == 1

    def test_another_source_goes_on(self, shop: Shop) -> None:
        have(braked(shop), 60)
        suspended(shop, 60)
        assert suspended(shop, 3, source="till") == 3


class TestGrace:
    """With a grace a terminate suspends at once, and the limit of deletions is asked days later."""

    @pytest.fixture
    def graceful(self, shop: Shop) -> Shop:
        shop.inbox = Inbox(shop.database, shop.new_id, brake=Brake(0.5, lambda now: "", grace=True))
        have(shop, 120)
        return shop

    def test_terminates_count_with_the_suspensions(self, graceful: Shop) -> None:
        assert suspended(graceful, 40) == 40
        for nth in range(40, 60):
            terminate(graceful, nth)
        with pytest.raises(SuspensionsPaused):
            terminate(graceful, 60)
        with pytest.raises(SuspensionsPaused):
            suspend(graceful, 61)
        graceful.hook("unsuspend", "box3@example.net", service="3")

    def test_the_deletions_at_its_end_are_none_of_them(self, graceful: Shop) -> None:
        change = sa.update(mailboxes).where(
            mailboxes.c.service_id.in_([str(nth) for nth in range(50)])
        )
        with graceful.database.write() as tx:
            tx.execute(change.values(delete_after=graceful.now - 1))
        assert graceful.retention.purge_due() == 50
        assert suspended(graceful, 120) == 60

    def test_without_a_grace_they_have_a_limit_of_their_own(self, shop: Shop) -> None:
        have(braked(shop), 60)
        for nth in range(60):
            terminate(shop, nth)


class TestWhileStopped:
    @pytest.fixture
    def stopped(self, shop: Shop) -> Shop:
        have(braked(shop), 120)
        assert suspended(shop, 120) == 60
        return shop

    def test_a_customer_who_pays_meanwhile_gets_the_mailbox_back(self, stopped: Shop) -> None:
        stopped.hook("unsuspend", "box3@example.net", service="3")
        stopped.hook("create", "new@example.net", service="900", password="Planted-Secret.7")
        with pytest.raises(SuspensionsPaused):
            suspend(stopped, 70)

    def test_a_repeat_of_what_was_accepted_gets_its_receipt(self, shop: Shop) -> None:
        have(braked(shop), 60)
        first = suspend(shop, 0, id="msg_first")
        assert suspended(shop, 59, 1) == FLOOR - 1
        assert suspend(shop, 0, id="msg_first").job == first.job

    def test_one_note_says_what_to_do(self, stopped: Shop) -> None:
        for nth in range(60, 70):
            with pytest.raises(SuspensionsPaused):
                suspend(stopped, nth)
        (note,) = stopped.rows(notes)
        assert note["subject"] == "suspensions:shop" and not note["cleared"]
        for words in (
            "60 suspensions within an hour, of 120",
            "enom-bridge resume source shop",
            "pause account main",
        ):
            assert words in note["text"]

    def test_a_person_lets_it_go_on_and_it_is_counted_anew(self, stopped: Shop) -> None:
        stopped.now += 10
        stopped.operator.pause_source("shop", False)
        assert (state(stopped)["suspensions_paused"], state(stopped)["suspensions_from"]) == (
            None,
            stopped.now,
        )
        stopped.now += 1
        assert suspended(stopped, 60, 60) == 60
        with pytest.raises(SuspensionsPaused):
            suspend(stopped, 3)
        assert [note["cleared"] for note in stopped.rows(notes)] == [False, True, False]

    def test_what_a_person_paused_and_what_the_brake_stopped_are_two_things(
        self, stopped: Shop
    ) -> None:
        stopped.operator.pause_source("shop", True, "moving house")
        assert state(stopped)["detail"] == "moving house" and state(stopped)["suspensions_paused"]
        with pytest.raises(SourcePaused):
            stopped.hook("unsuspend", "box3@example.net", service="3")
        stopped.operator.pause_source("shop", False)
        assert state(stopped)["detail"] is None and state(stopped)["suspensions_paused"]
        stopped.hook("unsuspend", "box3@example.net", service="3")
        with pytest.raises(SuspensionsPaused):
            suspend(stopped, 70)
        stopped.operator.pause_source("shop", False)
        stopped.now += 1
        suspend(stopped, 70)


def test_several_that_come_at_once_in_several_processes_pass_the_share_by_little(
    shop: Shop,
) -> None:
    have(shop, 200)
    processes = [
        Inbox(shop.database, shop.new_id, brake=Brake(0.5, lambda now: "")) for _ in range(3)
    ]

    def send(begin: int) -> int:
        accepted = 0
        for nth in range(begin, 200, 3):
            mine = Shop.__new__(Shop)
            mine.__dict__.update(shop.__dict__ | {"inbox": processes[begin]})
            try:
                suspend(mine, nth, id=f"msg_{nth}")
                accepted += 1
            except SuspensionsPaused:
                pass
        return accepted

    with ThreadPoolExecutor(3) as pool:
        accepted = sum(pool.map(send, range(3)))
    assert (
        100 <= accepted <= 103 + 100 // UNCOUNTED_PART
    )  # one may stall with what it was given, while the others go on
    assert [row["suspensions_paused"] is not None for row in shop.rows(sources)] == [True, False]
    assert len(shop.rows(notes)) == 1


def test_what_a_clock_that_was_ahead_has_noted_counts_only_in_its_own_hour(shop: Shop) -> None:
    have(braked(shop), FLOOR)
    shop.now += 30 * 86400
    assert suspended(shop, FLOOR) == FLOOR
    shop.now -= 30 * 86400
    braked(shop)  # a new process counts anew
    assert suspended(shop, FLOOR, FLOOR) == FLOOR
