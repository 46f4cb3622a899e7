"""A clock that was ahead and is put right: nothing waits longer than it may, and no read is
believed too soon."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.model import Change, ChangeKind, Record, State
from bridge.domain.ports import Limits
from bridge.maildns.rules import Found
from bridge.store import DnsCache, Findings, SignIns
from bridge.store.admin.clock_repair import (
    AHEAD,
    DAY,
    HISTORY,
    TOLERANCE,
    ClockCorrection,
    MaximumWaits,
    correct_future_times,
)
from bridge.store.backup.restored import quarantine_after_restore
from bridge.store.base.tables import (
    accounts,
    callbacks,
    events,
    jobs,
    key_values,
    mail_watches,
    mailboxes,
    metadata,
    password_links,
    purchases,
    slots,
    sources,
    subscriptions,
    workers,
    write_backs,
)
from bridge.store.queue.notes import LONGEST_PAUSE, NEXT_SENDING
from bridge.store.queue.password_links import LASTS
from tests.store.conftest import CALL, LEASE, NOON, SETTLE, Shop

WAITS = MaximumWaits(LEASE, CALL, SETTLE, 120.0, 40.0, [6.0, 360.0], DAY)
HOUR = 3600.0


def right(shop: Shop, waits: MaximumWaits = WAITS) -> ClockCorrection:
    return correct_future_times(shop.database, waits)


def busy(shop: Shop) -> None:
    """Something in every column that a time can wait in."""
    shop.operator.by("ann").reconcile_soon("main")
    findings = Findings(shop.database)
    assert findings.take_due("03:00", ["main"])
    shop.hook("create", password="Planted-Secret.7")
    job = shop.claimed()
    step = shop.answer(job, shop.intend(job, ChangeKind.BUY, product="pak"))
    shop.intend(
        replace(job, record=replace(job.record, settles_at=step.settles_at)), ChangeKind.CREATE
    )
    shop.run("suspend", "ann@example.net")
    assert shop.claim_callback() is not None
    shop.hook("suspend", "bob@example.org")
    shop.queue.wait(shop.claimed(), shop.now + 300, "retry", None, True)
    shop.queue.extend("worker", [job.id])
    shop.account_state.pause_account("other", "credentials", "Enom refuses the login.")
    shop.account_state.pause_money("other", 300, "There is no money.")
    assert shop.alert_log.due_notes(gather=True)
    assert shop.account_state.first_use("shop", "msg_query", 600)
    with shop.database.write() as tx:
        tx.execute(sa.insert(slots).values(account="main", until=shop.now + 60))
    SignIns(shop.database).begin("192.0.2.1")
    DnsCache(shop.database).reading("example.com", lambda found: HOUR, lambda domain: Found())
    with shop.database.write() as tx:
        values = {"restored_at": shop.now, "quiet_until": shop.now + WAITS.quiet}
        tx.execute(sa.update(accounts).where(accounts.c.name == "other").values(**values))
        tx.execute(
            sa.update(sources).values(suspensions_from=shop.now, receiver_after=shop.now + 300)
        )
        tx.execute(sa.update(callbacks).values(pending_since=shop.now))
        tx.execute(
            sa.insert(events).values(
                id="ev_1",
                type="mailbox.nearly_full",
                account="main",
                address="ann@example.net",
                source="shop",
                service_id="7",
                data={},
                status="pending",
                next_at=shop.now + DAY,
                created_at=shop.now,
            )
        )
        mailbox = tx.scalar(sa.select(sa.func.min(mailboxes.c.id)))
        owner = {"source": "shop", "service_id": "7"}
        links = {"digest": "d" * 64, "mailbox_id": mailbox, "created_at": shop.now}
        tx.execute(sa.insert(password_links).values(**owner, **links, expires_at=shop.now + LASTS))
        due = {"address": "ann@example.net", "next_at": shop.now + DAY}
        tx.execute(sa.insert(write_backs).values(**owner, **due))
        words = {"action": "mailbox.ensure", "status": "active", "said_in": ["evt_1"]}
        said = {"account": "main", "address": "ann@example.net", "said_at": shop.now, **words}
        tx.execute(sa.insert(subscriptions).values(**owner, **said))
        tx.execute(sa.update(sources).values(compared_at=shop.now))
        looked = dict.fromkeys(("looked_at", "sampled_at", "ordered_at", "failing_since"), shop.now)
        watched = {"account": "main", "domain": "example.com", "next_at": shop.now + DAY}
        tx.execute(sa.insert(mail_watches).values(**watched, **looked))


def too_far(shop: Shop) -> dict[str, int]:
    """How many of each column lie further ahead than they may."""
    with shop.database.read() as tx:
        counts = {
            str(column): tx.scalar(
                sa.select(sa.func.count()).where(column > shop.now + longest(WAITS))
            )
            for column, longest in AHEAD.items()
        }
    return {name: count for name, count in counts.items() if count}


def test_every_time_in_the_schema_is_a_wait_with_its_longest_or_named_as_history() -> None:
    times = {
        column
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, sa.Float)
    }
    assert times - set(AHEAD) - HISTORY == set(), (
        "say how far ahead it may lie (bridge/store/admin/clock_repair.py)"
    )
    assert set(AHEAD) & HISTORY == set()
    assert (set(AHEAD) | HISTORY) - times == set()


def test_after_the_clock_was_put_right_nothing_lies_further_ahead_than_it_may(shop: Shop) -> None:
    shop.now = NOON + HOUR
    busy(shop)
    shop.now = NOON
    assert set(too_far(shop)) == {str(column) for column in AHEAD} - {"accounts.reconcile_at"}
    done = right(shop)
    assert HOUR - TOLERANCE < done.ahead <= HOUR
    assert too_far(shop) == {} and set(done.times) >= {"jobs.lease_until", "mailboxes.settles_at"}
    assert right(shop).times == {}, "once is enough"


def test_a_clock_that_is_far_off_leaves_nothing_anywhere(shop: Shop) -> None:
    shop.now = NOON + 400 * DAY
    busy(shop)
    shop.now = NOON
    assert set(too_far(shop)) == {str(column) for column in AHEAD}
    right(shop)
    assert too_far(shop) == {}
    late = shop.rows(key_values)
    assert all(row["value"] <= NOON + LONGEST_PAUSE for row in late if row["name"] == NEXT_SENDING)


def test_what_was_running_is_free_again_within_a_lease(shop: Shop) -> None:
    shop.now = NOON + HOUR
    first, beside = shop.hook("suspend", "a@example.com"), shop.hook("suspend", "b@example.com")
    assert shop.claimed("killed").id == first.job
    shop.now = NOON
    assert shop.claim() is None
    right(shop)
    shop.now += LEASE + 1
    assert shop.claimed().id == first.job
    assert shop.rows(jobs)[1]["available_at"] <= shop.now + 300
    shop.now += 300
    shop.queue.release("worker")
    assert {shop.claimed().id, beside.job} <= {first.job, beside.job}


def test_where_the_clock_was_right_nothing_is_touched(shop: Shop) -> None:
    busy(shop)
    tables = [accounts, jobs, mailboxes, purchases, workers]
    before = [shop.rows(table) for table in tables]
    smaller = MaximumWaits(1.0, 1.0, 0.0, 1.0, 1.0, [1.0], 1.0)
    assert right(shop, smaller) == ClockCorrection(0.0, {}), (
        "after a start with a smaller settle, reads are not believed sooner"
    )
    assert [shop.rows(table) for table in tables] == before


@pytest.mark.parametrize("left", ["a hook", "a worker", "a restore"])
def test_whatever_the_wrong_clock_left_shows_that_it_was_wrong(shop: Shop, left: str) -> None:
    shop.now = NOON + HOUR
    match left:
        case "a hook":
            shop.hook("suspend")
        case "a worker":
            shop.queue.extend("worker", [])
        case "a restore":
            with shop.database.write() as tx:
                quarantine_after_restore(tx, shop.database, {"main": 30.0})
    shop.now = NOON
    assert right(shop).ahead > HOUR - TOLERANCE
    assert not shop.account_state.pauses("main") or shop.rows(accounts)[0]["restored_at"] == NOON


def test_reads_are_not_believed_before_the_window_is_over_that_the_right_clock_would_have_set(
    shop: Shop,
) -> None:
    shop.hook("suspend")
    job = shop.claimed()
    change = Change(ChangeKind.SET_PASSWORD)
    shop.queue.intend(job, change, "do it", "digest", job.record, CALL, SETTLE, Limits(0, 0))
    window = shop.rows(mailboxes)[0]["settles_at"]
    shop.now = NOON + HOUR  # just now
    shop.queue.extend("worker", [job.id])
    shop.now = NOON + 1
    assert right(shop).ahead > 0
    assert shop.rows(mailboxes)[0]["settles_at"] == window


def test_a_deletion_that_was_promised_to_a_customer_comes_no_sooner(shop: Shop) -> None:
    shop.now = NOON + HOUR
    shop.hook("terminate")
    ends = shop.now + 30 * DAY
    shop.finish(shop.claimed(), record=Record("shop", "7", State.SUSPENDED, delete_after=ends))
    shop.now = NOON
    right(shop)
    rows: list[dict[str, Any]] = shop.rows(mailboxes)
    assert rows[0]["delete_after"] == ends
