"""Several accounts at the same time: none waits for another, and none suffers from another's
fault."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bridge.domain.errors import StoreUnavailable, Unavailable
from bridge.domain.model import Address, Survey
from bridge.domain.ports import Reconciliation
from bridge.reconcile import nightly, reconcile, scan
from bridge.reconcile.nightly import Held, Nightly
from bridge.reconcile.reconcile import Reconcile
from bridge.reconcile.scan import OnProgress, Scanner
from bridge.store import Findings
from bridge.store.admin.findings import LEASE
from tests.support.bench import Bench

HOUR = 3600.0
NAMES = ("main", "other", "third")


class Accounts:
    """Three accounts of one domain each, which has the account's name; `meanwhile` is done at
    each look at it."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench = bench
        self.meanwhile: dict[str, Callable[[], None]] = {}
        monkeypatch.setattr(bench.backend, "survey", self.survey)
        bench.account_state.know(NAMES, ["shop"])
        self.findings = Findings(bench.database)
        accounts = {
            name: replace(bench.account(domains={f"{name}.example.com"}), name=name)
            for name in NAMES
        }
        scanner = Scanner(bench.account_state, bench.clock, lambda seconds: None)
        self.reconcile = Reconcile(bench.lookup, scanner, self.findings, accounts, bench.clock)
        self.stop = False
        self.nightly = Nightly(self.findings, self.reconcile, "13:00", lambda: self.stop)

    def survey(self, domain: str) -> Survey:
        self.meanwhile.get(domain.partition(".")[0], lambda: None)()
        return Survey(())

    def compared(self) -> list[str]:
        return [row["account"] for row in self.bench.rows("reconciliations")]

    def leases(self) -> dict[str, Any]:
        return {row["name"]: row["reconcile_lease"] for row in self.bench.rows("accounts")}

    def due(self) -> None:
        assert self.nightly.take() is None  # notes the first night
        self.bench.clock.now += HOUR

    def start(self, held: Held) -> threading.Thread:
        thread = threading.Thread(target=self.nightly.compare, args=(held,))
        thread.start()
        return thread

    def take(self, count: int = 3) -> list[Held]:
        taken = [self.nightly.take() for _ in range(count)]
        return [each for each in taken if each]


@pytest.fixture
def accounts(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Accounts]:
    monkeypatch.setattr(scan, "SIGN", 0.01)
    before = threading.active_count()
    yield Accounts(bench, monkeypatch)
    assert threading.active_count() == before


def kept_by(accounts: Accounts, go_on: threading.Event) -> threading.Event:
    """Lets the first account hang until `go_on`; set once it does."""
    begun = threading.Event()

    def hang() -> None:
        begun.set()
        assert go_on.wait(30)

    accounts.meanwhile["main"] = hang
    return begun


class TestNightly:
    @pytest.fixture(autouse=True)
    def night(self, accounts: Accounts) -> None:
        accounts.due()

    def test_one_that_hangs_keeps_no_other_waiting(self, accounts: Accounts) -> None:
        go_on = threading.Event()
        begun = kept_by(accounts, go_on)
        first, *others = accounts.take()
        hanging = accounts.start(first)
        assert begun.wait(30)
        for held in others:
            accounts.nightly.compare(held)
        assert accounts.compared() == ["other", "third"]
        accounts.bench.clock.now += 24 * HOUR
        again = accounts.take(9)
        assert [held.account for held in again] == ["other", "third"], "it has its thread already"
        for held in again:
            accounts.nightly.compare(held)
        go_on.set()
        hanging.join()
        assert accounts.compared()[4:] == ["main"]

    def test_each_keeps_its_own_lease_for_as_long_as_it_takes(self, accounts: Accounts) -> None:
        go_on = threading.Event()
        begun = kept_by(accounts, go_on)
        first, *others = accounts.take()
        hanging = accounts.start(first)
        assert begun.wait(30)
        for _ in range(5):
            accounts.bench.clock.now += LEASE / 2
            accounts.nightly.keep()
        lease = accounts.bench.clock.now + LEASE
        assert accounts.leases() == dict.fromkeys(NAMES, lease)
        for held in others:
            accounts.nightly.compare(held)
        assert accounts.leases() == {"main": lease, "other": None, "third": None}
        go_on.set()
        hanging.join()
        assert accounts.leases()["main"] is None and len(accounts.compared()) == 3

    @pytest.mark.parametrize("fault", [ZeroDivisionError, StoreUnavailable])
    def test_a_fault_in_one_is_its_own(self, accounts: Accounts, fault: type[Exception]) -> None:
        def broken() -> None:
            raise fault("gone")

        accounts.meanwhile["main"] = broken
        for held in accounts.take():
            try:
                accounts.nightly.compare(held)
            except StoreUnavailable:
                assert (held.account, fault) == ("main", StoreUnavailable)
        assert accounts.compared() == ["other", "third"] and accounts.take() == []
        accounts.meanwhile.clear()
        accounts.bench.clock.now += nightly.PUT_OFF
        (again,) = accounts.take()
        accounts.nightly.compare(again)
        assert accounts.compared() == ["other", "third", "main"]

    def test_a_stop_hands_all_of_them_back(self, accounts: Accounts) -> None:
        go_on = threading.Event()
        accounts.meanwhile = dict.fromkeys(NAMES, lambda: go_on.wait(30) and None)
        threads = [accounts.start(held) for held in accounts.take()]
        accounts.stop = True
        go_on.set()
        for thread in threads:
            thread.join()
        assert accounts.compared() == [] and accounts.leases() == dict.fromkeys(NAMES)
        accounts.stop = False
        assert len(accounts.take()) == 3, "they are due, as they were"

    def test_no_more_are_taken_than_there_are_threads_for(
        self, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(nightly, "AT_ONCE", 2)
        first, second = accounts.take()
        accounts.nightly.compare(first)
        (third,) = accounts.take()
        assert (second.account, third.account) == ("other", "third")


class TestForAPerson:
    def reports(self, accounts: Accounts, *names: str) -> list[Reconciliation | Exception]:
        return accounts.reconcile.side_by_side(names, "ann")

    def test_all_are_read_at_the_same_time_and_told_in_their_order(
        self, accounts: Accounts
    ) -> None:
        together = threading.Barrier(3)
        accounts.meanwhile = dict.fromkeys(NAMES, lambda: together.wait(30) and None)
        found = self.reports(accounts, "third", "main", "other")
        assert [each.account for each in found if isinstance(each, Reconciliation)] == [
            "third",
            "main",
            "other",
        ]

    def test_each_has_its_own_limit_of_calls_and_leaves_one_to_hooks(
        self, bench: Bench, accounts: Accounts
    ) -> None:
        calls, most, lock = Counter[str](), Counter[str](), threading.Lock()
        together = threading.Barrier(6)  # two calls of each of three accounts, which allow three
        accounts.reconcile.accounts = {
            name: replace(
                bench.account(3, domains={f"{name}.d{number}.example.com" for number in range(6)}),
                name=name,
            )
            for name in NAMES
        }

        def counted(name: str) -> None:
            with lock:
                calls[name] += 1
                most[name] = max(most[name], calls[name])
            together.wait(30)
            with lock:
                calls[name] -= 1

        accounts.meanwhile = {name: partial(counted, name) for name in NAMES}
        assert all(
            isinstance(each, Reconciliation) and len(each.domains) == 6
            for each in self.reports(accounts, *NAMES)
        )
        assert most == dict.fromkeys(NAMES, 2)

    def test_an_error_in_one_is_told_in_its_place(self, accounts: Accounts) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        accounts.meanwhile["other"] = broken
        first, fault, last = self.reports(accounts, *NAMES)
        assert isinstance(fault, ZeroDivisionError)
        assert fault.__notes__ == ["It came while account other was compared."]
        assert isinstance(first, Reconciliation) and isinstance(last, Reconciliation)
        assert sorted(accounts.compared()) == ["main", "third"]

    def test_one_that_cannot_be_reached_is_told_as_unread(self, accounts: Accounts) -> None:
        def away() -> None:
            raise Unavailable("No answer.")

        accounts.meanwhile["other"] = away
        found = [each for each in self.reports(accounts, *NAMES) if not isinstance(each, Exception)]
        assert [list(each.unread) for each in found] == [[], ["other.example.com"], []]

    def test_ctrl_c_ends_all_of_them_and_keeps_nothing_half(
        self, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        go_on, begun = threading.Event(), threading.Barrier(4)

        def hang() -> None:
            begun.wait(30)
            go_on.wait(30)

        accounts.meanwhile = dict.fromkeys(NAMES, hang)

        def interrupted(*given: Any) -> None:
            begun.wait(30)
            threading.Timer(0.05, go_on.set).start()
            raise KeyboardInterrupt

        monkeypatch.setattr(reconcile, "result", interrupted)
        with pytest.raises(KeyboardInterrupt):
            self.reports(accounts, *NAMES)
        assert accounts.compared() == []

    def test_progress_names_the_account_where_there_are_several(self, accounts: Accounts) -> None:
        def silent(done: int, of: int) -> None: ...

        shown: list[str] = []

        def progress(what: str) -> OnProgress:
            shown.append(what)
            return silent

        accounts.reconcile.side_by_side(NAMES, "ann", progress=progress)
        assert sorted(shown)[0] == f"main: {reconcile.DOMAINS}"
        shown.clear()
        accounts.reconcile.side_by_side(["main"], "ann", progress=progress)
        assert shown == [reconcile.DOMAINS, reconcile.SUSPECTS]


def test_an_account_is_judged_in_batches_with_the_same_result(
    bench: Bench, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{letter}.example.com" for letter in "abcdefg"]
    for name in names:
        bench.operator.adopt("main", Address("ann", name), "shop", f"ann-{name}")
    bench.clock.now += HOUR
    bench.backend.domains |= set(names) - {"c.example.com"}
    whole = accounts.reconcile.account("main", "ann")
    asked: list[int] = []
    records = bench.lookup.records

    def counted(account: str, domains: Any = None) -> Any:
        asked.append(len(domains))
        return records(account, domains)

    monkeypatch.setattr(bench.lookup, "records", counted)
    monkeypatch.setattr(reconcile, "BATCH", 2)
    parts = accounts.reconcile.account("main", "ann")
    assert max(asked) == 2 and len(asked) > 4
    assert replace(parts, started_at=0.0, ended_at=0.0) == replace(
        whole, started_at=0.0, ended_at=0.0
    )
    assert len(whole.differences) == 7
