"""Mailboxes that cost by the month: as many in a UTC day as the limit says, whoever asks at once;
the rest waits."""

import pytest

from bridge.domain.errors import NotPossible
from bridge.domain.jobs import Recheck, WaitingFor
from bridge.domain.model import ChangeKind
from bridge.domain.ports import Job, Limits
from bridge.store import Troubles
from bridge.store.base.tables import audit, notes
from bridge.wiring import first_id
from tests.store.conftest import NOON, Shop
from tests.support.together import at_once, each_at_once

PASSWORD = "Planted-Secret.7"
MIDNIGHT = NOON + 43200
MONTHLY = frozenset({"main", "other"})


def most(number: int, monthly: frozenset[str] = MONTHLY) -> Limits:
    return Limits(0, 0, creations_per_day=number, monthly=monthly)


def creator(shop: Shop, name: str, account: str = "main", **more: str) -> Job:
    """A claimed creation in a domain of its own."""
    shop.hook(
        "create", f"box@{name}.test", service=name, account=account, password=PASSWORD, **more
    )
    return shop.claimed()


def create(shop: Shop, job: Job, limits: Limits, kind: ChangeKind = ChangeKind.CREATE) -> bool:
    """Whether it may; else it waits, as a worker lets it."""
    try:
        shop.intend(job, kind, limits)
    except Recheck as pause:
        assert pause.waiting_for == WaitingFor.LIMIT
        shop.queue.wait(job, pause.at, pause.waiting_for, None, undecided=False)
        return False
    return True


def created(shop: Shop, job: Job, limits: Limits) -> bool:
    """The same, and the job of one that may has ended."""
    if passes := create(shop, job, limits):
        shop.finish(job)
    return passes


def look(shop: Shop) -> list[tuple[str, bool]]:
    """All notes so far, after two workers have looked."""
    for _ in range(2):
        Troubles(shop.database, first_id).look()
    return [(row["subject"], row["cleared"]) for row in shop.rows(notes)]


def test_over_all_accounts_the_limit_passes_and_the_rest_waits_until_midnight(shop: Shop) -> None:
    assert created(shop, creator(shop, "a"), most(2))
    assert created(shop, creator(shop, "b", "other"), most(2))
    third = creator(shop, "c")
    assert not create(shop, third, most(2))
    waits = shop.lookup.receipt("shop", third.id)
    assert (waits.status, waits.waiting_for, waits.error) == ("queued", "limit", None)
    shop.now = MIDNIGHT - 1
    assert shop.claim() is None
    shop.now = MIDNIGHT
    assert created(shop, shop.claimed(), most(2))


@pytest.mark.parametrize(
    "limits", [most(0), most(1, frozenset({"other"}))], ids=["no limit", "paks"]
)
def test_what_is_not_limited_passes(shop: Shop, limits: Limits) -> None:
    assert all(create(shop, creator(shop, name), limits) for name in "abc")


def test_all_else_goes_on_at_the_limit(shop: Shop) -> None:
    assert create(shop, creator(shop, "a"), most(1))
    for kind in (ChangeKind.SET_PASSWORD, ChangeKind.SUSPEND, ChangeKind.DELETE):
        assert create(shop, creator(shop, str(kind).replace("_", "-")), most(1), kind)
    assert not create(shop, creator(shop, "b"), most(1), ChangeKind.MAKE_DOMAIN)


@pytest.mark.parametrize(("outcome", "passes"), [("refused", True), ("unsent", True)] + [
    (outcome, False) for outcome in ("accepted", "doubted", "unknown")
])  # fmt: skip
def test_what_surely_made_no_mailbox_does_not_count(shop: Shop, outcome: str, passes: bool) -> None:
    job = creator(shop, "a")
    shop.answer(job, shop.intend(job, ChangeKind.CREATE, most(1)), outcome)
    assert create(shop, creator(shop, "b"), most(1)) is passes


def test_a_command_that_is_sent_again_counts_once(shop: Shop) -> None:
    job = creator(shop, "a")
    for _ in range(2):
        shop.answer(job, shop.intend(job, ChangeKind.CREATE, most(2)), "unknown")
    assert create(shop, creator(shop, "b"), most(2))
    assert create(shop, job, most(2)), "its place is its own"
    assert not create(shop, creator(shop, "c"), most(2))


@pytest.mark.parametrize("customer", [None, "11"])
def test_of_many_at_the_same_moment_exactly_the_limit_passes(
    shop: Shop, customer: str | None
) -> None:
    """In two accounts, so that no lock of one account alone would do."""
    more = {"customer_id": customer} if customer else {}
    for day in range(4):
        shop.now = NOON + day * 86400
        both = [creator(shop, f"d{day}-{n}", ("main", "other")[n % 2], **more) for n in range(6)]
        assert sum(each_at_once(lambda job: create(shop, job, most(3)), both)) == 3
        for row in shop.lookup.page("jobs", None)[0]:
            if row["status"] == "queued":
                shop.operator.cancel(row["id"])


def test_one_that_is_approved_passes_alone_and_is_counted(shop: Shop) -> None:
    assert create(shop, creator(shop, "a"), most(1))
    waiting = [creator(shop, name) for name in "bc"]
    assert not any(create(shop, job, most(1)) for job in waiting)
    receipt = shop.operator.by("jane").retry(waiting[0].id, approve=True)
    assert (receipt.job, receipt.status, receipt.waiting_for) == (waiting[0].id, "queued", None)
    assert [(row["who"], row["action"], row["target"]) for row in shop.rows(audit)] == [
        ("jane", "approve", waiting[0].id)
    ]
    job = shop.claimed()
    assert job.id == waiting[0].id and create(shop, job, most(1))
    assert shop.claim() is None, "the other one waits on"
    shop.queue.release_creations(most(2))
    assert shop.claim() is None, "what was approved is one of today's"


def test_an_approval_lifts_no_other_limit(shop: Shop) -> None:
    assert create(shop, creator(shop, "a"), most(1))
    job = creator(shop, "b")
    assert not create(shop, job, most(1))
    shop.operator.retry(job.id, approve=True)
    assert shop.claimed().lifted == {"creations"}


def test_only_what_waits_for_the_limit_is_approved_and_once(shop: Shop) -> None:
    assert create(shop, creator(shop, "a"), most(1))
    job = creator(shop, "b")
    with pytest.raises(NotPossible, match="running"):
        shop.operator.retry(job.id, approve=True)
    assert not create(shop, job, most(1))
    with pytest.raises(NotPossible, match="only held or failed"):
        shop.operator.retry(job.id)
    shop.operator.retry(job.id, approve=True)
    with pytest.raises(NotPossible, match="queued"):
        shop.operator.retry(job.id, approve=True)


def test_where_there_is_room_again_before_midnight_the_oldest_goes_on(shop: Shop) -> None:
    """The limit was raised, or what was counted turned out to be refused."""
    first = creator(shop, "a")
    step = shop.intend(first, ChangeKind.CREATE, most(1))
    second, third = creator(shop, "b"), creator(shop, "c")
    assert not create(shop, second, most(1)) and not create(shop, third, most(1))
    shop.queue.release_creations(most(1))
    assert shop.claim() is None
    shop.answer(first, step, "refused")
    for _ in range(2):
        shop.queue.release_creations(most(1))
    again = shop.claimed()
    assert again.id == second.id and shop.claim() is None
    assert create(shop, again, most(1))
    shop.queue.release_creations(most(0))
    assert shop.claimed().id == third.id


def test_room_goes_to_a_job_that_can_run(shop: Shop) -> None:
    """Not to an older one whose account is paused: nobody would have it."""
    assert created(shop, creator(shop, "a"), most(1))
    first, second = creator(shop, "b"), creator(shop, "c", "other")
    assert not create(shop, first, most(1)) and not create(shop, second, most(1))
    shop.operator.pause_account("main", "maintenance for a day")
    for _ in range(3):
        shop.queue.release_creations(most(2))
    assert shop.claimed().id == second.id


def test_what_is_not_limited_any_more_takes_no_room(shop: Shop) -> None:
    """Its account buys paks now."""
    assert created(shop, creator(shop, "a"), most(1))
    first, second = creator(shop, "b"), creator(shop, "c", "other")
    assert not create(shop, first, most(1)) and not create(shop, second, most(1))
    shop.queue.release_creations(most(2, frozenset({"other"})))
    assert {shop.claimed().id, shop.claimed().id} == {first.id, second.id}


def test_who_makes_a_domain_keeps_a_place_for_its_mailbox(shop: Shop) -> None:
    """Else a domain could stand there for a mailbox that waits for days."""
    first, second = creator(shop, "a"), creator(shop, "b")
    step = shop.intend(first, ChangeKind.MAKE_DOMAIN, most(1))
    assert not create(shop, second, most(1), ChangeKind.MAKE_DOMAIN)
    shop.answer(first, step)
    assert create(shop, first, most(1))


def test_a_domain_counts_also_where_its_mailbox_is_refused(shop: Shop) -> None:
    """Else creations that are always refused would make domains without end."""
    first = creator(shop, "a")
    shop.answer(first, shop.intend(first, ChangeKind.MAKE_DOMAIN, most(1)))
    shop.answer(first, shop.intend(first, ChangeKind.CREATE, most(1)), "refused")
    shop.finish(first, "failed")
    assert not create(shop, creator(shop, "b"), most(1))


def test_a_clock_that_was_ahead_uses_up_no_day_but_its_own(shop: Shop) -> None:
    shop.now = NOON + 30 * 86400
    for name in "ab":
        assert created(shop, creator(shop, name), most(2))
    shop.now = NOON
    assert created(shop, creator(shop, "c"), most(2))
    shop.now = NOON + 30 * 86400
    assert not create(shop, creator(shop, "d"), most(2))


def test_one_that_waits_after_a_command_that_did_nothing_is_sent_by_its_journal(shop: Shop) -> None:
    """It counts as unbegun, so that a terminate may pass; its commands are not forgotten."""
    job = creator(shop, "a")
    shop.answer(job, shop.intend(job, ChangeKind.CREATE, most(1)), "unsent")
    assert created(shop, creator(shop, "b"), most(1))
    assert not create(shop, job, most(1))
    shop.now = MIDNIGHT
    assert [step.outcome for step in shop.claimed().journal] == ["unsent"]


def test_one_alert_while_jobs_wait_and_one_when_none_does(shop: Shop) -> None:
    assert created(shop, creator(shop, "a"), most(1))
    assert look(shop) == []
    for name in "bc":
        assert not created(shop, creator(shop, name), most(1))
    assert look(shop) == [("limit:creations", False)]
    assert "2 jobs wait for the next day" in shop.rows(notes)[0]["text"]
    shop.now += 2 * 3600  # and none of its own that jobs have waited for an hour
    assert look(shop) == [("limit:creations", False)]
    shop.now = MIDNIGHT
    assert created(shop, shop.claimed(), most(1))
    assert not created(shop, shop.claimed(), most(1))
    assert look(shop) == [("limit:creations", False)]
    shop.now = MIDNIGHT + 86400
    assert created(shop, shop.claimed(), most(1))
    assert look(shop) == [("limit:creations", False), ("limit:creations", True)]


def test_of_two_workers_that_look_at_once_one_writes_the_alert(shop: Shop) -> None:
    create(shop, creator(shop, "a"), most(1))
    create(shop, creator(shop, "b"), most(1))
    at_once([lambda: Troubles(shop.database, first_id).look()] * 4)
    assert len(shop.rows(notes)) == 1


def test_a_pause_of_the_account_does_not_let_it_forget_what_it_waits_for(shop: Shop) -> None:
    create(shop, creator(shop, "a"), most(1))
    job = creator(shop, "b")
    create(shop, job, most(1))
    shop.operator.pause_account("main", "maintenance")
    shop.operator.resume_account("main")
    assert shop.lookup.receipt("shop", job.id).waiting_for == "limit"
    assert shop.claim() is None
