"""What may work at all: paused accounts and sources, probes, living workers, calls and ids of
queries."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.domain.errors import NotPossible, UnknownThing
from bridge.store.queue.account_state import ALIVE, PROBE_EVERY
from tests.store.conftest import Shop


class TestAccounts:
    def test_a_fault_pauses_and_a_probe_resumes(self, shop: Shop) -> None:
        shop.account_state.pause_account("main", "ip_not_allowed", "why")
        assert shop.account_state.account_paused("main") == "ip_not_allowed"
        assert shop.account_state.resume_account("main")
        assert shop.account_state.account_paused("main") is None
        assert not shop.account_state.resume_account("main")

    def test_what_stops_an_account_stands_beside_what_stopped_it_before(self, shop: Shop) -> None:
        shop.account_state.pause_account("main", "credentials", "Enom refuses the login.")
        shop.operator.pause_account("main", "The new login comes at noon.")
        stops = [
            ("person", "The new login comes at noon."),
            ("credentials", "Enom refuses the login."),
        ]
        assert [(each.code, each.detail) for each in shop.account_state.pauses("main")] == stops
        assert shop.account_state.resume_account("main"), "a probe ends the fault"
        assert [each.code for each in shop.account_state.pauses("main")] == ["person"]
        shop.hook("suspend")
        assert shop.claim() is None
        assert shop.operator.resume_account("main").left == ()
        assert shop.claim() is not None

    def test_a_fault_met_while_a_person_pauses_ends_with_the_persons_resume(
        self, shop: Shop
    ) -> None:
        shop.operator.pause_account("main", "")
        shop.account_state.pause_account("main", "credentials", "why")
        assert shop.account_state.account_paused("main") == "person"
        assert shop.alert_log.due_notes() == [], "who paused it asks after it"
        resumed = shop.operator.resume_account("main")
        assert (resumed.ended, resumed.left) == (("person", "credentials"), ())

    def test_what_waited_for_its_turn_does_so_again(self, shop: Shop) -> None:
        first, second = shop.hook("suspend"), shop.hook("change_plan", plan="large")
        shop.operator.pause_account("main", "")
        assert {shop.receipt(each).waiting_for for each in (first, second)} == {"account"}
        shop.operator.resume_account("main")
        assert [shop.receipt(each).waiting_for for each in (first, second)] == [None, "turn"]

    def test_a_probe_is_due_every_five_minutes_and_for_one_worker(self, shop: Shop) -> None:
        shop.account_state.pause_account("main", "credentials", "why")
        assert shop.account_state.due_probes() == []
        for _ in range(3):
            shop.now += PROBE_EVERY
            with ThreadPoolExecutor(4) as pool:
                asked = pool.map(lambda _: shop.account_state.due_probes(), range(4))
                assert [account for due in asked for account in due] == ["main"]

    def test_what_a_person_paused_is_not_probed(self, shop: Shop) -> None:
        shop.account_state.pause_account("main", "credentials", "why")
        shop.operator.pause_account("main", "")
        shop.now += 1e6
        assert shop.account_state.due_probes() == []

    def test_names_that_are_not_in_the_configuration_are_refused(self, shop: Shop) -> None:
        for act in (
            lambda: shop.operator.pause_account("none", ""),
            lambda: shop.operator.resume_account("none"),
            lambda: shop.operator.pause_source("none", True),
        ):
            with pytest.raises(UnknownThing):
                act()

    def test_a_restart_keeps_what_is_paused(self, shop: Shop) -> None:
        shop.operator.pause_account("main", "")
        shop.operator.pause_source("shop", True)
        shop.account_state.know(["main", "third"], ["shop", "kiosk"])
        assert shop.account_state.account_paused("main") == "person"
        assert [row["name"] for row in shop.account_state.account_states()] == [
            "main",
            "other",
            "third",
        ]


class TestWorkers:
    def test_alive_by_heartbeat_until_it_is_missed_or_taken_back(self, shop: Shop) -> None:
        assert not shop.account_state.worker_alive()
        shop.queue.extend("first", [])
        shop.now += ALIVE - 1
        assert shop.account_state.worker_alive()
        shop.now += 1
        assert not shop.account_state.worker_alive()
        shop.queue.extend("first", [])
        shop.queue.release("first")
        assert not shop.account_state.worker_alive()


class TestQueries:
    def test_an_id_opens_once_until_it_is_forgotten(self, shop: Shop) -> None:
        assert shop.account_state.first_use("shop", "msg_1", keep=600)
        assert not shop.account_state.first_use("shop", "msg_1", keep=600)
        assert shop.account_state.first_use("till", "msg_1", keep=600)
        shop.now += 601
        assert shop.account_state.first_use("shop", "msg_1", keep=600)

    def test_calls_share_the_limit_with_jobs(self, shop: Shop) -> None:
        shop.hook("suspend")
        shop.claimed()
        with (
            pytest.raises(NotPossible),
            shop.account_state.call_slot("main", most=1, seconds=30),
        ):
            raise AssertionError("one call is under way already")
        with shop.account_state.call_slot("main", most=2, seconds=30):
            pass

    def test_a_slot_of_a_process_that_died_is_free_again_after_its_time(self, shop: Shop) -> None:
        lost = shop.account_state.call_slot("main", most=1, seconds=30)
        lost.__enter__()
        shop.now += 31
        with shop.account_state.call_slot("main", most=1, seconds=30):
            pass
        lost.__exit__(None, None, None)
