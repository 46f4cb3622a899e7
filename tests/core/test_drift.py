"""Each way in which the record and Enom can differ: its kind, its remedy, and what would repair
it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridge.backends.memory import SERVICES
from bridge.domain.differences import TITLES, Difference, DifferenceKind
from bridge.domain.model import Address, Mailbox, Pak, Record, State
from bridge.reconcile import drift
from bridge.reconcile.drift import AccountView
from bridge.reconcile.matching import Group, Scan, ScanError
from tests.support.bench import terms

NOW = 1_800_000_000.0
TODAY = datetime.fromtimestamp(NOW, UTC)
ANN = Address("ann", "example.com")
PAK = Pak("26770", 3, TODAY + timedelta(days=200))
ON = dict.fromkeys(SERVICES, "enabled")
OFF = dict.fromkeys(SERVICES, "suspended")
OURS = Record("shop", "7", State.ACTIVE)
SUSPENDED = replace(OURS, state=State.SUSPENDED, suspended_with="hosted-email", saved_services=ON)


def view(
    record: Record | None = OURS, *, busy: frozenset[str] = frozenset(), **more: Any
) -> AccountView:
    return AccountView({str(ANN): record} if record else {}, busy, terms(**more), NOW)


def found(record: Record | None, seen: Mailbox | None, **more: Any) -> Difference | None:
    return drift.of_mailbox(view(record, **more), ANN, seen)


def there(services: dict[str, str] | None = ON, **more: Any) -> Mailbox:
    return Mailbox(ANN, True, services, pak=PAK, paks=(PAK,), **more)


GONE = Mailbox(ANN, False, paks=(PAK,))


@pytest.mark.parametrize(
    ("record", "seen"),
    [
        (OURS, there()),
        (SUSPENDED, there(OFF)),
        (replace(OURS, quota=1 << 30), there(quota=1 << 30)),
        (replace(OURS, quota=1 << 30), there(quota=None)),
        (replace(OURS, suspended_with="lock-out", state=State.SUSPENDED), there()),
        (Record(state=State.ABSENT), None),
        (Record(state=State.ABSENT), GONE),
        (None, GONE),
    ],
)
def test_what_agrees_is_not_told(record: Record | None, seen: Mailbox | None) -> None:
    assert found(record, seen) is None


@pytest.mark.parametrize("seen", [None, GONE])
@pytest.mark.parametrize("record", [OURS, SUSPENDED, replace(OURS, state=State.UNKNOWN)])
def test_what_is_on_record_and_not_at_enom_is_missing(record: Record, seen: Mailbox | None) -> None:
    difference = found(record, seen)
    assert difference is not None
    assert (difference.kind, difference.owner, difference.repair) == (
        DifferenceKind.MISSING,
        ("shop", "7"),
        None,
    )
    assert "Create, for service 7 of shop" in difference.remedy


def test_what_billing_terminated_and_enom_has_costs_money() -> None:
    difference = found(Record(state=State.ABSENT), there())
    assert difference is not None
    assert (difference.kind, difference.repair) == (DifferenceKind.EXTRA, None)
    assert "slot of pak 26770, paid until" in difference.detail


@pytest.mark.parametrize("record", [None, Record()])
def test_what_nobody_owns_is_told_with_the_command_to_take_it(record: Record | None) -> None:
    difference = found(record, there())
    assert difference is not None
    assert (
        difference.kind is DifferenceKind.NO_OWNER
        and "mailboxes adopt ann@example.com" in difference.remedy
    )


def test_a_suspension_of_billing_that_is_not_at_enom_can_be_repaired() -> None:
    difference = found(SUSPENDED, there())
    assert difference is not None and difference.repair is not None
    assert (difference.kind, difference.repair.action) == (
        DifferenceKind.WRONG_STATE,
        "mailbox.suspend",
    )


@pytest.mark.parametrize("record", [OURS, replace(OURS, state=State.UNKNOWN)])
def test_a_suspension_that_is_not_ours_is_never_repaired(record: Record) -> None:
    difference = found(record, there(OFF))
    assert difference is not None
    assert (difference.kind, difference.repair) == (DifferenceKind.SUSPENDED_AT_ENOM, None)


@pytest.mark.parametrize(
    ("record", "seen", "state"),
    [
        (replace(OURS, state=State.UNKNOWN), there(), State.ACTIVE),
        (replace(SUSPENDED, state=State.UNKNOWN), there(OFF), State.SUSPENDED),
        (replace(OURS, state=State.ABSENT), there(), State.ACTIVE),
        (replace(SUSPENDED, state=State.ACTIVE), there(OFF), State.SUSPENDED),
    ],
)
def test_where_the_record_does_not_know_what_is_seen_it_can_be_noted(
    record: Record, seen: Mailbox, state: State
) -> None:
    difference = found(record, seen)
    assert difference is not None and difference.repair is not None
    assert (difference.kind, difference.repair.state) == (DifferenceKind.WRONG_STATE, state)
    assert difference.repair.words() == f"record that it is {state}"


def test_another_size_is_set_again_where_a_plan_has_it() -> None:
    difference = found(replace(OURS, quota=25 << 30), there(quota=1 << 30))
    assert difference is not None and difference.repair is not None
    assert (difference.kind, difference.repair.plan) == (DifferenceKind.WRONG_PLAN, "large")
    assert difference.detail == "It is recorded with 25 GB, but has 1 GB at the mail provider."
    nameless = found(replace(OURS, quota=3 << 30), there(quota=1 << 30))
    assert nameless is not None and nameless.repair is None


def test_what_only_one_system_has_is_told_as_that() -> None:
    difference = found(OURS, Mailbox(ANN, None))
    assert difference is not None and difference.kind is DifferenceKind.HALF


@pytest.mark.parametrize("seen", [None, there(), there(OFF), Mailbox(ANN, None)])
def test_what_is_under_way_is_not_judged(seen: Mailbox | None) -> None:
    assert found(SUSPENDED, seen, busy=frozenset({str(ANN)})) is None
    assert found(replace(SUSPENDED, settles_at=NOW + 1), seen) is None


def paks(*given: Pak, **more: Any) -> list[tuple[DifferenceKind, str]]:
    found = drift.of_domain(view(**more), "example.com", Scan({}, 0.0, given), ())
    return [(each.kind, each.detail) for each in found]


def test_paks_that_end_are_told_in_time() -> None:
    ending, ended = replace(PAK, expires=TODAY + timedelta(days=29)), replace(PAK, expires=TODAY)
    assert paks(PAK) == []
    assert [kind for kind, _ in paks(ending, ended)] == [
        DifferenceKind.PAK_ENDING,
        DifferenceKind.PAK_ENDED,
    ]


def test_a_domain_without_a_free_place_is_told_where_nothing_may_be_bought() -> None:
    full = replace(PAK, free=0)
    assert [kind for kind, _ in paks(full)] == [DifferenceKind.PAK_FULL]
    assert paks(full, PAK) == paks(full, purchase="paks") == paks() == []
    assert [kind for kind, _ in paks(full, replace(PAK, expires=TODAY))] == [
        DifferenceKind.PAK_ENDED,
        DifferenceKind.PAK_FULL,
    ]


def test_a_domain_tells_of_the_recorded_and_of_the_listed() -> None:
    bob = Address("bob", "example.com")
    shown = Scan({bob: Mailbox(bob, True)}, NOW, (replace(PAK, free=0),))
    result = drift.of_domain(view(), "example.com", shown, [str(ANN)])
    assert [(each.kind, each.address) for each in result] == [
        (DifferenceKind.MISSING, str(ANN)),
        (DifferenceKind.NO_OWNER, str(bob)),
        (DifferenceKind.PAK_FULL, None),
    ]


def test_the_checksum_names_the_repairs_and_nothing_else() -> None:
    one, other = found(SUSPENDED, there()), found(OURS, GONE)
    assert one is not None and other is not None
    assert (
        drift.checksum([one])
        == drift.checksum([other, one])
        == drift.checksum([replace(one, detail="in other words")])
    )
    assert drift.checksum([one]) != drift.checksum([]) == drift.checksum([other])
    assert drift.checksum([one]) != drift.checksum([replace(one, owner=("shop", "8"))])


def test_what_could_not_be_read_is_a_difference() -> None:
    barred = ScanError(Group.NOT_IN_ACCOUNT, "It is not there.")
    assert drift.of_barred("example.com", barred).kind is DifferenceKind.UNREAD
    assert "account at the mail provider" in drift.of_barred("example.com", barred).remedy


def test_every_kind_has_its_title() -> None:
    assert list(TITLES) == list(DifferenceKind)
