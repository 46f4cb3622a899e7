"""The nightly reconciliation: done when it is done, by one process at a time, never lost, never
in a tight loop."""

from collections.abc import Callable
from typing import Any

import pytest

from bridge.domain.errors import AccountFault, StoreUnavailable
from bridge.infra.events import Events
from bridge.reconcile.nightly import PUT_OFF, Nightly
from bridge.reconcile.reconcile import Reconcile
from bridge.reconcile.scan import Scanner
from bridge.store import Findings
from bridge.store.admin.findings import LEASE
from tests.support.bench import GOOD, Bench

HOUR = 3600.0
AT = "13:00"  # an hour after the bench's clock


class Process:
    """One worker process. `meanwhile` is done at each look that its reconciliation takes."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.stop, self.meanwhile = bench, False, lambda: None
        self.looks = 0
        self.result: list[Any] = []
        self.findings = Findings(bench.database)
        scanner = Scanner(bench.account_state, bench.clock, lambda seconds: None)
        accounts = {"main": bench.account(domains={"example.com"})}
        reconcile = Reconcile(bench.lookup, scanner, self.findings, accounts, bench.clock)
        events = Events()
        events.add(self)
        self.nightly = Nightly(self.findings, reconcile, AT, lambda: self.stop, events)
        survey = bench.backend.survey

        def surveyed(domain: str) -> Any:
            self.looks += 1
            self.meanwhile()
            return survey(domain)

        self.survey = surveyed

    def begin(self, kind: str, facts: dict[str, Any]) -> None: ...
    def end(self, begun: None, kind: str, facts: dict[str, Any], seconds: float) -> None:
        self.result.append(facts["outcome"])

    def run(self) -> bool:
        before, self.bench.backend.survey = self.bench.backend.survey, self.survey
        try:
            held = self.nightly.take()
            if held:
                self.nightly.compare(held)
            return held is not None
        finally:
            self.bench.backend.survey = before

    @property
    def row(self) -> Any:
        return self.bench.rows("accounts")[0]


@pytest.fixture
def process(bench: Bench) -> Process:
    made = Process(bench)
    bench.do("create", password=GOOD)
    assert not made.run()  # notes the first night
    bench.clock.now += HOUR
    return made


def kept(bench: Bench) -> int:
    return len(bench.rows("reconciliations"))


def test_it_runs_once_a_night_and_is_marked_done_when_it_is_done(
    bench: Bench, process: Process
) -> None:
    marked: list[Any] = []
    process.meanwhile = lambda: marked.append(
        (process.row["reconcile_at"], process.row["reconcile_lease"])
    )
    due_at = process.row["reconcile_at"]
    assert process.run() and not process.run()
    assert marked == [(due_at, bench.clock.now + LEASE)]
    assert (process.row["reconcile_at"] - due_at, process.row["reconcile_lease"], kept(bench)) == (
        86400,
        None,
        1,
    )
    assert process.result == ["done"]
    bench.clock.now += 86400
    assert process.run() and kept(bench) == 2


def test_two_processes_never_run_it_at_once(bench: Bench, process: Process) -> None:
    other = Process(bench)
    process.meanwhile = lambda: taken.append(other.run())
    taken: list[bool] = []
    assert process.run() and taken == [False] and not other.run()
    assert (kept(bench), other.looks) == (1, 0)


def test_it_stays_its_own_for_as_long_as_the_process_lives(bench: Bench, process: Process) -> None:
    other = Process(bench)
    taken: list[Any] = []

    def slow() -> None:
        for _ in range(10):
            bench.clock.now += LEASE / 2
            process.nightly.keep()
            taken.append(other.run())

    process.meanwhile = slow
    assert process.run() and not any(taken) and kept(bench) == 1
    assert process.row["reconcile_lease"] is None


def test_a_stop_hands_it_back_so_that_the_night_is_not_lost(bench: Bench, process: Process) -> None:
    process.meanwhile = lambda: setattr(process, "stop", True)
    process.run()
    assert (kept(bench), process.row["reconcile_lease"]) == (0, None)
    assert Process(bench).run() and kept(bench) == 1


@pytest.mark.parametrize("lost", [KeyboardInterrupt, StoreUnavailable])
def test_a_crash_frees_it_when_the_lease_is_over(
    bench: Bench, process: Process, lost: type[BaseException]
) -> None:
    process.nightly.reconcile.lookup.records = raising(lost)  # type: ignore[method-assign]
    with pytest.raises(lost):
        process.run()
    other = Process(bench)
    del process.nightly.reconcile.lookup.records  # type: ignore[misc]
    assert not other.run()
    bench.clock.now += LEASE
    assert other.run() and kept(bench) == 1


def test_who_was_away_for_too_long_leaves_it_to_who_has_it_now(
    bench: Bench, process: Process
) -> None:
    other = Process(bench)

    def asleep() -> None:
        bench.clock.now += LEASE + 1
        assert other.run()
        process.nightly.keep()

    process.meanwhile = asleep
    process.run()
    assert (kept(bench), other.looks, process.result, other.result) == (1, 1, [], ["done"])
    assert not other.run(), "the night is done, whoever came late"


def test_nothing_is_kept_that_is_over(bench: Bench, process: Process) -> None:
    for why in (KeyboardInterrupt, StoreUnavailable):
        process.nightly.reconcile.lookup.records = raising(why)  # type: ignore[method-assign]
        with pytest.raises(why):
            process.run()
        lease = process.row["reconcile_lease"]
        process.nightly.keep()
        assert process.row["reconcile_lease"] == lease
        bench.clock.now += LEASE


def raising(what: type[BaseException]) -> Callable[..., Any]:
    def fault(*_: Any) -> None:
        raise what("gone")

    return fault


def faulty(bench: Bench, process: Process) -> None:
    def fault(domain: str) -> Any:
        process.looks += 1
        raise AccountFault("Enom refuses the login.")

    process.survey = fault


def broken(bench: Bench, process: Process) -> None:
    def fault() -> None:
        raise ZeroDivisionError

    process.meanwhile = fault


@pytest.mark.parametrize("why", [faulty, broken])
def test_one_that_fails_is_put_off_and_never_runs_in_a_tight_loop(
    bench: Bench, process: Process, why: Callable[[Bench, Process], None]
) -> None:
    well = process.survey
    why(bench, process)
    for _ in range(5):
        assert process.run()
        looks = process.looks
        assert not process.run() and process.looks == looks, "at once again"
        bench.clock.now += PUT_OFF
    assert set(process.result) == {"failed"}
    process.survey, process.meanwhile = well, lambda: None
    assert process.run() and process.result[-1] == "done"


def test_a_person_who_asks_while_it_runs_gets_another_one(bench: Bench, process: Process) -> None:
    def ask() -> None:
        bench.clock.now += 1
        bench.operator.reconcile_soon("main")
        process.meanwhile = lambda: None

    process.meanwhile = ask
    assert process.run() and process.run() and not process.run()
    assert kept(bench) == 2


def test_an_account_of_another_process_is_left_to_it(bench: Bench, process: Process) -> None:
    process.nightly.reconcile.accounts = {}
    assert not process.run()
    assert Process(bench).run()
