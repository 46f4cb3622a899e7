"""What a subscription said last, what is written back to it, and links for passwords: on both stores,
one after the other and at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.domain.jobs import Status
from bridge.domain.model import ChangeKind, Record, State
from bridge.domain.ports import JobResult, NothingNew
from bridge.store import PasswordLinks, Retention, WriteBacks
from bridge.store.base.tables import (
    callbacks,
    hooks,
    jobs,
    mailboxes,
    password_links,
    subscriptions,
    write_backs,
)
from bridge.store.queue.password_links import LASTS
from bridge.store.queue.subscriptions import followers
from tests.store.conftest import ADDRESS, NOON, Shop

DAY = 86400.0
STATUSES = {"active": "ensure", "unpaid": "suspend", "canceled": "terminate", "trialing": "ensure"}


def say(shop: Shop, status: str, at: float = 0.0, **more: Any) -> str | None:
    """The job that an event makes; None: none."""
    try:
        receipt = shop.hook(STATUSES[status], at=NOON + at, status=status, **more)
    except NothingNew:
        return None
    return receipt.job


def known(shop: Shop) -> dict[str, Any]:
    (row,) = shop.rows(subscriptions)
    return row


def test_what_says_nothing_new_makes_neither_job_nor_hook_and_counts_as_the_newest(
    shop: Shop,
) -> None:
    assert say(shop, "active", 10)
    assert say(shop, "active", 30) is None
    assert say(shop, "unpaid", 20) is None
    assert known(shop)["said_at"] == NOON + 30 and known(shop)["status"] == "active"
    assert len(shop.rows(jobs)) == len(shop.rows(hooks)) == 1


def test_each_event_counts_once_also_of_one_second(shop: Shop) -> None:
    assert say(shop, "active", id="evt_1")
    assert say(shop, "unpaid", id="evt_2")
    assert say(shop, "active", id="evt_1") is None
    assert say(shop, "unpaid", id="evt_2") is None
    assert known(shop)["status"] == "unpaid"


def test_subscriptions_and_sources_know_nothing_of_each_other(shop: Shop) -> None:
    assert say(shop, "active", 10)
    assert say(shop, "active", 5, service="8", address="ann@example.com")
    assert say(shop, "active", 5, source="till", account="other")
    with shop.database.read() as tx:
        assert sorted(followers(tx, "7")) == ["shop", "till"]


def test_what_is_refused_leaves_nothing(shop: Shop) -> None:
    shop.operator.by("ann").pause_source("shop", True)
    with pytest.raises(Exception, match="shop"):
        say(shop, "active")
    assert shop.rows(subscriptions) == []


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_in_whatever_order_events_come_the_newest_is_what_counts(
    shop: Shop, order: tuple[int, ...]
) -> None:
    events = [("active", 10), ("unpaid", 20), ("trialing", 30), ("canceled", 40)]
    for number in order:
        say(shop, *events[number])
    assert known(shop)["status"] == "canceled"
    made = [row["action"] for row in shop.rows(jobs)]
    assert made[-1] == "mailbox.terminate"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    events=st.lists(
        st.tuples(st.sampled_from([*STATUSES]), st.integers(0, 5), st.integers(0, 9)), max_size=12
    )
)
def test_time_never_goes_back(shop: Shop, events: list[tuple[str, int, int]]) -> None:
    service = f"s{next(shop.ids)}"
    latest = -1
    for status, at, id in events:
        say(shop, status, at, id=f"{service}_{id}_{at}_{status}", service=service)
        latest = max(latest, at)
    found = [row for row in shop.rows(subscriptions) if row["service_id"] == service]
    assert [row["said_at"] for row in found] == ([NOON + latest] if events else [])


def test_of_many_at_the_same_moment_one_makes_the_job(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: say(shop, "active", id=f"evt_{number}"), range(24)))
    assert sum(job is not None for job in made) == 1
    assert len(shop.rows(jobs)) == 1


def test_many_subscriptions_at_once_wait_for_each_other_in_no_circle(shop: Shop) -> None:
    def one(number: int) -> str | None:
        service = str(number % 6)
        status = ("active", "unpaid", "trialing")[number % 3]
        return say(
            shop, status, number, service=service, address=f"box{(number + 1) % 6}@example.com"
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(60)))
    assert len(shop.rows(subscriptions)) == 6


# What is written back


@pytest.fixture
def back(shop: Shop) -> WriteBacks:
    return WriteBacks(shop.database)


def test_every_end_of_a_statuss_job_is_written_back_and_no_other(
    shop: Shop, back: WriteBacks
) -> None:
    shop.run("suspend", "ann@example.com", service="9")
    assert back.claim_write_back() is None
    say(shop, "active")
    assert back.claim_write_back() is None
    shop.finish(shop.claimed())
    claimed = back.claim_write_back()
    assert claimed is not None and claimed.notes == {
        "status": "active",
        "address": ADDRESS,
        "error": "",
    }
    assert back.claim_write_back() is None  # under its lease
    back.write_back_done(claimed, claimed.notes, None, None)
    assert shop.rows(write_backs)[0]["written"] == claimed.notes
    shop.now += DAY
    assert back.claim_write_back() is None


def test_a_sender_that_hung_does_not_hide_what_has_ended_since(
    shop: Shop, back: WriteBacks
) -> None:
    say(shop, "active")
    shop.finish(shop.claimed())
    first = back.claim_write_back()
    assert first is not None
    say(shop, "unpaid", 10)
    shop.finish(shop.claimed(), "held")
    back.write_back_done(first, first.notes, None, None)
    second = back.claim_write_back()
    assert second is not None and second.notes is not None
    assert second.notes["status"] == "held" and second.written["status"] == "active"


def test_of_what_was_only_observed_nothing_is_written(shop: Shop, back: WriteBacks) -> None:
    say(shop, "active")
    shop.queue.finish(
        shop.claimed(),
        JobResult(
            Status.SUCCEEDED,
            State.ABSENT,
            False,
            {},
            "Observed.",
            extra={"observed_only": True},
        ),
    )
    claimed = back.claim_write_back()
    assert claimed is not None and claimed.notes is None


def test_what_ended_long_ago_is_forgotten_and_what_lives_is_not(
    shop: Shop, back: WriteBacks
) -> None:
    for service, status in (("1", "canceled"), ("2", "active")):
        say(shop, status, service=service, address=f"box{service}@example.com")
        shop.finish(shop.claimed())
        claimed = back.claim_write_back()
        assert claimed is not None
        back.write_back_done(claimed, claimed.notes, None, None)
        shop.delivered()
    retention = Retention(shop.database, shop.new_id, keep_days=1)
    shop.now += 29 * DAY
    retention.prune()
    assert len(shop.rows(subscriptions)) == 2
    shop.now += 2 * DAY
    retention.prune()
    assert [row["service_id"] for row in shop.rows(subscriptions)] == ["2"]
    assert [row["service_id"] for row in shop.rows(write_backs)] == ["2"]


# Links


@pytest.fixture
def links(shop: Shop) -> PasswordLinks:
    """A mailbox that awaits its first password; `made` is its job."""
    say(shop, "active")
    job = shop.claimed()
    record = Record("shop", "7", State.ACTIVE)
    extra = {"first_password": True}
    done = JobResult(
        Status.SUCCEEDED,
        State.ACTIVE,
        True,
        {},
        "Done.",
        None,
        record,
        extra,
    )
    shop.queue.finish(job, done)
    return PasswordLinks(shop.database, shop.new_id)


def made(shop: Shop) -> str:
    return str(shop.rows(jobs)[0]["id"])


def test_a_link_is_for_the_job_that_made_the_mailbox_while_it_awaits_a_password(
    shop: Shop, links: PasswordLinks
) -> None:
    assert links.issue_for_job(made(shop), "d1")
    assert not links.issue_for_job("job_none", "d2")
    found = links.find("d1")
    assert found is not None and (found.account, found.address) == ("main", ADDRESS)
    shop.hook("change_password", password="Made-Up.1")
    job = shop.claimed()
    shop.answer(job, shop.intend(job))
    assert links.find("d1") is None and not links.issue_for_job(made(shop), "d3")
    assert shop.rows(mailboxes)[0]["awaits_password"] is False


@pytest.mark.parametrize("outcome", ["refused", "unsent"])
def test_a_password_that_surely_was_not_set_ends_no_link(
    shop: Shop, links: PasswordLinks, outcome: str
) -> None:
    links.issue_for_job(made(shop), "d1")
    shop.hook("change_password", password="Made-Up.1")
    job = shop.claimed()
    shop.answer(job, shop.intend(job), outcome)
    assert links.find("d1") is not None


@pytest.mark.parametrize("kind", [ChangeKind.CREATE, ChangeKind.SET_PASSWORD, ChangeKind.DELETE])
@pytest.mark.parametrize("outcome", ["accepted", "unknown", "doubted"])
def test_one_that_may_have_been_set_ends_every_link(
    shop: Shop, links: PasswordLinks, kind: ChangeKind, outcome: str
) -> None:
    links.issue_for_job(made(shop), "d1")
    links.issue(ADDRESS, "d2", "ann")
    shop.hook("change_password", password="Made-Up.1")
    job = shop.claimed()
    shop.answer(job, shop.intend(job, kind), outcome)
    assert links.find("d1") is links.find("d2") is None


def test_it_ends_with_its_time(shop: Shop, links: PasswordLinks) -> None:
    links.issue_for_job(made(shop), "d1")
    shop.now += LASTS - 1
    assert links.find("d1") is not None
    shop.now += 1
    assert links.find("d1") is links.use("d1", "sealed", "ann") is None


def test_of_many_posts_at_the_same_moment_one_counts(shop: Shop, links: PasswordLinks) -> None:
    links.issue_for_job(made(shop), "d1")
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: links.use("d1", "sealed:x", "ann"), range(16)))
    assert sum(each is not None for each in used) == 1
    assert [row["action"] for row in shop.rows(jobs)][1:] == ["mailbox.change_password"]


def test_what_was_posted_and_failed_leaves_it_and_what_is_held_does_not(
    shop: Shop, links: PasswordLinks
) -> None:
    links.issue_for_job(made(shop), "d1")
    assert links.use("d1", "sealed:x", "ann") and links.find("d1") is None
    shop.finish(shop.claimed(), "failed")
    assert links.use("d1", "sealed:x", "ann")
    shop.finish(shop.claimed(), "held")
    assert links.find("d1") is None


def test_rows_of_links_go_and_hold_up_no_mailbox(shop: Shop, links: PasswordLinks) -> None:
    links.issue_for_job(made(shop), "d1")
    with shop.database.write() as tx:
        tx.execute(mailboxes.update().values(state="unknown", source=None, service_id=None))
    shop.delivered()
    retention = Retention(shop.database, shop.new_id, keep_days=1)
    for _ in range(6):
        shop.now += 2 * DAY
        while retention.prune():
            pass
    assert shop.rows(callbacks) == shop.rows(password_links) == shop.rows(mailboxes) == []
