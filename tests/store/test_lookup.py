"""Reads: receipts and results of one's own, pages that miss nothing, and nothing secret for
people."""

import threading

import pytest
import sqlalchemy as sa

from bridge.domain.errors import UnknownThing
from bridge.domain.model import Address, Record, State
from bridge.store.admin.lookup import VISIBLE_AFTER
from tests.store.conftest import Shop

PASSWORD = "Planted-Secret.7"


class TestReceipts:
    def test_by_job_and_by_hook(self, shop: Shop) -> None:
        receipt = shop.hook("suspend", id="msg_1")
        assert (
            shop.lookup.receipt("shop", "msg_1")
            == shop.lookup.receipt("shop", receipt.job)
            == receipt
        )

    def test_another_sources_are_not_there(self, shop: Shop) -> None:
        receipt = shop.hook("suspend", id="msg_1")
        for id in (receipt.job, "msg_1", "none"):
            with pytest.raises(UnknownThing):
                shop.lookup.receipt("till", id)

    def test_after_a_retry_a_hooks_receipt_is_the_newest(self, shop: Shop) -> None:
        old = shop.run("suspend", id="msg_1", status="failed")
        new = shop.operator.retry(old.job)
        assert shop.lookup.receipt("shop", "msg_1").job == new.job

    def test_waiting_for_the_end_returns_with_it(self, shop: Shop) -> None:
        receipt = shop.hook("suspend")
        job = shop.claimed()
        found = []
        waiter = threading.Thread(
            target=lambda: found.append(
                shop.lookup.wait_ended("shop", receipt.job, 10.0, lambda: 0.0).status
            )
        )
        waiter.start()
        shop.finish(job)
        waiter.join(60)
        assert found == ["succeeded"]

    def test_waiting_ends_at_the_deadline(self, shop: Shop) -> None:
        receipt = shop.hook("suspend")
        assert shop.lookup.wait_ended("shop", receipt.job, 10.0, lambda: 10.0).status == "queued"


class TestResults:
    def drained(self, shop: Shop, after: str = "", limit: int = 3) -> tuple[list[int], str]:
        found = []
        while True:
            page, next_after = shop.lookup.results("shop", after, limit)
            found += [receipt.sequence for receipt in page]
            if next_after is None:
                return found, after
            after = next_after

    def test_pages_give_each_once_in_the_order_of_their_ends(self, shop: Shop) -> None:
        for number in range(8):
            shop.run("suspend", service=str(number))  # several at one and the same time
            shop.now += number % 2
        shop.run("suspend", source="till")
        shop.hook("suspend")
        shop.now += VISIBLE_AFTER
        found, after = self.drained(shop)
        assert sorted(found) == list(range(1, 9))
        assert self.drained(shop, after)[0] == []

    def test_what_ends_later_comes_after_what_was_read(self, shop: Shop) -> None:
        shop.run("suspend", "a@example.com")
        shop.now += VISIBLE_AFTER
        _, after = self.drained(shop)
        shop.run("suspend", "b@example.com")
        shop.now += VISIBLE_AFTER
        (page, _) = shop.lookup.results("shop", after, 10)
        assert [receipt.address for receipt in page] == ["b@example.com"]

    def test_one_that_commits_late_is_not_missed(self, shop: Shop) -> None:
        """On PostgreSQL a row's time is taken before others can see it: nothing so fresh is
        shown yet."""
        shop.run("suspend")
        page, _ = shop.lookup.results("shop", "", 10)
        assert len(page) == (1 if shop.database.embedded else 0)
        shop.now += VISIBLE_AFTER
        page, _ = shop.lookup.results("shop", "", 10)
        assert len(page) == 1


class TestMailboxes:
    def test_ones_own_by_address_in_pages(self, shop: Shop) -> None:
        for name in ("c", "a", "b"):
            shop.hook("create", f"{name}@example.com", password=PASSWORD)
            shop.finish(shop.claimed(), record=Record("shop", "7", State.ACTIVE))
        shop.hook("create", "d@example.com", source="till", password=PASSWORD)
        shop.finish(shop.claimed(), record=Record("till", "7", State.ACTIVE))
        first, after = shop.lookup.mailboxes("shop", "", 2)
        assert ([item["address"] for item in first], after) == (
            ["a@example.com", "b@example.com"],
            "b@example.com",
        )
        second, after = shop.lookup.mailboxes("shop", after or "", 2)
        assert ([item["address"] for item in second], after) == (["c@example.com"], None)

    def test_created_is_the_end_of_the_present_owners_first_creation(self, shop: Shop) -> None:
        def create(address: str, service: str, owner: Record | None = None, **more: str) -> None:
            shop.now += 100
            shop.hook("create", address, service=service, password=PASSWORD)
            shop.finish(
                shop.claimed(), record=owner or Record("shop", service, State.ACTIVE), **more
            )

        create("a@example.com", "1")
        first = shop.now
        create("a@example.com", "1")
        create("b@example.com", "2")
        create("b@example.com", "3", status="failed")
        create("c@example.com", "4", owner=Record("shop", "5", State.ACTIVE))
        items, _ = shop.lookup.mailboxes("shop", "", 10)
        created = {item["address"]: item["created_at"] for item in items}
        assert created == {"a@example.com": first, "b@example.com": None, "c@example.com": None}

    def test_a_page_costs_one_statement_however_long_it_is(self, shop: Shop) -> None:
        for number in range(6):
            shop.run("create", f"box{number}@example.com", password=PASSWORD)
            shop.operator.adopt("main", Address.parse(f"box{number}@example.com"), "shop", "7")
        sent: list[str] = []
        sa.event.listen(
            shop.database.engine, "before_cursor_execute", lambda *given: sent.append(given[2])
        )
        assert len(shop.lookup.mailboxes("shop", "", 10)[0]) == 6
        assert len([statement for statement in sent if statement.startswith("SELECT")]) == 1


class TestRecords:
    def test_of_an_account_or_of_some_domains_of_it(self, shop: Shop) -> None:
        for address in ("a@example.com", "b@example.com", "c@example.net", "d@example.org"):
            shop.operator.adopt("main", Address.parse(address), "shop", address)
        shop.operator.adopt("other", Address.parse("e@example.com"), "shop", "e")
        assert sorted(shop.lookup.domains("main")) == ["example.com", "example.net", "example.org"]
        assert len(shop.lookup.records("main")) == 4
        some = shop.lookup.records("main", ["example.com", "example.org"])
        assert sorted(some) == ["a@example.com", "b@example.com", "d@example.org"]
        assert shop.lookup.records("main", []) == {} == shop.lookup.records("none")


class TestForPeople:
    @pytest.mark.parametrize("what", ["jobs", "hooks", "mailboxes", "callbacks"])
    def test_lists_page_without_gaps_and_show_no_secret(self, shop: Shop, what: str) -> None:
        for number in range(5):
            shop.run("create", f"box{number}@example.com", password=PASSWORD, status="failed")
        found, after = [], None
        while True:
            page, after = shop.lookup.page(what, 2, after)
            found += page
            if after is None:
                break
        assert len(found) == 5
        everything, _ = shop.lookup.page(what, None)
        assert list(found) == list(everything)
        assert PASSWORD not in repr(everything)

    def test_a_story_holds_everything_and_no_secret(self, shop: Shop) -> None:
        receipt = shop.hook("create", password=PASSWORD)
        job = shop.claimed()
        shop.answer(job, shop.intend(job))
        behind = shop.hook("suspend")
        story = shop.lookup.story(receipt.job)
        assert [step["outcome"] for step in story["commands"]] == ["accepted"]
        assert story["job"]["password_kept"] is True
        assert PASSWORD not in repr(story)
        assert shop.lookup.story(behind.job)["behind"] == [receipt.job]
