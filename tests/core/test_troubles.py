"""Notes about what no single job or account says: Enom away, jobs that wait, jobs that fail for
one cause."""

from typing import NoReturn

import pytest

from bridge.domain.errors import Refused, Unavailable
from bridge.domain.model import State
from bridge.domain.ports import JobResult
from bridge.store import Troubles
from bridge.wiring import first_id
from tests.support.bench import Bench
from tests.support.stores import up_to

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
both = pytest.mark.parametrize("store", ["sqlite", "postgres"])


def look(bench: Bench) -> list[tuple[str, bool]]:
    """What is newly told: (subject, whether it is over)."""
    before = len(bench.rows("notes"))
    for _ in range(2):  # another worker, right after, adds nothing
        Troubles(bench.database, first_id).look()
    return [(row["subject"], row["cleared"]) for row in bench.rows("notes")[before:]]


def fail(bench: Bench, code: str, address: str) -> None:
    bench.hook("suspend", address=address)
    job = bench.queue.claim("worker", up_to(main=4))
    assert job is not None
    bench.queue.finish(
        job, JobResult("failed", State.UNKNOWN, False, {}, "No.", Refused("No.", code=code))
    )


@both
def test_enom_away_for_a_quarter_of_an_hour_is_one_note_and_one_when_it_answers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> NoReturn:
        raise Unavailable("No answer.")

    monkeypatch.setattr(bench.backend, "observe", away)
    receipt = bench.hook("suspend")
    bench.work(14 * MINUTE)
    assert look(bench) == []
    bench.work(10 * MINUTE)
    assert look(bench) == [("unreachable:main", False)]
    assert "enom-bridge doctor" in bench.rows("notes")[-1]["text"]
    bench.work(2 * HOUR)
    assert look(bench) == [], "it stands, and jobs wait because of it"
    monkeypatch.undo()
    bench.work(HOUR, until=receipt)
    assert look(bench) == [("unreachable:main", True)]


@both
def test_jobs_that_nobody_takes_for_an_hour_are_told_unless_the_account_is_paused(
    bench: Bench,
) -> None:
    bench.hook("suspend")
    bench.clock.now += HOUR + 1
    assert look(bench) == [("waiting:main", False)]
    bench.operator.pause_account("main", "looking")
    assert look(bench) == [("waiting:main", True)], "the pause has its own note"
    bench.operator.resume_account("main")
    assert look(bench) == [("waiting:main", False)]
    bench.work(HOUR)
    assert look(bench) == [("waiting:main", True)]


@both
def test_jobs_that_fail_for_one_cause_the_admin_can_mend_are_one_note(bench: Bench) -> None:
    for number in range(3):
        fail(bench, "plan_unknown", f"box{number}@example.com")
    fail(bench, "refused", "other@example.com")
    assert look(bench) == [("failing:main:plan_unknown", False)]
    assert (
        "3 jobs have failed" in bench.rows("notes")[-1]["text"]
        and "[plans]" in bench.rows("notes")[-1]["text"]
    )
    bench.clock.now += HOUR
    fail(bench, "plan_unknown", "again@example.com")
    assert look(bench) == []
    bench.clock.now += DAY - MINUTE
    assert look(bench) == [], "not over before a day without any"
    bench.clock.now += 2 * MINUTE
    assert look(bench) == [("failing:main:plan_unknown", True)]
