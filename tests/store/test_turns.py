"""Which jobs run side by side in one domain, and whose turn it is: the rules of
docs/side-by-side.md."""

from collections import Counter
from itertools import count, product
from pathlib import Path

import pytest

from bridge.backends.enom.products import Paks
from bridge.backends.hosted_email.products import ByTheMonth
from bridge.domain.actions import ACTIONS
from bridge.domain.ports import AccountLimits, Job
from tests.store.conftest import LEASE, Shop

NAMES = [action.removeprefix("mailbox.") for action in ACTIONS]
PRODUCTS = {"enom": Paks(), "hosted-email": ByTheMonth()}
PAGE = Path(__file__).parents[2] / "docs" / "side-by-side.md"


def limited(shop: Shop, backend: str, most: int = 100) -> None:
    shop.accounts = {"main": AccountLimits(most, PRODUCTS[backend].exclusive_actions)}


def served(shop: Shop, count: int) -> list[Job]:
    """So many jobs, each at its end before the next is claimed."""
    jobs = []
    for _ in range(count):
        jobs.append(shop.claimed())
        shop.finish(jobs[-1])
    return jobs


class TestInOneDomain:
    @pytest.mark.parametrize("backend", PRODUCTS)
    def test_each_pair_of_actions_runs_apart_only_where_both_need_a_place(
        self, shop: Shop, backend: str
    ) -> None:
        limited(shop, backend)
        needs_place = PRODUCTS[backend].exclusive_actions
        for number, (first, second) in enumerate(product(NAMES, NAMES)):
            domain = f"d{number}.test"
            shop.hook(first, f"a@{domain}")
            running = shop.claimed()
            shop.hook(second, f"b@{domain}")
            beside = shop.claim()
            apart = {f"mailbox.{first}", f"mailbox.{second}"} <= needs_place
            assert (beside is None) == apart, f"{first}, {second}"
            shop.finish(running)
            shop.finish(beside or shop.claimed())

    @pytest.mark.parametrize("backend", PRODUCTS)
    def test_one_mailbox_never_runs_side_by_side(self, shop: Shop, backend: str) -> None:
        limited(shop, backend)
        for number, (first, second) in enumerate(product(NAMES, NAMES)):
            box = f"a@e{number}.test"
            one = shop.hook(first, box)
            running = shop.claimed()
            assert running.id == one.job
            shop.hook(second, box, service="8")
            assert shop.claim() is None, f"{first}, {second}"
            shop.finish(running)
            shop.finish(shop.claimed())

    def test_a_place_is_free_again_when_the_lease_is_over(self, shop: Shop) -> None:
        limited(shop, "enom")
        shop.hook("create", "a@one.test")
        shop.hook("renew", "b@one.test", until=None)
        lost = shop.claimed("first")
        shop.now += LEASE + 1
        assert shop.claimed("second").intent.address in ("a@one.test", "b@one.test")
        assert shop.claim("second") is None
        assert lost.token == 1

    @pytest.mark.parametrize("backend", PRODUCTS)
    def test_a_creation_needs_its_domain_on_every_backend(self, backend: str) -> None:
        assert "mailbox.create" in PRODUCTS[backend].exclusive_actions

    @pytest.mark.parametrize("backend", PRODUCTS)
    def test_the_page_names_them(self, backend: str) -> None:
        row = next(
            line
            for line in PAGE.read_text("utf-8").splitlines()
            if line.startswith(f"| `{backend}` |")
        )
        named = {cell.strip(" `") for cell in row.split("|")[2].split(",")}
        assert named == PRODUCTS[backend].exclusive_actions


class TestTurns:
    def test_a_large_domain_has_the_same_turn_as_a_small_one(self, shop: Shop) -> None:
        for number in range(30):
            shop.hook("suspend", f"box{number}@large.test")
        for number in range(3):
            shop.hook("suspend", f"a@small{number}.test")
        first = [job.intent.address.partition("@")[2] for job in served(shop, 4)]
        assert sorted(first) == ["large.test", "small0.test", "small1.test", "small2.test"]
        assert {job.intent.address for job in served(shop, 29)} == {
            f"box{number}@large.test" for number in range(1, 30)
        }, "of one domain in the order of arrival"

    def test_of_one_domain_the_oldest_comes_first(self, shop: Shop) -> None:
        receipts = [shop.hook("suspend", f"box{9 - number}@large.test") for number in range(10)]
        assert [job.id for job in served(shop, 10)] == [receipt.job for receipt in receipts]

    def test_a_source_with_many_hooks_keeps_no_other_waiting(self, shop: Shop) -> None:
        for number in range(30):
            shop.hook("suspend", f"a@many{number}.test")
        served(shop, 3)
        shop.hook("suspend", "a@zz.test", source="till")
        assert served(shop, 1)[0].source == "till"
        for number in range(6):
            shop.hook(("suspend", "create")[number % 2], f"b@zz{number}.test", source="till")
        assert Counter(job.source for job in served(shop, 12)) == {"shop": 6, "till": 6}

    @pytest.mark.parametrize("action", ["create", "unsuspend", "change_password", "renew"])
    def test_an_order_does_not_wait_behind_a_month_end(self, shop: Shop, action: str) -> None:
        for number in range(50):
            shop.hook("suspend", f"a@many{number}.test")
        served(shop, 3)
        receipt = shop.hook(action, "a@zz.test")
        assert shop.claimed().id == receipt.job

    def test_what_comes_while_a_round_is_under_way_has_its_turn_within_it(self, shop: Shop) -> None:
        for name in ("b", "d", "f"):
            for number in range(5):
                shop.hook("suspend", f"box{number}@{name}.test")
        assert [job.intent.address for job in served(shop, 2)] == ["box0@b.test", "box0@d.test"]
        shop.hook("suspend", "x@a.test")
        shop.hook("suspend", "x@e.test")
        assert [job.intent.address for job in served(shop, 4)] == [
            "x@e.test",
            "box0@f.test",
            "x@a.test",
            "box1@b.test",
        ]

    def test_what_may_not_run_is_passed_over(self, shop: Shop) -> None:
        limited(shop, "enom")
        for number in range(5):
            shop.hook("create", f"box{number}@busy.test")
        shop.hook("create", "a@free.test")
        busy = shop.claimed()
        assert busy.intent.address == "box0@busy.test"
        assert shop.claimed().intent.address == "a@free.test"
        assert shop.claim() is None
        shop.finish(busy)
        assert shop.claimed().intent.address == "box1@busy.test"

    @pytest.mark.parametrize("source", ["shop", "till"])
    def test_whoever_needs_a_busy_domain_gets_it_in_the_end(self, shop: Shop, source: str) -> None:
        """However much there is to create in it, and to do elsewhere."""
        limited(shop, "enom", 4)
        number = count()

        def create() -> None:
            shop.hook("create", f"box{next(number)}@busy.test")

        def terminate() -> None:
            shop.hook("terminate", f"a@d{next(number):04}.test", source=source)

        for _ in range(5):
            create()
            terminate()
        running: list[Job] = []
        victim, served = "", 0
        while served < 40:
            while len(running) < 4 and (job := shop.claim()) is not None:
                running.append(job)
                served += bool(victim)
            victim = victim or shop.hook("terminate", "z@busy.test", source=source).job
            if victim in {job.id for job in running}:
                return
            shop.finish(ended := running.pop(0))
            shop.now += 1
            (create if ended.intent.action == "mailbox.create" else terminate)()
        raise AssertionError("It waited for ever.")

    def test_each_job_gets_its_turn_once(self, shop: Shop) -> None:
        """Whatever sources, actions and domains there are."""
        kinds = product(("suspend", "create", "change_password"), ("shop", "till"), range(5))
        receipts = {
            shop.hook(action, f"box{action}{source}@d{domain}.test", source=source).job
            for action, source, domain in kinds
        }
        assert {job.id for job in served(shop, len(receipts))} == receipts
        assert shop.claim() is None
