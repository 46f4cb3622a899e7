"""How the comparison with peers counts: what is lost, repeated, out of order."""

from typing import Any

import pytest

from contrib.bench.peers.counts import Hook, count

HOOKS = [
    Hook("a1", "mailbox.create", "post@example.com", "one", 7),
    Hook("a2", "mailbox.change_password", "post@example.com", "two", 7),
]
AS_WANTED = {"post@example.com": "two"}
TOLD = {"a1": "job.succeeded", "a2": "job.succeeded"}


def call(password: str, started: float, ended: float | None) -> dict[str, Any]:
    return {
        "command": "ModifyPOP3",
        "parameters": {"password1": password},
        "started": started,
        "ended": ended,
    }


GOOD = [call("one", 1, 2), call("two", 3, 4)]


def counted(history=GOOD, accepted=("a1", "a2"), result=TOLD, passwords=AS_WANTED):
    return count(HOOKS, set(accepted), result, history, passwords)


def test_nothing_is_counted_against_work_that_is_as_it_should_be():
    counts = counted()
    assert (counts.lost, counts.failed, counts.repeated, counts.out_of_order, counts.wrong) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert (counts.calls, counts.at_once) == (1, 1)


def test_lost_is_what_was_accepted_and_never_told_of():
    assert counted(result={"a1": "job.succeeded"}).lost == 1
    assert counted(accepted=("a1",), result={"a1": "job.succeeded"}).lost == 0


def test_what_is_told_as_failed_is_not_lost():
    counts = counted(result=TOLD | {"a2": "job.failed"})
    assert (counts.lost, counts.failed) == (0, 1)


def test_repeated_is_each_command_of_a_hook_beyond_its_first():
    assert counted([*GOOD, call("two", 5, 6), call("two", 7, 8)]).repeated == 2


@pytest.mark.parametrize(
    "history",
    (
        [call("one", 1, 3), call("two", 2, 4)],
        [call("two", 1, 2), call("one", 3, 4)],
        [call("one", 1, None), GOOD[1]],
    ),
)
def test_out_of_order_is_a_command_that_did_not_wait_for_the_one_before(history):
    assert counted(history).out_of_order == 1


def test_a_command_whose_predecessor_was_never_sent_is_not_out_of_order():
    assert counted([call("two", 1, 2)]).out_of_order == 0


def test_wrong_is_a_mailbox_that_is_missing_or_has_another_password():
    assert [counted(passwords=held).wrong for held in ({}, {"post@example.com": "one"})] == [1, 1]


def test_calls_that_only_touch_are_not_at_once():
    assert counted([call("one", 1, 2), call("two", 2, 3)]).at_once == 1
    assert counted([call("one", 1, 3), call("two", 2, 3)]).at_once == 2
