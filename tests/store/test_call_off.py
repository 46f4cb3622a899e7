"""A held job that is ended as cancelled: who is told, and what is left of it."""

from collections.abc import Callable

import pytest

from bridge.domain.errors import BridgeError, NeedsPerson
from bridge.domain.jobs import WaitingFor
from bridge.domain.model import ChangeKind
from bridge.domain.ports import Receipt
from bridge.store.base.tables import callbacks, jobs
from bridge.store.queue import cancelling
from tests.store.conftest import Shop

PASSWORD = "Planted-Secret.7"
WHY = BridgeError("A newer hook decides the same.", code="overtaken")


@pytest.fixture
def held(shop: Shop) -> Receipt:
    receipt = shop.hook("change_password", password=PASSWORD)
    shop.finish(shop.claimed(), "held", NeedsPerson("Look at it."))
    shop.now += 60
    return receipt


@pytest.fixture
def call_off(shop: Shop) -> Callable[..., bool]:
    def done(receipt: Receipt, *only_if: object) -> bool:
        with shop.database.write() as tx:
            return (
                cancelling.call_off(tx, receipt.job, shop.now, WHY, "It is over.", *only_if)
                is not None
            )

    return done


def result(shop: Shop) -> list[tuple[str, str]]:
    return [(row["id"].rpartition("_")[2], row["status"]) for row in shop.rows(callbacks)]


def test_it_becomes_cancelled_without_its_password_under_its_old_number(
    shop: Shop, held: Receipt, call_off: Callable[..., bool]
) -> None:
    assert call_off(held)
    (row,) = shop.rows(jobs)
    assert (row["status"], row["sealed"], row["finished_at"], row["sequence"]) == (
        "cancelled",
        None,
        shop.now,
        1,
    )
    receipt = shop.receipt(held)
    assert (receipt.message, receipt.error and receipt.error["code"]) == (
        "It is over.",
        "overtaken",
    )


def test_results_tell_it_once_more(
    shop: Shop, held: Receipt, call_off: Callable[..., bool]
) -> None:
    shop.now += 60
    first, after = shop.lookup.results("shop", "", 10)
    assert [each.status for each in first] == ["held"] and after is not None
    call_off(held)
    shop.now += 60
    assert [each.status for each in shop.lookup.results("shop", after, 10)[0]] == ["cancelled"]


def test_what_was_not_delivered_yet_is_not_told_any_more(
    shop: Shop, held: Receipt, call_off: Callable[..., bool]
) -> None:
    call_off(held)
    assert result(shop) == [("1", "superseded"), ("2", "pending")]
    claimed = shop.claim_callback()
    assert claimed is not None and (claimed.id, claimed.receipt.status) == (
        f"cb_{held.job}_2",
        "cancelled",
    )


def test_what_was_delivered_is_followed_by_a_second_one(
    shop: Shop, held: Receipt, call_off: Callable[..., bool]
) -> None:
    assert shop.delivered() == [1]
    call_off(held)
    assert shop.delivered() == [1]
    assert result(shop) == [("1", "delivered"), ("2", "delivered")]


def test_the_note_to_the_admin_is_over(
    shop: Shop, held: Receipt, call_off: Callable[..., bool]
) -> None:
    assert [note.cleared for note in shop.alert_log.due_notes()] == [False]
    call_off(held)
    (note,) = shop.alert_log.due_notes()
    assert (note.subject, note.cleared) == (f"job:{held.job}", True)


def test_only_what_is_held_was_not_tried_again_and_fits(
    shop: Shop, held: Receipt, call_off: Callable[..., bool]
) -> None:
    assert not call_off(held, jobs.c.touched)
    again = shop.operator.retry(held.job)
    assert not call_off(held) and not call_off(again)
    shop.finish(shop.claimed(), "failed")
    assert not call_off(again)
    assert [row["status"] for row in shop.rows(jobs)] == ["held", "failed"]


@pytest.mark.parametrize(
    ("outcome", "changed"),
    [
        ("intent", True),
        ("accepted", True),
        ("unknown", True),
        ("refused", False),
        ("unsent", False),
    ],
)
def test_what_was_begun_and_is_cancelled_while_it_waits_says_what_it_may_have_done(
    shop: Shop, outcome: str, changed: bool
) -> None:
    waits = shop.hook("change_password", password=PASSWORD)
    job = shop.claimed()
    step = shop.intend(job, ChangeKind.SET_PASSWORD)
    if outcome != "intent":
        shop.answer(job, step, outcome)
    shop.queue.wait(job, shop.now, WaitingFor.SETTLE, None, True)
    shop.operator.cancel(waits.job)
    assert (shop.status(waits), shop.receipt(waits).changed) == ("cancelled", changed)
