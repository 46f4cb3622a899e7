"""Rule 1 of jobs: where a job may go, what an error makes of it, and when a command may be sent
again."""

import pytest

from bridge.domain import errors, jobs
from bridge.domain.errors import (
    AccountFault,
    BridgeError,
    MalformedReply,
    NeedsPerson,
    NoFunds,
    OutcomeUnknown,
    Overtaken,
    RefusalUnproven,
    Refused,
    Unavailable,
    Withdrawn,
)
from bridge.domain.jobs import Recheck, Verdict, may_send
from bridge.domain.model import Change, ChangeKind, Step

WAYS = {
    ("queued", "running"),
    ("queued", "held"),
    ("queued", "cancelled"),
    ("running", "queued"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "held"),
    ("running", "cancelled"),
    ("held", "cancelled"),
}


def test_a_job_goes_only_the_ways_of_the_contract() -> None:
    assert {(before, after) for before, ways in jobs.STATES.items() for after in ways} == WAYS


def test_what_has_ended_goes_nowhere_but_what_is_held_can_be_called_off() -> None:
    assert jobs.ENDED == {"succeeded", "failed", "held", "cancelled"}
    assert {state: set(jobs.STATES[state]) for state in jobs.ENDED if jobs.STATES[state]} == {
        "held": {"cancelled"}
    }


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refused(), Verdict("failed")),
        (NeedsPerson(), Verdict("held")),
        (Overtaken(), Verdict("cancelled")),
        (Withdrawn(), Verdict("cancelled")),
        (AccountFault(), Verdict("queued", "account")),
        (AccountFault(code="ip_not_allowed"), Verdict("queued", "account")),
        (NoFunds(), Verdict("queued", "account")),
        (Unavailable(), Verdict("queued", "retry")),
        (OutcomeUnknown(), Verdict("queued", "retry")),
        (MalformedReply(), Verdict("queued", "retry")),
        (RefusalUnproven(Refused()), Verdict("queued", "retry")),
        (BridgeError(), Verdict("queued", "retry")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_an_error_makes_of_a_job(error: BridgeError, expected: Verdict) -> None:
    assert jobs.verdict(error) == expected
    assert expected.waiting_for in (None, *jobs.WaitingFor)


def test_every_error_has_a_verdict_that_the_states_allow() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, BridgeError)
    ]
    assert len(kinds) > 8
    for kind in kinds:
        error = RefusalUnproven(Refused()) if kind is RefusalUnproven else kind()
        assert jobs.verdict(error).status in jobs.STATES["running"]


def test_pauses_grow_to_five_minutes_with_full_jitter() -> None:
    assert [jobs.pause(tries, lambda: 1.0) for tries in (1, 2, 3, 8, 9, 50)] == [
        2,
        4,
        8,
        256,
        300,
        300,
    ]
    assert jobs.pause(9, lambda: 0.0) == 0.0
    assert jobs.pause(9, lambda: 0.5) == 150.0


def test_looks_come_at_most_half_a_minute_apart() -> None:
    assert [jobs.look_pause(lagging) for lagging in (-9.0, 0.0, 1.0, 8.0, 31.0, 1e9)] == [
        1.0,
        1.0,
        1.0,
        8.0,
        30.0,
        30.0,
    ]


# The rule for repeating: a row for each outcome, before and after reads can be trusted.

ENDED_AT, SETTLE = 1000.0, 60.0
EARLY, LATE = ENDED_AT + SETTLE - 1, ENDED_AT + SETTLE
DELETE, BUY, RENEW, CREATE = (
    Change(ChangeKind.DELETE),
    Change(ChangeKind.BUY),
    Change(ChangeKind.RENEW),
    Change(ChangeKind.CREATE),
)
NO = Refused("the pak is full", code="pak_full")


def step(outcome: str, error: BridgeError | None = None, interrupted: bool = False) -> Step:
    return Step(1, "delete", outcome, 990.0, ENDED_AT, 0.0, interrupted, error)


SENT, WAIT, REFUSED, PERSON = "sent", "waits", "refused", "a person"
ROWS = [
    (DELETE, None, EARLY, SENT),
    (DELETE, step("unsent"), EARLY, SENT),
    (BUY, step("unsent"), EARLY, SENT),
    (DELETE, step("refused", NO), EARLY, REFUSED),
    (BUY, step("refused", NO), LATE, REFUSED),
    *(
        (change, step(outcome), EARLY, WAIT)
        for change in (DELETE, CREATE, BUY, RENEW)
        for outcome in ("accepted", "unknown")
    ),
    (DELETE, step("unknown", NO), EARLY, WAIT),
    (CREATE, step("doubted", RefusalUnproven(NO)), EARLY, WAIT),
    (CREATE, step("doubted", RefusalUnproven(NO)), LATE, REFUSED),
    (BUY, step("doubted", RefusalUnproven(NO)), LATE, REFUSED),
    (DELETE, step("accepted"), LATE, SENT),
    (DELETE, step("unknown"), LATE, SENT),
    (DELETE, step("unknown", RefusalUnproven(NO)), LATE, SENT),
    (DELETE, step("unknown", interrupted=True), LATE, SENT),
    (CREATE, step("unknown"), LATE, SENT),
    (CREATE, step("unknown", interrupted=True), LATE, SENT),
    (BUY, step("unknown"), LATE, SENT),
    (RENEW, step("unknown"), LATE, SENT),
    (BUY, step("unknown", interrupted=True), LATE, PERSON),
    (RENEW, step("unknown", interrupted=True), LATE, PERSON),
    (BUY, step("accepted"), LATE, PERSON),
    (RENEW, step("accepted"), LATE, PERSON),
]


@pytest.mark.parametrize(("change", "last", "observed_at", "expected"), ROWS)
def test_when_a_command_may_be_sent_again(
    change: Change, last: Step | None, observed_at: float, expected: str
) -> None:
    try:
        may_send(change, last, observed_at, SETTLE)
        got = SENT
    except Recheck as pause:
        got = WAIT
        assert observed_at < pause.at <= ENDED_AT + SETTLE
        assert pause.waiting_for == "settle"
        assert last is not None and pause.error is last.error
    except Refused as error:
        got = REFUSED
        assert error is NO
    except NeedsPerson as error:
        got = PERSON
        assert error.code == "unclear"
        why = (
            "The mail provider accepted it, but no read"
            if last and last.outcome == "accepted"
            else "The worker that sent it stopped, and no read"
        )
        assert error.detail.startswith(f"A purchase ({change.kind}) is in doubt. {why} shows it.")
    assert got == expected


def test_a_look_again_says_when_and_why() -> None:
    assert str(Recheck(12.3, "settle")) == "settle until 12"
