"""What is claimed at once where several workers are free: the same that one claim after the other
would give, in one transaction on SQLite, and one at a time on a server.
"""

from typing import Any

import pytest
import sqlalchemy as sa

from bridge.store.base.tables import callbacks, jobs
from bridge.store.queue import claims, outbox
from tests.store.conftest import LEASE, Shop
from tests.support.stores import up_to

sqlite_only = pytest.mark.parametrize("store", ["sqlite"])


def several(shop: Shop, most: int = 8, **limits: int) -> list[str]:
    """The addresses of the jobs that one claim takes."""
    found = shop.queue.claim_several("worker", up_to(**limits or {"main": 100}), most)
    return [job.intent.address for job in found]


def suspended(shop: Shop, *addresses: str) -> None:
    for nth, address in enumerate(addresses):
        shop.hook("suspend", address, service=str(nth))


def commits(shop: Shop) -> list[object]:
    found: list[object] = []
    sa.event.listen(shop.database.engine, "commit", found.append)
    return found


@sqlite_only
def test_several_jobs_are_one_transaction(shop: Shop) -> None:
    suspended(shop, "a@example.com", "b@example.net", "c@example.test")
    done = commits(shop)
    assert several(shop, 2) == ["a@example.com", "b@example.net"]
    assert shop.queue.more
    assert several(shop) == ["c@example.test"]
    assert not shop.queue.more
    assert len(done) == 2
    assert {(row["status"], row["token"]) for row in shop.rows(jobs)} == {("running", 1)}


@sqlite_only
def test_no_more_are_claimed_than_the_account_may_have_in_flight(shop: Shop) -> None:
    suspended(shop, *(f"box{nth}@example.com" for nth in range(5)))
    assert len(several(shop, main=3)) == 3
    assert several(shop, main=3) == []


@sqlite_only
def test_a_mailbox_and_a_domain_that_is_needed_have_one_at_a_time(shop: Shop) -> None:
    shop.hook("suspend")
    shop.hook("unsuspend")
    for address in ("a@example.net", "b@example.net"):
        shop.hook("create", address, service=address, password="Sample-1")
    assert sorted(several(shop)) == ["a@example.net", "john@example.com"]
    assert several(shop) == []


@sqlite_only
def test_each_account_has_its_share(shop: Shop) -> None:
    suspended(shop, *(f"box{nth}@example.com" for nth in range(5)))
    shop.hook("suspend", "other@example.net", service="other", account="other")
    found = [*several(shop, 4, main=100, other=100), *several(shop, 4, main=100, other=100)]
    assert len(found) == 3
    assert "other@example.net" in found


@sqlite_only
def test_one_that_cannot_be_read_keeps_no_other_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    suspended(shop, "a@example.com", "b@example.net", "c@example.test")
    real = claims.to_job

    def to_job(row: Any, *rest: Any) -> Any:
        if row["address"] == "b@example.net":
            raise ValueError("unreadable")
        return real(row, *rest)

    monkeypatch.setattr(claims, "to_job", to_job)
    taken: list[str] = []
    for _ in range(6):
        try:
            taken += several(shop)
        except ValueError:
            continue
    assert sorted(taken) == ["a@example.com", "c@example.test"]
    status = {row["address"]: row["status"] for row in shop.rows(jobs)}
    assert status == {
        "a@example.com": "running",
        "b@example.net": "queued",
        "c@example.test": "running",
    }


def test_an_expired_lease_is_seen_though_there_is_enough_to_do(shop: Shop) -> None:
    suspended(shop, "a@example.com")
    lost = shop.claimed("dead")
    suspended(shop, "b@example.net", "c@example.test")
    assert shop.claimed().intent.address == "b@example.net"
    shop.now += LEASE + 1
    found = {shop.claimed().id, shop.claimed().id}
    assert lost.id in found


def test_a_server_claims_one_at_a_time(shop: Shop) -> None:
    suspended(shop, "a@example.com", "b@example.net")
    assert len(several(shop)) == (2 if shop.database.embedded else 1)


@sqlite_only
def test_several_callbacks_are_one_transaction_in_the_order_of_each_mailbox(shop: Shop) -> None:
    for action in ("suspend", "unsuspend"):
        shop.run(action)
    shop.run("suspend", "other@example.net", service="8")
    done = commits(shop)
    first = shop.outbox.claim_several("sender", room=lambda source: 4)
    assert sorted(each.receipt.sequence for each in first) == [1, 1]
    assert len(done) == 1
    for each in first:
        shop.outbox.callback_done(each, "delivered", 200, None, None)
    second = shop.outbox.claim_several("sender", room=lambda source: 4)
    assert [each.receipt.sequence for each in second] == [2]
    assert not shop.outbox.more


@sqlite_only
def test_no_more_callbacks_are_claimed_than_there_is_room_for(shop: Shop) -> None:
    for nth in range(3):
        shop.run("suspend", f"box{nth}@example.com", service=str(nth))
    assert len(shop.outbox.claim_several("sender", room=lambda source: 2)) == 2
    assert shop.outbox.more


@sqlite_only
def test_a_callback_that_cannot_be_read_keeps_no_other_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for nth in range(2):
        shop.run("suspend", f"box{nth}@example.com", service=str(nth))
        shop.now += 1
    real = outbox.service_receipts.receipt

    def receipt(tx: Any, row: Any) -> Any:
        if row["address"] == "box1@example.com":
            raise ValueError("unreadable")
        return real(tx, row)

    monkeypatch.setattr(outbox.service_receipts, "receipt", receipt)
    found = shop.outbox.claim_several("sender", room=lambda source: 4)
    assert [each.receipt.address for each in found] == ["box0@example.com"]


@sqlite_only
def test_of_a_silent_receiver_one_callback_asks(shop: Shop) -> None:
    for nth in range(3):
        shop.run("suspend", f"box{nth}@example.com", service=str(nth))
    claimed = shop.claim_callback()
    assert claimed is not None
    shop.outbox.callback_done(claimed, "pending", None, "no answer", 5.0, silent_for=5.0)
    shop.now += 6
    assert len(shop.outbox.claim_several("sender", room=lambda source: 4)) == 1


def test_the_ends_of_a_job_are_told_apart(shop: Shop) -> None:
    job = shop.run("suspend").job
    with shop.database.write() as tx:
        outbox.enqueue_callback(tx, shop.rows(jobs)[0], shop.now)
    assert [row["id"] for row in shop.rows(callbacks)] == [f"cb_{job}_1", f"cb_{job}_2"]
