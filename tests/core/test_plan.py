"""From observed to desired. The property: what a plan does, a second plan finds done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.backends.enom import products
from bridge.backends.memory import SERVICES, MemoryBackend
from bridge.domain import plan
from bridge.domain.errors import BridgeError, Limit, NeedsPerson, Refused
from bridge.domain.model import Change, ChangeKind, Desired, Mailbox, Pak, Plan, Record, State
from tests.support.bench import GOOD, JOHN, START, terms

OWNER = ("shop", "7")
ENABLED = dict.fromkeys(SERVICES, "enabled")
OFF = dict.fromkeys(SERVICES, "suspended")
PAK = Pak("101", 3, START + timedelta(days=100))
LATER = Pak("102", 3, START + timedelta(days=200))
FULL = replace(LATER, bundle="103", free=0)
EXPIRED = Pak("104", 9, START - timedelta(days=1))
ABSENT = Mailbox(JOHN, False, paks=(PAK, LATER, FULL, EXPIRED))
ACTIVE = Mailbox(JOHN, True, ENABLED, 1 << 30, 0, PAK, (PAK,))
DOWN = replace(ACTIVE, services=OFF)
OURS = Record(*OWNER, State.ACTIVE, "digest")
MARKED = replace(
    OURS,
    state=State.SUSPENDED,
    suspended_with="hosted-email",
    saved_services=ENABLED,
    sessions_ended=True,
)
CREATE = Desired(True, False, GOOD, "digest", "John", 1 << 30)


def kinds(seen: Mailbox, record: Record, desired: Desired, **more: Any) -> list[str]:
    return [
        str(change.kind)
        for change in plan.diff(seen, record, desired, terms(**more), START).changes
    ]


@pytest.mark.parametrize(
    ("seen", "record", "desired", "expected"),
    [
        (ACTIVE, OURS, Desired(), []),
        (ABSENT, OURS, Desired(exists=False), []),
        (ACTIVE, OURS, Desired(exists=False), ["delete"]),
        (ABSENT, Record(), CREATE, ["create"]),
        (ACTIVE, OURS, CREATE, []),
        (ACTIVE, replace(OURS, password_digest="old"), CREATE, ["set_password"]),
        (DOWN, MARKED, CREATE, ["restore"]),
        (
            DOWN,
            replace(MARKED, password_digest=None),
            replace(CREATE, quota=5),
            ["set_password", "restore", "set_quota"],
        ),
        (ACTIVE, OURS, Desired(suspended=True), ["suspend", "log_out"]),
        (DOWN, MARKED, Desired(suspended=True), []),
        (DOWN, replace(MARKED, sessions_ended=False), Desired(suspended=True), ["log_out"]),
        (DOWN, OURS, Desired(suspended=True), []),
        (DOWN, MARKED, Desired(suspended=False), ["restore"]),
        (ACTIVE, MARKED, Desired(suspended=False), []),
        (ACTIVE, OURS, Desired(suspended=False), []),
        (ACTIVE, OURS, Desired(quota=1 << 30), []),
        (ACTIVE, OURS, Desired(quota=2 << 30), ["set_quota"]),
        (ACTIVE, OURS, Desired(until=PAK.expires), []),
        (ACTIVE, OURS, Desired(suspended=True, quota=5), ["set_quota", "suspend", "log_out"]),
        (DOWN, replace(MARKED, saved_services=None), Desired(suspended=False), []),
        (DOWN, replace(MARKED, suspended_with="lock-out"), Desired(suspended=False), []),
        (ACTIVE, replace(MARKED, suspended_with="commands"), Desired(suspended=False), ["restore"]),
    ],
)
def test_what_has_to_be_done(
    seen: Mailbox, record: Record, desired: Desired, expected: list[str]
) -> None:
    assert kinds(seen, record, desired) == expected


def test_a_password_is_sent_and_a_suspension_by_commands_is_lifted_by_commands() -> None:
    wanted = Desired(password=GOOD, password_digest="new")
    assert plan.diff(ACTIVE, OURS, wanted, terms(), START).changes == (
        Change(ChangeKind.SET_PASSWORD, secret=GOOD),
    )
    marked = replace(MARKED, suspended_with="commands")
    lifted = plan.diff(ACTIVE, marked, Desired(suspended=False), terms(), START).changes
    assert lifted == (Change(ChangeKind.RESTORE, {"with": "commands"}),)


def test_a_mailbox_goes_into_the_pak_that_lives_longest_and_has_room() -> None:
    change = plan.diff(ABSENT, Record(), CREATE, terms(), START).changes[0]
    assert change.arguments == {"bundle": "102", "display_name": "John"}
    assert change.secret == GOOD


@pytest.mark.parametrize(
    ("paks", "purchase", "expected"),
    [
        ((), "never", "purchase_needed"),
        ((EXPIRED,), "never", "purchase_needed"),
        ((replace(PAK, expires=START),), "never", "purchase_needed"),
        ((FULL, EXPIRED), "never", "pak_full"),
        ((FULL,), "paks", {"product": "pak", "quantity": 1}),
        ((), "boxes", {"product": "box", "quantity": 1}),
    ],
)
def test_without_room_the_configuration_decides(
    paks: tuple[Pak, ...], purchase: str, expected: Any
) -> None:
    seen = replace(ABSENT, paks=paks)
    try:
        changes = plan.diff(seen, Record(), CREATE, terms(purchase=purchase), START).changes
        got: Any = changes[0].arguments
        assert [change.kind for change in changes] == [ChangeKind.BUY]
    except Refused as error:
        got = error.code
        assert 'purchase = "never"' in error.detail and "buy a pak" in error.detail
    assert got == expected


@pytest.mark.parametrize(
    ("quota", "capacity"), [(1, None), (10, 10), (25, 25), (26, None), (50, 50)]
)
def test_a_box_is_bought_in_the_size_of_the_plan_where_enom_sells_it(
    quota: int, capacity: int | None
) -> None:
    wanted = replace(CREATE, quota=quota << 30)
    change = plan.diff(
        replace(ABSENT, paks=()), Record(), wanted, terms(purchase="boxes"), START
    ).changes[0]
    assert repr(change.arguments.get("capacity")) == repr(capacity)  # never 10.0


def years(until: datetime, **more: Any) -> int:
    change = plan.diff(
        ACTIVE, OURS, Desired(until=until), terms(purchase="paks", **more), START
    ).changes[0]
    assert change.kind is ChangeKind.RENEW
    return int(change.arguments["years"])


def test_a_renewal_covers_the_day_and_not_more() -> None:
    assert years(PAK.expires + timedelta(seconds=1)) == 1
    assert years(products.years_later(PAK.expires, 1)) == 1
    assert years(products.years_later(PAK.expires, 1) + timedelta(seconds=1)) == 2
    assert years(products.years_later(PAK.expires, products.MOST_YEARS)) == products.MOST_YEARS


@pytest.mark.parametrize(("purchase", "product"), [("paks", "pak"), ("boxes", "box")])
def test_a_renewal_is_of_what_was_bought(purchase: str, product: str) -> None:
    renew = plan.diff(
        ACTIVE, OURS, Desired(until=LATER.expires), terms(purchase=purchase), START
    ).changes[0]
    assert renew == Change(ChangeKind.RENEW, {"bundle": "101", "years": 1, "product": product})


RENEWAL = frozenset({Limit.RENEWAL})


def test_a_date_far_away_must_not_spend_the_accounts_money() -> None:
    far = products.years_later(PAK.expires, products.MOST_YEARS) + timedelta(days=1)
    with pytest.raises(NeedsPerson, match=f"{products.MOST_YEARS + 1} years of pak 101"):
        years(far)
    assert years(far, lifted=RENEWAL) == products.MOST_YEARS + 1
    with pytest.raises(NeedsPerson):
        years(far, lifted=frozenset(Limit) - RENEWAL)
    beyond = products.years_later(PAK.expires, 150)
    with pytest.raises(NeedsPerson):
        years(beyond)
    assert years(beyond, lifted=RENEWAL) == 100


def test_a_renewal_that_may_not_be_bought_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        kinds(ACTIVE, OURS, Desired(until=LATER.expires))
    assert caught.value.code == "purchase_needed"
    assert "Pak 101 expires" in caught.value.detail and 'purchase = "never"' in caught.value.detail


def test_a_year_after_the_29th_of_february_is_the_28th() -> None:
    assert products.years_later(datetime(2028, 2, 29, tzinfo=UTC), 1) == datetime(
        2029, 2, 28, tzinfo=UTC
    )


def test_a_suspension_names_only_what_it_will_change() -> None:
    seen = replace(ACTIVE, services={**ENABLED, "imap": "suspended"})
    suspend = plan.diff(
        seen, OURS, Desired(suspended=True), terms(services=("imap", "pop")), START
    ).changes[0]
    assert suspend.arguments == {"with": "hosted-email", "services": ["pop"]}


def test_a_restore_gives_back_exactly_what_was_lost() -> None:
    saved = {**ENABLED, "pop": "disabled", "imap": "suspended"}
    restore = plan.diff(
        DOWN, replace(MARKED, saved_services=saved), Desired(suspended=False), terms(), START
    ).changes[0]
    expected = {name: state for name, state in saved.items() if state != "suspended"}
    assert restore.arguments == {"with": "hosted-email", "services": expected}


def test_services_that_no_read_shows_any_more_cannot_be_restored() -> None:
    with pytest.raises(Refused) as caught:
        kinds(replace(ACTIVE, services=None), MARKED, Desired(suspended=False))
    assert caught.value.code == "unsupported"
    assert "hosted email" in caught.value.detail


@pytest.mark.parametrize(
    ("seen", "record", "expected"),
    [
        (ABSENT, OURS, State.ABSENT),
        (replace(ABSENT, exists=None), OURS, State.UNKNOWN),
        (ACTIVE, OURS, State.ACTIVE),
        (DOWN, OURS, State.SUSPENDED),
        (ACTIVE, replace(OURS, suspended_with="lock-out"), State.SUSPENDED),
        (ACTIVE, replace(OURS, suspended_with="commands"), State.SUSPENDED),
        (replace(ACTIVE, services=None), OURS, State.ACTIVE),
    ],
)
def test_the_state_is_what_is_seen_or_our_mark_where_nothing_can_be(
    seen: Mailbox, record: Record, expected: State
) -> None:
    assert plan.state_of(seen, record, terms()) is expected


# The record: what is remembered before a command, after a yes, and at the end.

SUSPEND = Change(ChangeKind.SUSPEND, {"with": "hosted-email", "services": list(SERVICES)})
LOCK = Change(ChangeKind.SUSPEND, {"with": "lock-out"})
COMMAND = Change(ChangeKind.SUSPEND, {"with": "commands"})


def test_a_create_makes_us_owner_before_it_is_sent() -> None:
    before = plan.before_sending(Record(settles_at=5.0), Change(ChangeKind.CREATE), ABSENT, OWNER)
    assert (before.source, before.service_id, before.state, before.settles_at) == (
        "shop",
        "7",
        State.UNKNOWN,
        5.0,
    )
    after = plan.after_accepted(before, Change(ChangeKind.CREATE), CREATE)
    assert (after.state, after.password_digest) == (State.ACTIVE, "digest")


def test_services_are_saved_once_and_before_the_first_command() -> None:
    mixed = {**ENABLED, "pop": "disabled"}
    first = plan.before_sending(OURS, SUSPEND, replace(ACTIVE, services=mixed), OWNER)
    assert (first.saved_services, first.suspended_with, first.state) == (
        mixed,
        "hosted-email",
        State.UNKNOWN,
    )
    second = plan.before_sending(first, SUSPEND, DOWN, OWNER)
    assert second.saved_services == mixed


def test_a_lock_out_is_ours_only_after_the_yes_and_forgets_the_password() -> None:
    before = plan.before_sending(OURS, LOCK, ACTIVE, OWNER)
    assert (before.suspended_with, before.password_digest) == (None, None)
    after = plan.after_accepted(before, LOCK, Desired(suspended=True))
    assert (after.suspended_with, after.state, after.password_digest) == (
        "lock-out",
        State.SUSPENDED,
        None,
    )
    opened = plan.after_accepted(
        after, Change(ChangeKind.SET_PASSWORD), Desired(suspended=False, password_digest="new")
    )
    assert (opened.suspended_with, opened.state, opened.password_digest) == (
        None,
        State.ACTIVE,
        "new",
    )


def test_configured_commands_mark_and_unmark() -> None:
    after = plan.after_accepted(
        plan.before_sending(OURS, COMMAND, ACTIVE, OWNER), COMMAND, Desired(suspended=True)
    )
    assert (after.suspended_with, after.password_digest) == ("commands", "digest")
    restored = plan.after_accepted(
        after, Change(ChangeKind.RESTORE, {"with": "commands"}), Desired(suspended=False)
    )
    assert (restored.suspended_with, restored.state) == (None, State.ACTIVE)


def test_each_suspension_ends_the_sessions_anew() -> None:
    """Those of the time since the last one: that they were ended then says nothing."""
    assert (
        plan.before_sending(
            replace(OURS, sessions_ended=True), SUSPEND, ACTIVE, OWNER
        ).sessions_ended
        is False
    )


def test_a_yes_to_a_lock_out_forgets_the_password_by_itself() -> None:
    assert plan.after_accepted(OURS, LOCK, Desired(suspended=True)).password_digest is None


def test_our_mark_stays_until_the_restore_is_seen_and_a_password_lifts_no_other_suspension() -> (
    None
):
    """A restore of several services that was half done must be known as ours when the job looks
    again."""
    restore = Change(ChangeKind.RESTORE, {"with": "hosted-email", "services": ENABLED})
    assert plan.after_accepted(MARKED, restore, Desired(suspended=False)) == replace(
        MARKED, state=State.ACTIVE
    )
    changed = plan.after_accepted(
        MARKED, Change(ChangeKind.SET_PASSWORD), Desired(password_digest="new")
    )
    assert changed == replace(MARKED, password_digest="new")


@pytest.mark.parametrize(
    ("kind", "field"),
    [(ChangeKind.SET_QUOTA, "quota"), (ChangeKind.SET_PASSWORD, "password_digest")],
)
def test_what_is_being_changed_is_not_known_until_the_yes(kind: ChangeKind, field: str) -> None:
    known = replace(OURS, quota=1)
    before = plan.before_sending(known, Change(kind), ACTIVE, OWNER)
    assert getattr(before, field) is None
    after = plan.after_accepted(before, Change(kind), Desired(quota=2, password_digest="new"))
    assert getattr(after, field) == {"quota": 2, "password_digest": "new"}[field]


@pytest.mark.parametrize("kind", [ChangeKind.RESTORE, ChangeKind.DELETE])
def test_while_a_command_is_under_way_the_state_is_unknown(kind: ChangeKind) -> None:
    assert (
        plan.before_sending(MARKED, Change(kind, {"with": "hosted-email"}), DOWN, OWNER).state
        is State.UNKNOWN
    )


def test_money_and_sessions_leave_the_record_alone() -> None:
    for kind in (ChangeKind.BUY, ChangeKind.RENEW, ChangeKind.LOG_OUT):
        assert plan.before_sending(OURS, Change(kind), ACTIVE, OWNER) == OURS
    assert plan.after_accepted(OURS, Change(ChangeKind.LOG_OUT), Desired()).sessions_ended
    assert plan.after_accepted(MARKED, Change(ChangeKind.DELETE), Desired()).state is State.ABSENT


def test_at_the_end_of_a_deletion_nobody_owns_anything() -> None:
    gone = plan.at_end(replace(MARKED, settles_at=9.0), ABSENT, Desired(exists=False), terms())
    assert gone == Record(
        state=State.ABSENT, settles_at=9.0
    )  # until then a read may still show the mailbox


def test_at_the_end_of_a_restore_no_mark_is_left_and_no_deletion_planned() -> None:
    ended = plan.at_end(
        replace(MARKED, delete_after=9.0), ACTIVE, Desired(suspended=False), terms()
    )
    assert ended == replace(OURS, state=State.ACTIVE)
    assert (
        plan.at_end(MARKED, DOWN, Desired(suspended=True, delete_after=9.0), terms()).delete_after
        == 9.0
    )


def test_at_the_end_the_size_that_was_wanted_is_on_record_even_if_it_was_so_already() -> None:
    assert plan.at_end(OURS, ACTIVE, Desired(quota=5), terms()).quota == 5
    assert plan.at_end(replace(OURS, quota=5), ACTIVE, Desired(suspended=False), terms()).quota == 5


def test_after_a_failure_the_record_says_what_was_seen() -> None:
    assert plan.after_failure(MARKED, None, terms()) == MARKED
    assert plan.after_failure(MARKED, replace(DOWN, exists=None), terms()) == MARKED
    gone = plan.after_failure(replace(MARKED, settles_at=9.0), ABSENT, terms())
    assert gone == Record(state=State.ABSENT, settles_at=9.0)
    for state in (
        State.UNKNOWN,
        State.ABSENT,
    ):  # nobody's: a refused hook says nothing of what it was
        assert plan.after_failure(Record(state=state), ABSENT, terms()) == Record(state=state)
    assert plan.after_failure(MARKED, DOWN, terms()) == MARKED
    assert plan.after_failure(MARKED, ACTIVE, terms()) == OURS


def test_after_a_failure_it_is_still_known_how_long_reads_may_lag() -> None:
    lagging = replace(MARKED, settles_at=100.0)
    assert plan.after_failure(lagging, ABSENT, terms()) == Record(
        state=State.ABSENT, settles_at=100.0
    )
    assert plan.after_failure(lagging, ACTIVE, terms()) == replace(OURS, settles_at=100.0)
    assert plan.after_failure(lagging, DOWN, terms()) == lagging
    assert plan.at_end(lagging, ABSENT, Desired(exists=False), terms()).settles_at == 100.0


@pytest.mark.parametrize(
    ("seen", "record", "at", "expected"),
    [
        (ABSENT, replace(OURS, settles_at=100.0), 100.0, True),
        (ABSENT, replace(OURS, settles_at=100.0), 99.0, False),
        (ACTIVE, replace(OURS, settles_at=100.0), 99.0, True),
        (DOWN, replace(OURS, settles_at=100.0), 99.0, False),
        (ACTIVE, replace(OURS, settles_at=100.0, quota=5), 99.0, False),
        (ACTIVE, replace(OURS, settles_at=100.0, quota=1 << 30), 99.0, True),
        (ACTIVE, replace(OURS, settles_at=100.0, state=State.UNKNOWN), 99.0, True),
    ],
)
def test_a_read_that_may_be_stale_must_agree_with_what_was_done_last(
    seen: Mailbox, record: Record, at: float, expected: bool
) -> None:
    assert plan.believable(seen, record, terms(), at, True) is expected


def test_a_plan_that_is_shown_hides_its_secret() -> None:
    one = Plan((Change(ChangeKind.SET_PASSWORD, secret=GOOD),))
    assert GOOD not in repr(one)
    assert GOOD not in str(one.describe())


# The proof: apply a plan to a mailbox, look again, and nothing is left to do.

states = st.sampled_from(["enabled", "disabled", "suspended"])
services = st.fixed_dictionaries(dict.fromkeys(SERVICES, states))
methods = st.sampled_from(["hosted-email", "lock-out", "commands"])
digests = st.sampled_from([None, "digest", "other"])
records = st.builds(
    Record,
    source=st.just("shop"),
    service_id=st.just("7"),
    state=st.sampled_from(State),
    password_digest=digests,
    suspended_with=st.none() | methods,
    saved_services=st.none() | services,
    sessions_ended=st.booleans(),
    quota=st.none() | st.just(1 << 30),
    delete_after=st.none() | st.just(9.0),
)
wishes = st.builds(
    Desired,
    exists=st.sampled_from([None, True, False]),
    suspended=st.sampled_from([None, True, False]),
    password=st.just(GOOD),
    password_digest=digests,
    quota=st.none() | st.sampled_from([1 << 30, 25 << 30]),
    until=st.none() | st.integers(0, 1000).map(lambda days: START + timedelta(days=days)),
)
worlds = st.tuples(
    st.booleans(),
    services,
    st.lists(st.tuples(st.integers(0, 2), st.integers(-300, 700)), max_size=3),
)


def remote(exists: bool, states: dict[str, str], paks: list[tuple[int, int]]) -> MemoryBackend:
    backend = MemoryBackend(now=lambda: START)
    for free, days in paks:
        backend.add_pak("example.com", free, START + timedelta(days=days))
    if exists:
        backend.create(JOHN, backend.add_pak("example.com").bundle, GOOD)
        backend.mailboxes[JOHN].services.update(states)
    return backend


@settings(max_examples=200, deadline=None)
@given(worlds, records, wishes, st.sampled_from(["never", "paks", "boxes"]), methods)
def test_a_plan_that_was_carried_out_leaves_nothing_to_plan(
    world: tuple[bool, dict[str, str], list[tuple[int, int]]],
    record: Record,
    desired: Desired,
    purchase: str,
    method: str,
) -> None:
    exists, states, paks = world
    # An action that does not want existence itself refuses when there is no mailbox.
    backend = remote(exists or desired.exists is None, states, paks)
    allowed = terms(purchase=purchase, suspend_with=method, lifted=RENEWAL)
    if desired.suspended:  # no action suspends and sets a password at once
        desired = replace(desired, password_digest=None)
    # A lock-out is lifted by a password only: actions.unsuspend sees to it.
    if (
        desired.suspended is False
        and record.suspended_with == "lock-out"
        and desired.password_digest is None
    ):
        desired = replace(desired, password_digest="digest")
    if record.suspended_with == "lock-out":
        record = replace(record, password_digest=None)
    try:
        for _ in range(4):  # a purchase, the creation, the rest, and the proof
            seen = backend.observe(JOHN)
            todo = plan.diff(seen, record, desired, allowed, START)
            if todo.empty:
                break
            for change in todo.changes:
                record = plan.before_sending(record, change, seen, OWNER)
                backend.apply(JOHN, change, seen)
                record = plan.after_accepted(record, change, desired)
    except BridgeError:
        return  # what may not be done was not planned, or the remote said no
    assert todo.empty
    seen = backend.observe(JOHN)
    ended = plan.at_end(record, seen, desired, allowed)
    assert plan.diff(seen, ended, desired, allowed, START).empty
    assert ended.state is plan.state_of(seen, ended, allowed)
    assert plan.believable(seen, replace(ended, settles_at=10.0), allowed, 0.0, True)
