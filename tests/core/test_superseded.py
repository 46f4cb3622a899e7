"""What a newer hook makes of an older one of its service: the table of actions, walked; and
times and marks."""

from itertools import product

import pytest

from bridge.domain.actions import ACTIONS, decides
from bridge.domain.superseded import (
    NEEDED,
    HookEffect,
    is_late,
    is_later,
    marks_with,
    overtaken,
    taken_away,
)

TAKES, NEEDS, NEITHER = "takes the mailbox away", "needs the mailbox", "says nothing of it"
KINDS = {
    "mailbox.create": NEEDS,
    "mailbox.ensure": NEEDS,
    "mailbox.suspend": NEITHER,
    "mailbox.unsuspend": NEEDS,
    "mailbox.terminate": TAKES,
    "mailbox.change_password": NEITHER,
    "mailbox.change_plan": NEITHER,
    "mailbox.renew": NEEDS,
    "mailbox.set_aliases": NEITHER,
    "mailbox.set_forwarding": NEITHER,
    "mailbox.change_service": NEEDS,
}
US, THEM = ["shop", "7"], ["shop", "8"]


def word(action: str, *, password: bool = False) -> HookEffect:
    return HookEffect(action, frozenset(map(str, decides(action, password=password))))


def test_every_action_is_known() -> None:
    """Whoever adds one says here whether it takes a mailbox away or needs it."""
    assert set(KINDS) == set(ACTIONS)
    for action, kind in KINDS.items():
        assert (word(action).takes_away, word(action).needs) == (kind == TAKES, kind == NEEDS)


@pytest.mark.parametrize(("older", "newer"), [*product(ACTIONS, ACTIONS)])
def test_one_yields_to_another_by_facts_and_a_terminate_by_need(older: str, newer: str) -> None:
    # What takes a mailbox over from another service makes none: it stands for no creation.
    moves = "mailbox.change_service" in (older, newer)
    expected = word(older).facts <= word(newer).facts and not moves
    if KINDS[older] == TAKES:
        expected = KINDS[newer] == NEEDS
    elif KINDS[newer] == TAKES:
        # Else not until its turn has come
        expected = older == "mailbox.change_service"
    assert (overtaken(word(older), [word(newer)]) is not None) == expected
    assert (taken_away(word(older), [word(newer)]) is not None) == (
        KINDS[newer] == TAKES and KINDS[older] != TAKES
    )


def test_several_decide_together_but_no_terminate_among_them() -> None:
    create = word("mailbox.create")
    parts = [
        word(f"mailbox.{name}")
        for name in ("suspend", "change_password", "change_plan", "terminate")
    ]
    assert overtaken(create, parts) is None
    assert overtaken(create, [*parts, word("mailbox.create")]) is not None
    assert overtaken(create, []) is None and taken_away(create, []) is None


def test_why_is_told_with_the_code_of_the_contract() -> None:
    for error in (
        overtaken(word("mailbox.terminate"), [word("mailbox.renew")]),
        overtaken(word("mailbox.suspend"), [word("mailbox.suspend")]),
        taken_away(word("mailbox.suspend"), [word("mailbox.terminate")]),
    ):
        assert error is not None and error.code == "overtaken"


@pytest.mark.parametrize(
    ("hook_time", "last", "expected"),
    [
        (100.0, 100.0, False),  # equal times go by arrival
        (100.5, 100.5, False),
        (100.5, 100.6, True),
        (100.6, 100.5, False),
        (100.0, 100.9, False),  # a whole second is not older than a part of it
        (100.0, 101.0, True),
        (100.9, 101.0, True),
    ],
)
def test_older_is_strictly_older(hook_time: float, last: float, expected: bool) -> None:
    assert is_later([*US, last], US, hook_time) is expected
    assert is_later([*THEM, last], US, hook_time) is False
    assert is_later(None, US, hook_time) is False


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("last", ACTIONS)
def test_which_older_hook_comes_too_late(action: str, last: str) -> None:
    marks = marks_with(word(last), {}, US, 200.0)
    expected = word(action).facts <= word(last).facts
    if KINDS[action] == TAKES:
        expected = KINDS[last] != NEITHER
    assert is_late(word(action), marks, US, 100.0) is expected
    assert is_late(word(action), marks, US, 200.0) is False
    assert is_late(word(action), marks, THEM, 100.0) is False


def test_a_database_of_before_knows_by_its_mark_of_existence() -> None:
    assert is_late(word("mailbox.terminate"), {"existence": [*US, 200.0]}, US, 100.0)
    assert not is_late(word("mailbox.terminate"), {"suspension": [*US, 200.0]}, US, 100.0)


def test_what_is_known_of_a_need_does_not_grow_older_by_a_renewal_that_is() -> None:
    marks = marks_with(word("mailbox.unsuspend"), {}, US, 200.0)
    marks = marks_with(word("mailbox.renew"), marks, US, 150.0)
    assert (marks[NEEDED], marks["expiry"]) == ([*US, 200.0], [*US, 150.0])
    assert marks_with(word("mailbox.renew"), marks, US, 250.0)[NEEDED] == [*US, 250.0]
    assert marks_with(word("mailbox.renew"), marks, THEM, 100.0)[NEEDED] == [*THEM, 100.0]
    assert marks_with(word("mailbox.terminate"), marks, US, 300.0)[NEEDED] == [*US, 200.0]
