"""In what way a record and what the remote shows of its mailbox differ: the one rule that every
report goes by."""

from dataclasses import replace

import pytest

from bridge.backends.memory import SERVICES
from bridge.domain.compare import CompareResult, compare, unsettled
from bridge.domain.differences import DifferenceKind
from bridge.domain.model import Address, Mailbox, Record, State
from tests.support.bench import terms

ANN = Address("ann", "example.com")
ON = Mailbox(ANN, True, dict.fromkeys(SERVICES, "enabled"), quota=1 << 30)
OFF = replace(ON, services=dict.fromkeys(SERVICES, "suspended"))
NOBODYS = Record()
OURS = Record("shop", "7", State.ACTIVE, quota=1 << 30)
SUSPENDED = replace(OURS, state=State.SUSPENDED, suspended_with="hosted-email")


@pytest.mark.parametrize(
    ("record", "seen", "expected"),
    [
        (OURS, ON, CompareResult(State.ACTIVE)),
        (SUSPENDED, OFF, CompareResult(State.SUSPENDED)),
        (NOBODYS, None, CompareResult(State.ABSENT)),
        (OURS, None, CompareResult(State.ABSENT, DifferenceKind.MISSING)),
        (OURS, Mailbox(ANN, False), CompareResult(State.ABSENT, DifferenceKind.MISSING)),
        (OURS, Mailbox(ANN, None), CompareResult(State.UNKNOWN, DifferenceKind.HALF)),
        (NOBODYS, Mailbox(ANN, None), CompareResult(State.UNKNOWN, DifferenceKind.HALF)),
        (NOBODYS, ON, CompareResult(State.ACTIVE, DifferenceKind.NO_OWNER)),
        (
            NOBODYS,
            OFF,
            CompareResult(State.SUSPENDED, DifferenceKind.NO_OWNER, suspended_by_others=True),
        ),
        (Record(state=State.ABSENT), ON, CompareResult(State.ACTIVE, DifferenceKind.EXTRA)),
        (
            OURS,
            OFF,
            CompareResult(
                State.SUSPENDED, DifferenceKind.SUSPENDED_AT_ENOM, suspended_by_others=True
            ),
        ),
        (SUSPENDED, ON, CompareResult(State.ACTIVE, DifferenceKind.WRONG_STATE)),
        (
            replace(OURS, state=State.UNKNOWN),
            ON,
            CompareResult(State.ACTIVE, DifferenceKind.WRONG_STATE),
        ),
        (replace(SUSPENDED, quota=1), ON, CompareResult(State.ACTIVE, DifferenceKind.WRONG_STATE)),
        (replace(OURS, quota=1), ON, CompareResult(State.ACTIVE, DifferenceKind.WRONG_PLAN)),
        (replace(OURS, quota=None), ON, CompareResult(State.ACTIVE)),
        (OURS, replace(ON, quota=None), CompareResult(State.ACTIVE)),
    ],
)
def test_one_difference_is_named_and_the_state_as_it_is_shown(
    record: Record, seen: Mailbox | None, expected: CompareResult
) -> None:
    assert compare(record, seen, terms()) == expected


def test_a_read_may_be_the_past_until_the_last_command_has_settled() -> None:
    record = replace(OURS, settles_at=100.0)
    assert [unsettled(record, at) for at in (99.9, 100.0)] == [True, False]
