"""Callbacks out: in order of sequence for each mailbox, none lost, none sent that a newer one makes needless."""

import pytest

from bridge.store.outbox import CALLBACK_LEASE
from bridge.store.tables import callbacks
from tests.store.conftest import Shop

PASSWORD = "Planted-Secret.7"


def failed_once(shop: Shop, retry_in: float = 5.0) -> int:
    """The sequence of the callback that was tried and is to be tried again."""
    card = shop.postcard()
    assert card is not None
    shop.outbox.callback_done(card, "pending", 500, "HTTP 500", retry_in)
    return card.receipt.sequence


class TestClaiming:
    def test_a_callback_goes_out_once(self, shop: Shop) -> None:
        shop.run("suspend")
        assert shop.delivered() == [1]
        assert shop.postcard() is None

    def test_it_tells_the_job_as_it_ended(self, shop: Shop) -> None:
        receipt = shop.run("suspend", status="held")
        card = shop.postcard()
        assert card is not None
        assert (card.id, card.source, card.job, card.tries) == (f"cb_{receipt.job}_1", "shop", receipt.job, 1)
        assert (card.receipt.status, card.receipt.finished_at) == ("held", "2027-01-15T12:00:00Z")

    def test_a_sender_that_was_lost_is_followed_after_its_lease(self, shop: Shop) -> None:
        shop.run("suspend")
        first = shop.postcard()
        shop.now += CALLBACK_LEASE - 1
        assert shop.postcard() is None
        shop.now += 1
        second = shop.postcard()
        assert first is not None and second is not None
        assert (second.id, second.token) == (first.id, first.token + 1)

    def test_what_a_late_sender_reports_no_longer_counts(self, shop: Shop) -> None:
        shop.run("suspend")
        first = shop.postcard()
        shop.now += CALLBACK_LEASE
        second = shop.postcard()
        assert first is not None and second is not None
        shop.outbox.callback_done(first, "exhausted", 500, None, None)
        assert shop.rows(callbacks)[0]["status"] == "pending"
        shop.outbox.callback_done(second, "delivered", 200, None, None)
        assert shop.rows(callbacks)[0]["status"] == "delivered"

    @pytest.mark.parametrize("outcome", ["delivered", "stopped", "exhausted"])
    def test_an_end_is_an_end(self, shop: Shop, outcome: str) -> None:
        shop.run("suspend")
        card = shop.postcard()
        assert card is not None
        shop.outbox.callback_done(card, outcome, 200, None, None)
        shop.now += 1e6
        assert shop.postcard() is None


class TestOrder:
    def test_of_one_mailbox_by_sequence_one_at_a_time(self, shop: Shop) -> None:
        shop.run("change_password", password=PASSWORD)
        shop.run("suspend")
        first = shop.postcard()
        assert first is not None
        assert (first.receipt.sequence, shop.postcard()) == (1, None)
        shop.outbox.callback_done(first, "delivered", 200, None, None)
        assert shop.delivered() == [2]

    def test_mailboxes_do_not_wait_for_each_other(self, shop: Shop) -> None:
        shop.run("suspend", "a@example.com")
        shop.run("suspend", "b@example.com")
        assert shop.postcard() is not None
        assert shop.postcard() is not None

    def test_a_failing_one_holds_back_newer_ones_until_its_second_try_is_over(self, shop: Shop) -> None:
        shop.run("change_password", password=PASSWORD)
        shop.run("suspend")
        assert failed_once(shop, 5) == 1
        assert shop.postcard() is None
        shop.now += 5
        second_try = shop.postcard()
        assert second_try is not None
        assert (second_try.receipt.sequence, second_try.tries) == (1, 2)
        assert shop.postcard() is None, "while the second try is under way"
        shop.outbox.callback_done(second_try, "pending", 500, None, 300)
        assert shop.delivered() == [2]
        shop.now += 300
        assert shop.delivered() == [1]

    def test_a_sender_that_was_lost_is_no_try(self, shop: Shop) -> None:
        shop.run("change_password", password=PASSWORD)
        shop.run("suspend")
        for _ in range(5):
            assert shop.postcard() is not None
            shop.now += CALLBACK_LEASE
        card = shop.postcard()
        assert card is not None
        assert (card.receipt.sequence, card.tries) == (1, 1)

    def test_what_ends_before_an_earlier_job_is_told_after_it(self, shop: Shop) -> None:
        shop.hook("create", password=PASSWORD)
        running = shop.claimed()
        shop.hook("suspend")
        shop.hook("unsuspend")  # overtakes the suspend, which is over before the create
        assert shop.postcard() is None
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
        again = shop.people.retry(first.job)
        shop.finish(shop.claimed())
        assert sorted(row["id"] for row in shop.rows(callbacks)) == sorted([f"cb_{first.job}_1", f"cb_{again.job}_1"])
