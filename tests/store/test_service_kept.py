"""What keeps a service's mailboxes, or keeps new ones out of it: also after a clock was put back, after
old jobs went, and for a mailbox that was no member.
"""

from datetime import UTC, datetime
from threading import Thread

import pytest

from bridge.domain.errors import NeedsPerson, NotPossible, Overtaken, Refused
from bridge.domain.model import ChangeKind, State
from bridge.domain.ports import Arrival, Job
from bridge.domain.source import Forbidden
from bridge.store import HeldServices
from bridge.store.base.tables import jobs, mailboxes
from hooks.types import Intent
from tests.store.conftest import NOON, Shop, verified

A, B, D = "a@example.com", "b@example.com", "d@example.com"
HOUR, DAY = 3600.0, 86400.0


def begin_grace(shop: Shop, days: float, *, at: float | None = None) -> None:
    shop.whole("terminate", at=at)
    for _ in range(2):
        shop.end(State.SUSPENDED, delete_after=shop.now + days * DAY)


def deliver(shop: Shop) -> None:
    while claimed := shop.claim_callback():
        shop.outbox.callback_done(claimed, "delivered", 200, None, None)


def ends(shop: Shop) -> list[float | None]:
    return [row["delete_after"] for row in shop.rows(mailboxes) if row["address"] in (A, B)]


def test_an_order_after_the_clock_was_put_back_keeps_what_is_in_its_grace(shop: Shop) -> None:
    shop.own(A, B)
    shop.now += HOUR
    begin_grace(shop, 7, at=NOON)
    shop.now -= HOUR / 2
    shop.run("create", D, password="Sample-1", at=NOON + 600)
    shop.now += 30 * DAY
    shop.retention.purge_due()
    assert ends(shop) == [None, None] and shop.claim() is None


def test_an_order_after_the_clock_was_put_back_keeps_what_is_not_deleted_yet(shop: Shop) -> None:
    shop.own(A)
    shop.now += HOUR
    shop.whole("terminate", at=NOON)
    job = shop.claimed()
    shop.now -= HOUR / 2
    shop.hook("create", D, password="Sample-1", at=NOON + 600)
    with pytest.raises(Overtaken):
        shop.intend(job, ChangeKind.DELETE)


def test_a_suspended_service_gets_no_mailbox_after_the_clock_was_put_back(shop: Shop) -> None:
    shop.own(A)
    shop.now += HOUR
    shop.whole("suspend", at=NOON)
    shop.end(State.SUSPENDED)
    shop.now -= HOUR / 2
    shop.hook("create", D, password="Sample-1", at=NOON + 600)
    with pytest.raises(Refused, match="suspended"):
        shop.intend(shop.claimed(), ChangeKind.CREATE)


def test_what_needs_a_service_is_kept_as_long_as_a_grace_lasts(shop: Shop) -> None:
    """Ended jobs go after 90 days; a grace may last longer."""
    shop.own(A, B)
    begin_grace(shop, 120)
    shop.now += DAY
    shop.own(D)
    deliver(shop)
    shop.now += 110 * DAY
    while shop.retention.prune():
        pass
    shop.now += 40 * DAY
    shop.retention.purge_due()
    assert ends(shop) == [None, None] and shop.claim() is None
    assert shop.retention.prune()  # and no longer


def test_a_failed_creation_is_not_repeated_once_its_service_was_taken_away(shop: Shop) -> None:
    shop.own(A)
    failed = shop.hook("create", D, password="Sample-1")
    shop.end(State.ABSENT, "failed", error=Refused("No."))
    shop.now += 1
    shop.whole("terminate")
    shop.end(State.ABSENT)
    with pytest.raises(NotPossible):
        shop.operator.retry(failed.job)
    shop.now += 1
    ordered = shop.hook("create", D, password="Sample-1")  # anew
    shop.end(State.ABSENT, "failed", error=Refused("No."))
    assert shop.operator.retry(ordered.job).status == "queued"


def test_a_deletion_in_doubt_is_not_called_off_by_an_order(shop: Shop) -> None:
    """It may have been done: billing must not hear that the mailbox was kept."""
    shop.own(A, B)
    whole = shop.whole("terminate")
    job = shop.claimed()
    shop.intend(job, ChangeKind.DELETE)
    shop.finish(job, "held", NeedsPerson("It may be gone.", code="unclear"))
    shop.end(State.ABSENT)
    shop.now += 1
    shop.hook("create", D, password="Sample-1")
    assert HeldServices(shop.database).call_off_needed() == 0
    assert shop.status(whole) == "held"


@pytest.mark.parametrize("store", ["postgres"])  # the other has one writer at a time
def test_a_large_service_keeps_no_account_waiting(shop: Shop) -> None:
    """Another claims while its members are being recorded."""
    shop.own(A)
    shop.hook("create", D, service="8", password="Sample-1")
    found: list[Job | None] = []

    def claim(name: str) -> None:
        if name == "members-recorded":
            other = Thread(target=lambda: found.append(shop.claim()))
            other.start()
            other.join(30)  # a claim that waits for the members would wait for ever
            found.append(None)

    shop.inbox.checkpoint = claim
    shop.whole("suspend")
    assert found[0] is not None and found[0].intent.address == D


def test_a_service_with_mailboxes_in_another_account_is_not_said_to_be_done(shop: Shop) -> None:
    shop.own(A)
    intent = Intent("service.suspend", datetime.fromtimestamp(shop.now, UTC), "7")
    with pytest.raises(Forbidden, match="are in account main, which is not the account"):
        shop.inbox.accept(
            Arrival("shop", "other", verified("msg_moved"), intent, "d", None, "d".__eq__)
        )
    assert [row["action"] for row in shop.rows(jobs)] == ["mailbox.create"]


def test_what_suspends_a_service_is_kept_as_long_as_it_does(shop: Shop) -> None:
    shop.own(A)
    receipt = shop.whole("suspend")
    shop.end(State.SUSPENDED)
    deliver(shop)
    shop.now += 1000 * DAY
    while shop.retention.prune():
        pass
    assert receipt.job in [row["id"] for row in shop.rows(jobs)]
