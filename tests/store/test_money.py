"""Money and safety: what is in doubt holds other purchases of its domain, and limits hold for
all workers together."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.domain.errors import (
    LeaseLost,
    Limit,
    NeedsPerson,
    NoFunds,
    OutcomeUnknown,
    Refused,
    Unavailable,
)
from bridge.domain.jobs import Recheck
from bridge.domain.model import Change, ChangeKind, Step
from bridge.domain.ports import Job, Limits
from bridge.store.base.tables import purchases
from tests.store.conftest import CALL, LEASE, NOON, SETTLE, Shop

PASSWORD = "Planted-Secret.7"
BUY = {"product": "pak", "quantity": 1}


def buyer(shop: Shop, address: str, service: str = "7") -> Job:
    shop.hook("create", address, service=service, password=PASSWORD)
    return shop.claimed()


def outcomes(shop: Shop) -> list[str]:
    return [row["outcome"] for row in shop.rows(purchases)]


class TestDoubt:
    def first(self, shop: Shop, outcome: str | None) -> Job:
        """A purchase for example.com with this outcome (None: its sender was lost), its job out
        of the way."""
        job = buyer(shop, "a@example.com")
        step = shop.intend(job, ChangeKind.BUY, **BUY)
        if outcome:
            shop.answer(job, step, outcome, OutcomeUnknown() if outcome == "unknown" else None)
        shop.queue.wait(job, shop.now + 1e6, "settle", None, True)
        return job

    @pytest.mark.parametrize("outcome", [None, "unknown", "doubted"])
    def test_a_purchase_in_doubt_holds_every_other_for_its_domain(
        self, shop: Shop, outcome: str | None
    ) -> None:
        self.first(shop, outcome)
        second = buyer(shop, "b@example.com")
        shop.now += 10 * SETTLE
        shop.queue.extend("worker", [second.id])
        with pytest.raises(Recheck):
            shop.intend(second, ChangeKind.BUY, **BUY)

    def test_not_for_another_domain(self, shop: Shop) -> None:
        self.first(shop, None)
        shop.intend(buyer(shop, "b@example.net"), ChangeKind.BUY, **BUY)
        assert outcomes(shop) == ["intent", "intent"]

    def test_a_held_job_leaves_its_purchase_in_doubt(self, shop: Shop) -> None:
        job = buyer(shop, "a@example.com")
        shop.intend(job, ChangeKind.BUY, **BUY)
        shop.finish(job, "held", NeedsPerson())
        with pytest.raises(Recheck):
            shop.intend(buyer(shop, "b@example.com"), ChangeKind.BUY, **BUY)

    @pytest.mark.parametrize("status", ["succeeded", "failed"])
    def test_an_end_with_proof_takes_the_doubt_away(self, shop: Shop, status: str) -> None:
        job = buyer(shop, "a@example.com")
        shop.intend(job, ChangeKind.BUY, **BUY)
        shop.finish(job, status, Refused())
        shop.now += 10 * SETTLE
        shop.intend(buyer(shop, "b@example.com"), ChangeKind.BUY, **BUY)
        assert outcomes(shop) == ["done" if status == "succeeded" else "undone", "intent"]

    def test_while_its_buyer_is_still_at_it_nothing_more_is_bought(self, shop: Shop) -> None:
        self.first(shop, "accepted")
        second = buyer(shop, "b@example.com")
        for _ in range(3):
            with pytest.raises(Recheck) as pause:
                shop.intend(second, ChangeKind.BUY, **BUY)
            shop.now = pause.value.at
            shop.queue.extend("worker", [second.id])

    def test_what_was_just_bought_must_settle_before_more_is_bought(self, shop: Shop) -> None:
        job = buyer(shop, "a@example.com")
        shop.answer(job, shop.intend(job, ChangeKind.BUY, **BUY))
        shop.now += 5
        shop.finish(job)
        second = buyer(shop, "b@example.com")
        with pytest.raises(Recheck) as pause:
            shop.intend(second, ChangeKind.BUY, **BUY)
        assert (
            pause.value.at == shop.now - 5 + SETTLE + 2 * CALL
        )  # the look that it rests on may have taken two calls
        shop.now = pause.value.at
        shop.intend(second, ChangeKind.BUY, **BUY)

    def test_a_smaller_settle_lets_nobody_buy_before_reads_show_what_was_bought(
        self, shop: Shop
    ) -> None:
        def buy(job: Job, settle: float) -> Step:
            change = Change(ChangeKind.BUY, BUY)
            return shop.queue.intend(
                job, change, "buy", "digest", job.record, CALL, settle, Limits(0, 0)
            )

        job = buyer(shop, "a@example.com")
        shop.queue.answered(job, buy(job, 600.0), "accepted", None, None, job.record, 600.0)
        shop.finish(job)
        bought_at = shop.now
        shop.now += 100
        second = buyer(shop, "b@example.com")
        with pytest.raises(Recheck) as pause:
            buy(second, 5.0)
        assert pause.value.at == bought_at + 600 + 2 * CALL

    @pytest.mark.parametrize("outcome", ["unsent", "refused"])
    def test_what_surely_cost_nothing_holds_nobody(self, shop: Shop, outcome: str) -> None:
        self.first(shop, outcome)
        shop.intend(buyer(shop, "b@example.com"), ChangeKind.BUY, **BUY)

    def test_a_person_who_retries_has_judged_the_purchase(self, shop: Shop) -> None:
        job = buyer(shop, "a@example.com")
        shop.intend(job, ChangeKind.BUY, **BUY)
        shop.finish(job, "held", NeedsPerson())
        shop.operator.retry(job.id)
        assert outcomes(shop) == ["judged"]

    def test_a_job_with_a_purchase_in_doubt_is_neither_overtaken_nor_cancelled(
        self, shop: Shop
    ) -> None:
        job = self.first(shop, "unknown")
        shop.hook("terminate", "a@example.com")
        assert shop.lookup.receipt("shop", job.id).status == "queued"
        with pytest.raises(Exception, match="purchase in doubt"):
            shop.operator.cancel(job.id)

    def test_two_workers_cannot_both_buy_for_a_domain(self, shop: Shop) -> None:
        """The second one lost its lease and does not know it yet."""
        job = buyer(shop, "a@example.com")
        shop.now += LEASE + 1
        shop.claimed("second")
        with pytest.raises(LeaseLost):
            shop.intend(job, ChangeKind.BUY, **BUY)
        assert outcomes(shop) == []


class TestLimits:
    def test_purchases_per_day_over_all_accounts_until_midnight_utc(self, shop: Shop) -> None:
        limits = Limits(purchases_per_day=2)
        for number in range(2):
            shop.intend(buyer(shop, f"a@d{number}.test"), ChangeKind.BUY, limits, **BUY)
        shop.hook("create", "a@d2.test", account="other", source="till", password=PASSWORD)
        third = shop.claimed()
        with pytest.raises(NeedsPerson):
            shop.intend(third, ChangeKind.BUY, limits, **BUY)
        shop.now += 12 * 3600
        shop.queue.extend("worker", [third.id])
        shop.intend(third, ChangeKind.BUY, limits, **BUY)

    def test_renewals_count_and_what_was_not_spent_does_not(self, shop: Shop) -> None:
        limits = Limits(purchases_per_day=1)
        first = buyer(shop, "a@one.test")
        shop.answer(
            first, shop.intend(first, ChangeKind.BUY, limits, **BUY), "unsent", Unavailable()
        )
        shop.intend(buyer(shop, "a@two.test"), ChangeKind.RENEW, limits, bundle="1", years=1)
        with pytest.raises(NeedsPerson):
            shop.intend(buyer(shop, "a@three.test"), ChangeKind.BUY, limits, **BUY)

    def test_many_workers_at_once_do_not_exceed_the_day(self, shop: Shop) -> None:
        jobs = [buyer(shop, f"a@d{number}.test") for number in range(12)]

        def spend(job: Job) -> int:
            try:
                shop.intend(job, ChangeKind.BUY, Limits(purchases_per_day=5), **BUY)
            except NeedsPerson:
                return 0
            return 1

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(spend, jobs)) == 5

    def test_terminations_per_hour(self, shop: Shop) -> None:
        limits = Limits(terminations_per_hour=2)
        for number in range(3):
            shop.hook("terminate", f"a@d{number}.test")
        jobs = [shop.claimed() for _ in range(3)]
        for job in jobs[:2]:
            shop.intend(job, ChangeKind.DELETE, limits)
            shop.intend(job, ChangeKind.DELETE, limits)  # again for the same mailbox: one deletion
        with pytest.raises(NeedsPerson):
            shop.intend(jobs[2], ChangeKind.DELETE, limits)
        shop.now += 3600
        shop.queue.extend("worker", [jobs[2].id])
        shop.intend(jobs[2], ChangeKind.DELETE, limits)

    @pytest.mark.parametrize(
        ("kind", "arguments"), [(ChangeKind.BUY, BUY), (ChangeKind.DELETE, {})]
    )
    def test_zero_is_no_limit_and_an_approved_job_passes(
        self, shop: Shop, kind: ChangeKind, arguments: dict
    ) -> None:
        action = "create" if kind is ChangeKind.BUY else "terminate"
        data = {"password": PASSWORD} if kind is ChangeKind.BUY else {}
        for number in range(3):
            shop.hook(action, f"a@d{number}.test", **data)
        jobs = [shop.claimed() for _ in range(3)]
        for job in jobs[:2]:
            shop.intend(job, kind, Limits(0, 0), **arguments)
        with pytest.raises(NeedsPerson) as held:
            shop.intend(jobs[2], kind, Limits(1, 1), **arguments)
        shop.finish(jobs[2], "held", held.value)
        shop.operator.retry(jobs[2].id, approve=True)
        approved = shop.claimed()
        assert approved.lifted == {Limit.PURCHASES if kind is ChangeKind.BUY else Limit.DELETIONS}
        shop.intend(approved, kind, Limits(1, 1), **arguments)

    @pytest.mark.parametrize(
        ("kind", "arguments", "held"),
        [(ChangeKind.BUY, BUY, Limit.DELETIONS), (ChangeKind.DELETE, {}, Limit.PURCHASES)],
    )
    def test_what_was_approved_for_one_limit_does_not_pass_another(
        self, shop: Shop, kind: ChangeKind, arguments: dict, held: Limit
    ) -> None:
        """A terminate that the hourly limit held must not buy, a creation that the daily one
        held must not delete."""
        for number in range(2):
            shop.hook("terminate", f"a@d{number}.test")
        first, second = shop.claimed(), shop.claimed()
        shop.intend(first, kind, Limits(0, 0), **arguments)
        shop.finish(second, "held", NeedsPerson("Too many.", limit=held))
        shop.operator.retry(second.id, approve=True)
        approved = shop.claimed()
        with pytest.raises(NeedsPerson) as again:
            shop.intend(approved, kind, Limits(1, 1), **arguments)
        # What was lifted once stays lifted, so that two limits do not hold it in turns for ever.
        shop.finish(approved, "held", again.value)
        shop.operator.retry(approved.id, approve=True)
        through = shop.claimed()
        assert through.lifted == {Limit.DELETIONS, Limit.PURCHASES}
        shop.intend(through, kind, Limits(1, 1), **arguments)


class TestFunds:
    def test_without_money_purchases_pause_and_the_rest_goes_on(self, shop: Shop) -> None:
        shop.account_state.pause_money("main", 300, "empty")
        job = buyer(shop, "a@example.com")
        with pytest.raises(NoFunds) as refused:
            shop.intend(job, ChangeKind.BUY, **BUY)
        assert refused.value.retry_after == 300
        shop.intend(job, ChangeKind.SET_PASSWORD)

    def test_a_purchase_after_the_pause_that_succeeds_ends_it(self, shop: Shop) -> None:
        shop.account_state.pause_money("main", 300, "empty")
        shop.now += 300
        job = buyer(shop, "a@example.com")
        shop.answer(job, shop.intend(job, ChangeKind.BUY, **BUY))
        assert [(note.subject, note.cleared) for note in shop.alert_log.due_notes()] == [
            ("money:main", False),
            ("money:main", True),
        ]


def test_what_a_clock_that_was_ahead_has_noted_uses_up_no_limit_but_its_own(shop: Shop) -> None:
    shop.now = NOON + 30 * 86400
    for kind in (ChangeKind.BUY, ChangeKind.DELETE):
        shop.hook("create", f"box@ahead-{kind}.test", service=str(kind))
        job = shop.claimed()
        shop.answer(job, shop.intend(job, kind, Limits(1, 1)))
        shop.finish(job)
    shop.now = NOON
    for kind in (ChangeKind.BUY, ChangeKind.DELETE):
        shop.hook("create", f"box@{kind}.test", service=f"2{kind}")
        job = shop.claimed()
        shop.answer(job, shop.intend(job, kind, Limits(1, 1)))
        shop.finish(job)
