"""What a reconciliation found is kept until the next one says otherwise, with the time since
when it is so."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.domain.differences import Difference, DifferenceKind
from bridge.domain.errors import NotPossible, UnknownThing
from bridge.domain.model import Pak
from bridge.domain.ports import Reconciliation
from bridge.store import Findings
from bridge.store.admin.findings import LEASE, following
from bridge.store.base.tables import accounts
from tests.store.conftest import NOON, Shop
from tests.support.together import at_once

PAK = Pak("26770", 3, datetime(2028, 1, 1, tzinfo=UTC))
GONE = Difference(
    DifferenceKind.MISSING,
    "example.com",
    "It is gone.",
    "Create it.",
    "ann@example.com",
    ("shop", "7"),
)
ODD = Difference(
    DifferenceKind.NO_OWNER, "example.net", "Nobody's.", "Adopt it.", "bob@example.net"
)
AWAY = Difference(DifferenceKind.UNREAD, "example.org", "It is away.", "Again.")


def found(
    shop: Shop,
    *differences: Difference,
    domains: Sequence[str] = ("example.com", "example.net"),
    **more: Any,
) -> None:
    given = {
        "account": "main",
        "started_at": shop.now,
        "ended_at": shop.now,
        "whole": True,
        "domains": {domain: [(PAK, 7)] for domain in domains},
        "unread": [],
        "looked_at": [],
        "mailboxes": 9,
        "under_way": 0,
        "differences": differences,
    }
    Findings(shop.database).keep("ann", Reconciliation(**given | more))
    shop.now += 1000


def kept(shop: Shop) -> list[tuple[str, str]]:
    return [
        (row["kind"], row["since"]) for row in reversed(shop.lookup.page("differences", None)[0])
    ]


def test_a_difference_keeps_the_time_at_which_it_was_found_first(shop: Shop) -> None:
    found(shop, GONE)
    found(shop, GONE, ODD)
    (one, since), (other, later) = kept(shop)
    assert (one, other) == ("missing", "no_owner") and since < later
    found(shop, ODD)
    assert kept(shop) == [("no_owner", later)]


def test_what_was_not_read_is_still_as_it_was(shop: Shop) -> None:
    found(shop, GONE, ODD)
    found(shop, AWAY, domains=["example.com"], unread=["example.net", "example.org"])
    assert {kind for kind, _ in kept(shop)} == {"no_owner", "unread"}
    found(shop, domains=["example.com", "example.org"])
    assert {kind for kind, _ in kept(shop)} == {"no_owner"}


def test_a_look_at_single_addresses_touches_only_these(shop: Shop) -> None:
    found(shop, GONE, ODD, AWAY)
    found(shop, whole=False, domains=(), looked_at=["ann@example.com"])
    assert {kind for kind, _ in kept(shop)} == {"no_owner", "unread"}


def test_another_account_is_another_world(shop: Shop) -> None:
    found(shop, GONE)
    found(shop, account="other")
    assert [kind for kind, _ in kept(shop)] == ["missing"]


def test_paks_are_those_of_the_last_reading(shop: Shop) -> None:
    found(shop)
    found(shop, domains=["example.com"])
    with shop.database.read() as tx:
        rows = tx.exec_driver_sql(
            "SELECT domain, used, free, seen_at FROM paks ORDER BY domain"
        ).all()
    assert [tuple(row) for row in rows] == [
        ("example.com", 7, 3, NOON + 1000),
        ("example.net", 7, 3, NOON),
    ]


def test_a_note_tells_what_is_new_and_one_that_it_is_over(shop: Shop) -> None:
    found(shop, GONE)
    found(shop, GONE)
    found(shop, GONE, ODD)
    found(shop)
    found(shop)
    result = [(note.cleared, note.text.splitlines()[1:2]) for note in shop.alert_log.due_notes()]
    assert result == [
        (False, ["- ann@example.com: It is gone."]),
        (False, ["- bob@example.net: Nobody's."]),
        (True, []),
    ]


class Nights:
    """Takes what is due, and marks it done."""

    def __init__(self, shop: Shop) -> None:
        self.findings = Findings(shop.database)

    def due(self, at: str) -> list[str]:
        taken = []
        while (comparison := self.findings.take_due(at, ["main", "other"])) is not None:
            taken.append(comparison)
        for comparison in taken:
            self.findings.done(comparison, at)
        return [comparison.account for comparison in taken]


def test_the_nightly_run_is_due_once_a_day_and_for_one_worker(shop: Shop) -> None:
    nights = Nights(shop)
    assert nights.due("03:00") == []
    shop.now += 15 * 3600 - 1
    assert nights.due("03:00") == []
    shop.now += 1
    assert sorted(nights.due("03:00")) == ["main", "other"]
    assert nights.due("03:00") == []
    shop.now += 86400
    with ThreadPoolExecutor(4) as pool:
        taken = [
            each
            for each in pool.map(
                lambda _: nights.findings.take_due("03:00", ["main", "other"]), range(4)
            )
            if each
        ]
    assert sorted(each.account for each in taken) == ["main", "other"]


def test_a_person_gets_one_at_once_also_where_there_is_no_nightly_run(shop: Shop) -> None:
    nights = Nights(shop)
    assert nights.due("") == []
    shop.operator.by("ann").reconcile_soon("main")
    assert (nights.due(""), nights.due("")) == (["main"], [])
    nights.due("03:00")
    shop.operator.reconcile_soon("main")
    assert (nights.due("03:00"), nights.due("03:00")) == (["main"], [])
    with pytest.raises(UnknownThing):
        shop.operator.reconcile_soon("none")


def test_another_hour_in_the_configuration_counts_at_once(shop: Shop) -> None:
    nights = Nights(shop)
    assert nights.due("11:00") == []
    assert nights.due("13:00") == []
    shop.now += 3600
    assert sorted(nights.due("13:00")) == ["main", "other"]


def test_what_a_lost_lease_allows_no_more_changes_nothing(shop: Shop) -> None:
    shop.operator.reconcile_soon("main")
    findings = Findings(shop.database)
    old = findings.take_due("", ["main"])
    assert old is not None
    shop.now += LEASE
    new = findings.take_due("", ["main"])
    assert new is not None and findings.renew(old) is None
    before = shop.rows(accounts)
    for late in (
        lambda: findings.done(old, ""),
        lambda: findings.put_off(old, 60),
        lambda: findings.hand_back(old),
    ):
        late()
    assert shop.rows(accounts) == before
    findings.hand_back(new)
    assert findings.take_due("", ["main"]) is not None, "it is due, as it was"


@pytest.mark.parametrize(
    ("at", "hours"), [("12:00", 24), ("12:01", 1 / 60), ("11:59", 24 - 1 / 60), ("00:00", 12)]
)
def test_the_next_time_of_day(at: str, hours: float) -> None:
    assert following(NOON, at) == pytest.approx(NOON + hours * 3600)


class TestAfterARestore:
    """ "Restored" is a fact of its own: only a comparison since, and then a person, end it."""

    @pytest.fixture(autouse=True)
    def restored(self, shop: Shop) -> None:
        found(shop, GONE)  # before
        with shop.database.write() as tx:
            tx.execute(
                accounts.update().where(accounts.c.name == "main").values(restored_at=shop.now)
            )
        shop.now += 10

    def stops(self, shop: Shop) -> list[str]:
        return [each.code for each in shop.account_state.pauses("main")]

    def test_an_account_goes_on_only_once_it_was_compared_since(self, shop: Shop) -> None:
        with pytest.raises(NotPossible, match="enom-bridge reconcile --account main"):
            shop.operator.resume_account("main")
        found(shop, whole=False, domains=(), looked_at=["ann@example.com"])
        found(shop, account="other")
        found(shop, started_at=shop.now - 5000)  # began before
        found(shop, domains=(), unread=["example.com", "example.net"])
        with pytest.raises(NotPossible, match="could not read any domain"):
            shop.operator.resume_account("main")
        found(shop, domains=())
        with pytest.raises(NotPossible, match="no domain of account main is on record"):
            shop.operator.resume_account("main")
        found(shop, GONE)
        assert shop.operator.resume_account("main").ended == ("restored",)
        assert self.stops(shop) == []

    def test_no_other_pause_and_no_end_of_one_removes_it(self, shop: Shop) -> None:
        shop.operator.pause_account("main", "Enom is moving house")
        assert self.stops(shop) == ["restored", "person"]
        resumed = shop.operator.resume_account("main")
        assert (resumed.ended, [each.code for each in resumed.left]) == (("person",), ["restored"])
        shop.account_state.pause_account("main", "ip_not_allowed", "why")
        assert shop.account_state.resume_account("main"), "a probe ends what it asked after"
        assert self.stops(shop) == ["restored"]
        receipt = shop.hook("suspend")
        assert shop.claim() is None and shop.receipt(receipt).waiting_for == "account"
        with pytest.raises(NotPossible):
            shop.operator.resume_account("main")

    def test_compared_and_paused_by_a_person_both_end_with_one_resume(self, shop: Shop) -> None:
        shop.operator.pause_account("main", "")
        found(shop, GONE)
        resumed = shop.operator.resume_account("main")
        assert (resumed.ended, resumed.left) == (("restored", "person"), ())


def test_old_reconciliations_are_pruned_but_the_last(shop: Shop) -> None:
    for _ in range(3):
        found(shop, GONE)
    found(shop, whole=False, domains=(), looked_at=["ann@example.com"])
    shop.now += 91 * 86400
    shop.retention.prune()
    last = Findings(shop.database).last("main")
    assert last is not None and last["found"] == {"missing": 1, "under_way": 0}
    with shop.database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM reconciliations").scalar() == 1


def test_two_at_a_time_keep_one_after_the_other(shop: Shop) -> None:
    """A person's and the nightly one, of one account: the second takes the place of the first,
    and neither fails."""

    def keep() -> None:
        for _ in range(5):
            found(shop, GONE, ODD, domains=[f"d{number}.example.com" for number in range(30)])

    at_once([keep] * 4)
    with shop.database.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM paks").scalar() == 30
