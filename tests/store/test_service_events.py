"""A mailbox that becomes nearly full makes one event, until it was seen below; sent under a lease."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bridge.domain.model import Address, Record, State
from bridge.domain.service_events import ClaimedEvent, Usage
from bridge.store import ServiceEvents
from bridge.store.admin.service_events import LEASE
from bridge.store.base.tables import events, mailboxes, sources
from tests.store.conftest import ADDRESS, Shop

NOBODY: frozenset[str] = frozenset()
DAY = 86400.0
Give = Callable[[Shop, str, str], None]
FULL = Usage("shop", "main", ADDRESS, "7", used=95, quota=100, threshold=90)
EMPTY = replace(FULL, used=89)
DATA = {"percent": 95}


@pytest.fixture
def log(shop: Shop) -> ServiceEvents:
    shop.hook("create", password="Planted-Secret.7")
    shop.finish(shop.claimed(), record=Record("shop", "7", State.ACTIVE))
    return ServiceEvents(shop.database, shop.new_id)


def claim(log: ServiceEvents) -> ClaimedEvent:
    claimed = log.claim_event(NOBODY)
    assert claimed is not None
    return claimed


def test_it_is_told_once_on_the_way_up_and_again_only_after_it_was_below(
    shop: Shop, log: ServiceEvents
) -> None:
    assert not log.note_usage(EMPTY, DATA)
    assert [log.note_usage(each, DATA) for each in (FULL, FULL, FULL)] == [True, False, False]
    assert [log.note_usage(each, DATA) for each in (EMPTY, EMPTY)] == [False, False]
    shop.now += 1
    assert [log.note_usage(each, DATA) for each in (FULL, FULL)] == [True, False]
    assert [row["below_at"] is None for row in shop.rows(events)] == [False, True]


def test_exactly_the_threshold_is_nearly_full(log: ServiceEvents) -> None:
    assert log.note_usage(replace(FULL, used=90), DATA)


def test_nothing_is_told_of_a_mailbox_that_is_another_services(
    shop: Shop, log: ServiceEvents
) -> None:
    assert not log.note_usage(replace(FULL, service_id="8"), DATA)
    assert not log.note_usage(replace(FULL, source="till"), DATA)
    assert not log.note_usage(replace(FULL, address="ann@example.com"), DATA)
    assert shop.rows(events) == []


def test_a_new_owner_is_told_though_the_former_one_was(shop: Shop, log: ServiceEvents) -> None:
    log.note_usage(FULL, DATA)
    with shop.database.write() as tx:
        tx.execute(sa.update(mailboxes).values(service_id="8"))
    assert log.note_usage(replace(FULL, service_id="8"), DATA)


def change(shop: Shop, former: str, service: str) -> None:
    shop.hook("change_service", service=service, from_service_id=former)
    shop.finish(shop.claimed(), record=Record("shop", service, State.ACTIVE))


def subscribe_anew(shop: Shop, former: str, service: str) -> None:
    """A newer subscription of the customer takes the mailbox over."""
    shop.hook("ensure", service=service)
    shop.finish(shop.claimed(), record=Record("shop", service, State.ACTIVE))


def adopt(shop: Shop, former: str, service: str) -> None:
    shop.operator.adopt("main", Address.parse(ADDRESS), "shop", service)


@pytest.mark.parametrize("give", [change, subscribe_anew, adopt])
def test_what_waits_is_not_sent_once_another_service_has_the_mailbox(
    shop: Shop, log: ServiceEvents, give: Give
) -> None:
    log.note_usage(FULL, DATA)
    give(shop, "7", "8")
    assert log.claim_event(NOBODY) is None
    (row,) = shop.rows(events)
    assert (row["status"], row["ended_at"]) == ("stopped", shop.now)
    assert row["last_error"] == "Another service has the mailbox now."
    assert log.note_usage(replace(FULL, service_id="8"), DATA)
    assert claim(log).data == DATA


@pytest.mark.parametrize("give", [change, subscribe_anew, adopt])
def test_what_was_told_before_counts_for_nothing_when_the_mailbox_comes_back(
    shop: Shop, log: ServiceEvents, give: Give
) -> None:
    log.note_usage(FULL, DATA)
    log.event_done(claim(log), "delivered", 200, None, None)
    give(shop, "7", "8")
    give(shop, "8", "7")
    assert [row["status"] for row in shop.rows(events)] == ["delivered"]
    assert [log.note_usage(FULL, DATA) for _ in range(2)] == [True, False]


def test_a_change_that_fails_ends_nothing(shop: Shop, log: ServiceEvents) -> None:
    log.note_usage(FULL, DATA)
    shop.hook("change_service", service="8", from_service_id="7")
    shop.finish(shop.claimed(), "failed", record=Record("shop", "7", State.ACTIVE))
    assert claim(log).data == DATA and not log.note_usage(FULL, DATA)


def test_it_is_sent_under_a_lease_that_a_lost_sender_gives_back(
    shop: Shop, log: ServiceEvents
) -> None:
    log.note_usage(FULL, DATA)
    lost = claim(log)
    assert (lost.source, lost.type, dict(lost.data), lost.tries) == (
        "shop", "mailbox.nearly_full", DATA, 1,
    )  # fmt: skip
    assert lost.id.startswith("ev_")
    assert log.claim_event(NOBODY) is None
    shop.now += LEASE
    again = claim(log)
    assert again.id == lost.id
    log.event_done(lost, "stopped", 410, None, None)
    assert shop.rows(events)[0]["status"] == "pending", "it came too late"
    log.event_done(again, "delivered", 200, None, None)
    (row,) = shop.rows(events)
    assert (row["status"], row["tries"], row["ended_at"]) == ("delivered", 1, shop.now)
    shop.now += DAY
    assert log.claim_event(NOBODY) is None


def test_what_was_refused_is_tried_again_later(shop: Shop, log: ServiceEvents) -> None:
    log.note_usage(FULL, DATA)
    log.event_done(claim(log), "pending", 500, "HTTP 500", 300.0)
    shop.now += 299
    assert log.claim_event(NOBODY) is None
    shop.now += 1
    assert claim(log).tries == 2


def test_a_receiver_that_is_left_alone_gets_none(shop: Shop, log: ServiceEvents) -> None:
    log.note_usage(FULL, DATA)
    assert log.claim_event(frozenset({"shop"})) is None
    with shop.database.write() as tx:
        tx.execute(sa.update(sources).values(receiver_tries=2, receiver_after=shop.now + 60))
    assert log.claim_event(NOBODY) is None
    shop.now += 60
    assert claim(log).source == "shop"


def test_old_ones_go_unless_what_they_tell_still_stands(shop: Shop, log: ServiceEvents) -> None:
    log.note_usage(FULL, DATA)
    log.event_done(claim(log), "delivered", 200, None, None)
    shop.now += 91 * DAY
    shop.retention.prune()
    assert len(shop.rows(events)) == 1 and not log.note_usage(FULL, DATA)
    log.note_usage(EMPTY, DATA)
    shop.retention.prune()
    assert shop.rows(events) == []


def test_old_ones_of_a_mailbox_that_is_gone_go(shop: Shop, log: ServiceEvents) -> None:
    log.note_usage(FULL, DATA)
    log.event_done(claim(log), "exhausted", None, "No answer.", None)
    with shop.database.write() as tx:
        tx.execute(sa.update(mailboxes).values(source=None))
    shop.now += 91 * DAY
    shop.retention.prune()
    assert shop.rows(events) == []
