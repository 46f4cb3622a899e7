"""Callbacks out: in order of sequence for each mailbox, none lost, none sent that a newer one
makes needless."""

import pytest

from bridge.domain.ports import ClaimedCallback
from bridge.store.base.tables import callbacks, sources
from bridge.store.queue.outbox import CALLBACK_LEASE
from tests.store.conftest import NOON, Shop

PASSWORD = "Planted-Secret.7"


def failed_once(shop: Shop, retry_in: float = 5.0) -> int:
    """The sequence of the callback that was tried and is to be tried again."""
    claimed = shop.claim_callback()
    assert claimed is not None
    shop.outbox.callback_done(claimed, "pending", 500, "HTTP 500", retry_in)
    return claimed.receipt.sequence


class TestClaiming:
    def test_a_callback_goes_out_once(self, shop: Shop) -> None:
        shop.run("suspend")
        assert shop.delivered() == [1]
        assert shop.claim_callback() is None

    def test_it_tells_the_job_as_it_ended(self, shop: Shop) -> None:
        receipt = shop.run("suspend", status="held")
        claimed = shop.claim_callback()
        assert claimed is not None
        assert (claimed.id, claimed.source, claimed.job, claimed.tries) == (
            f"cb_{receipt.job}_1",
            "shop",
            receipt.job,
            1,
        )
        assert (claimed.receipt.status, claimed.receipt.finished_at) == ("held", NOON)

    def test_a_sender_that_was_lost_is_followed_after_its_lease(self, shop: Shop) -> None:
        shop.run("suspend")
        first = shop.claim_callback()
        shop.now += CALLBACK_LEASE - 1
        assert shop.claim_callback() is None
        shop.now += 1
        second = shop.claim_callback()
        assert first is not None and second is not None
        assert (second.id, second.token) == (first.id, first.token + 1)

    def test_what_a_late_sender_reports_no_longer_counts(self, shop: Shop) -> None:
        shop.run("suspend")
        first = shop.claim_callback()
        shop.now += CALLBACK_LEASE
        second = shop.claim_callback()
        assert first is not None and second is not None
        shop.outbox.callback_done(first, "exhausted", 500, None, None)
        assert shop.rows(callbacks)[0]["status"] == "pending"
        shop.outbox.callback_done(second, "delivered", 200, None, None)
        assert shop.rows(callbacks)[0]["status"] == "delivered"

    @pytest.mark.parametrize("outcome", ["delivered", "stopped", "exhausted"])
    def test_an_end_is_an_end(self, shop: Shop, outcome: str) -> None:
        shop.run("suspend")
        claimed = shop.claim_callback()
        assert claimed is not None
        shop.outbox.callback_done(claimed, outcome, 200, None, None)
        shop.now += 1e6
        assert shop.claim_callback() is None


class TestOrder:
    def test_of_one_mailbox_by_sequence_one_at_a_time(self, shop: Shop) -> None:
        shop.run("change_password", password=PASSWORD)
        shop.run("suspend")
        first = shop.claim_callback()
        assert first is not None
        assert (first.receipt.sequence, shop.claim_callback()) == (1, None)
        shop.outbox.callback_done(first, "delivered", 200, None, None)
        assert shop.delivered() == [2]

    def test_mailboxes_do_not_wait_for_each_other(self, shop: Shop) -> None:
        shop.run("suspend", "a@example.com")
        shop.run("suspend", "b@example.com")
        assert shop.claim_callback() is not None
        assert shop.claim_callback() is not None

    def test_a_failing_one_holds_back_newer_ones_until_its_second_try_is_over(
        self, shop: Shop
    ) -> None:
        shop.run("change_password", password=PASSWORD)
        shop.run("suspend")
        assert failed_once(shop, 5) == 1
        assert shop.claim_callback() is None
        shop.now += 5
        second_try = shop.claim_callback()
        assert second_try is not None
        assert (second_try.receipt.sequence, second_try.tries) == (1, 2)
        assert shop.claim_callback() is None, "while the second try is under way"
        shop.outbox.callback_done(second_try, "pending", 500, None, 300)
        assert shop.delivered() == [2]
        shop.now += 300
        assert shop.delivered() == [1]

    def test_a_sender_that_was_lost_is_no_try(self, shop: Shop) -> None:
        shop.run("change_password", password=PASSWORD)
        shop.run("suspend")
        for _ in range(5):
            assert shop.claim_callback() is not None
            shop.now += CALLBACK_LEASE
        claimed = shop.claim_callback()
        assert claimed is not None
        assert (claimed.receipt.sequence, claimed.tries) == (1, 1)

    def test_what_ends_before_an_earlier_job_is_told_after_it(self, shop: Shop) -> None:
        shop.hook("create", password=PASSWORD)
        running = shop.claimed()
        shop.hook("suspend")
        shop.hook("unsuspend")  # overtakes the suspend, which is over before the create
        assert shop.claim_callback() is None
        shop.finish(running)
        assert shop.delivered() == [1, 2]


class TestSuperseding:
    def two_failures(self, shop: Shop) -> None:
        assert failed_once(shop, 5) == 1
        shop.now += 5
        assert failed_once(shop, 1000) == 1

    def test_a_newer_one_of_the_same_facts_drops_an_undelivered_one(self, shop: Shop) -> None:
        shop.run("suspend")
        shop.run("unsuspend")
        self.two_failures(shop)
        assert shop.delivered() == [2]
        shop.now += 1000
        assert shop.delivered() == []
        assert [row["status"] for row in shop.rows(callbacks)] == ["superseded", "delivered"]

    def test_other_facts_or_another_service_drop_nothing(self, shop: Shop) -> None:
        shop.run("suspend")
        shop.run("change_password", password=PASSWORD)
        shop.run("unsuspend", service="8")
        self.two_failures(shop)
        assert shop.delivered() == [2, 3]
        shop.now += 1000
        assert shop.delivered() == [1]


class TestConclusions:
    def test_the_number_counts_the_conclusions_of_one_job(self, shop: Shop) -> None:
        first = shop.run("suspend", status="failed")
        again = shop.operator.retry(first.job)
        shop.finish(shop.claimed())
        assert sorted(row["id"] for row in shop.rows(callbacks)) == sorted(
            [f"cb_{first.job}_1", f"cb_{again.job}_1"]
        )


class TestSilence:
    """A receiver that does not answer: one callback asks, the others wait, and no try is
    counted."""

    def many(self, shop: Shop, count: int = 5, source: str = "shop") -> None:
        for nth in range(count):
            shop.run("suspend", f"{source}{nth}@example.com", source=source)

    def unanswered(
        self, shop: Shop, claimed: ClaimedCallback | None = None, silent_for: float = 5.0
    ) -> ClaimedCallback:
        claimed = claimed or shop.claim_callback()
        assert claimed is not None
        shop.outbox.callback_done(claimed, "pending", None, "refused", 5.0, silent_for)
        return claimed

    def test_while_it_is_left_alone_nothing_goes_to_it(self, shop: Shop) -> None:
        self.many(shop)
        self.unanswered(shop)
        assert shop.claim_callback() is None
        shop.now += 4
        assert shop.claim_callback() is None

    def test_then_one_callback_asks_and_only_one(self, shop: Shop) -> None:
        self.many(shop)
        first = self.unanswered(shop)
        shop.now += 5
        second = shop.claim_callback()
        assert second is not None and second.id != first.id and second.unanswered == 1
        assert shop.claim_callback() is None
        self.unanswered(shop, second, 10.0)
        shop.now += 9
        assert shop.claim_callback() is None
        shop.now += 1
        third = shop.claim_callback()
        assert third is not None and third.unanswered == 2 and third.id not in (first.id, second.id)

    def test_nothing_that_is_put_off_counts_a_try(self, shop: Shop) -> None:
        self.many(shop)
        for _ in range(20):
            self.unanswered(shop)
            shop.now += 5
        assert sorted(row["tries"] for row in shop.rows(callbacks)) == [0, 0, 0, 0, 1], (
            "the one that found out"
        )

    def test_as_soon_as_one_is_answered_all_go_in_the_order_of_each_mailbox(
        self, shop: Shop
    ) -> None:
        self.many(shop, 3)
        shop.run("unsuspend", "shop0@example.com", service="8")
        for _ in range(9):
            self.unanswered(shop)
            shop.now += 5
        result = []
        while claimed := shop.claim_callback():
            result.append((claimed.receipt.address, claimed.receipt.sequence))
            shop.outbox.callback_done(claimed, "delivered", 200, None, None)
        assert sorted(result) == [
            (f"shop{nth}@example.com", sequence)
            for nth, sequence in ((0, 1), (0, 2), (1, 1), (2, 1))
        ]
        assert result.index(("shop0@example.com", 1)) < result.index(("shop0@example.com", 2))

    def test_an_answer_of_any_kind_is_one(self, shop: Shop) -> None:
        self.many(shop)
        self.unanswered(shop)
        shop.now += 5
        claimed = shop.claim_callback()
        assert claimed is not None
        shop.outbox.callback_done(claimed, "pending", 500, "HTTP 500", 5.0)
        assert shop.claim_callback() is not None and shop.claim_callback() is not None

    def test_a_sender_that_was_lost_while_it_asked_is_followed_after_its_lease(
        self, shop: Shop
    ) -> None:
        self.many(shop)
        self.unanswered(shop)
        shop.now += 5
        assert shop.claim_callback() is not None
        shop.now += CALLBACK_LEASE - 1
        assert shop.claim_callback() is None
        shop.now += 1
        assert shop.claim_callback() is not None
        assert shop.claim_callback() is None

    def test_two_that_go_unanswered_at_once_are_one_silence(self, shop: Shop) -> None:
        self.many(shop)
        cards = [shop.claim_callback() for _ in range(3)]
        for claimed in cards:
            self.unanswered(shop, claimed)
        assert [row["receiver_tries"] for row in shop.rows(sources) if row["name"] == "shop"] == [1]

    def test_an_answer_that_came_meanwhile_is_not_forgotten(self, shop: Shop) -> None:
        self.many(shop)
        early = shop.claim_callback()
        self.unanswered(shop)
        assert early is not None
        shop.outbox.callback_done(early, "delivered", 200, None, None)
        assert shop.claim_callback() is not None and shop.claim_callback() is not None

    def test_another_source_goes_on(self, shop: Shop) -> None:
        self.many(shop)
        self.unanswered(shop)
        self.many(shop, 2, source="till")
        assert len(shop.delivered()) == 2

    def test_a_source_that_has_no_turn_is_passed_over(self, shop: Shop) -> None:
        self.many(shop)
        self.many(shop, 1, source="till")
        claimed = shop.outbox.claim_callback("sender", lambda due: [name for name in reversed(due)])
        assert claimed is not None and claimed.source == "till"
        assert (
            shop.outbox.claim_callback(
                "sender", lambda due: [name for name in due if name != "shop"]
            )
            is None
        )

    def test_what_was_put_off_for_too_long_is_given_up_at_once(self, shop: Shop) -> None:
        self.many(shop, 3)
        shop.now += 100
        self.many(shop, 1, source="till")
        late = shop.run("suspend", "late@example.com")
        self.unanswered(shop)
        shop.now += 5
        asking = shop.claim_callback()
        assert shop.outbox.give_up("shop", 50.0) == 2, (
            "neither what is under way, nor what is young"
        )
        self.unanswered(shop, asking)
        assert shop.outbox.give_up("shop", 50.0) == 1
        left = {
            row["job_id"]
            for row in shop.rows(callbacks)
            if row["status"] == "pending" and row["source"] == "shop"
        }
        assert left == {late.job}

    def test_what_a_person_sends_again_is_young_and_asks_at_once(self, shop: Shop) -> None:
        self.many(shop, 1)
        shop.now += 1000
        claimed = self.unanswered(shop, silent_for=300.0)
        shop.operator.resend(claimed.id)
        again = shop.claim_callback()
        assert again is not None and (again.tries, again.waited) == (1, 0.0)
        self.unanswered(shop, again)
        assert shop.outbox.give_up("shop", 50.0) == 0

    def test_a_list_says_what_each_waits_for(self, shop: Shop) -> None:
        self.many(shop, 2)
        shop.run("unsuspend", "shop0@example.com", service="8")
        self.many(shop, 1, source="till")

        def waits() -> list[str]:
            rows, _ = shop.lookup.page("callbacks", None)
            return sorted(f"{row['address']} {row['waiting_for']}" for row in rows)

        result = [
            "shop0@example.com None",
            "shop0@example.com turn",
            "shop1@example.com None",
            "till0@example.com None",
        ]
        assert waits() == result
        self.unanswered(shop)
        result = [
            "shop0@example.com receiver",
            "shop0@example.com receiver",
            "shop1@example.com receiver",
        ]
        assert waits() == [*result, "till0@example.com None"]
        shop.now += 5
        claimed = shop.claim_callback()
        assert claimed is not None
        shop.outbox.callback_done(claimed, "pending", 500, "HTTP 500", 60.0)
        assert any(line.endswith(" retry") for line in waits())


class TestTurns:
    def test_news_of_an_order_do_not_wait_behind_those_of_a_month_end(self, shop: Shop) -> None:
        for number in range(20):
            shop.run("suspend", f"a@d{number}.test")
        first = [shop.claim_callback() for _ in range(3)]
        paid = shop.run("unsuspend", "a@zz.test")
        then = [shop.claim_callback() for _ in range(2)]
        assert all(each is not None for each in first)
        assert paid.job in [each.job for each in then if each is not None]

    def test_each_is_claimed_once_and_in_the_order_of_its_mailbox(self, shop: Shop) -> None:
        jobs = [
            shop.run(action, f"a@d{number}.test").job
            for number in range(3)
            for action in ("create", "suspend", "unsuspend", "change_password")
        ]
        claimed = []
        while (each := shop.claim_callback()) is not None:
            claimed.append((each.job, each.receipt.address, each.receipt.sequence))
            shop.outbox.callback_done(each, "delivered", 200, None, None)
        assert {job for job, *_ in claimed} <= set(jobs)
        for number in range(3):
            mine = [sequence for _, box, sequence in claimed if box == f"a@d{number}.test"]
            assert mine == sorted(mine) and 4 in mine
