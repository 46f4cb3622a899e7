"""Many looks side by side: no more than the account allows, and none that waits for ever."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest

from bridge.domain.account import Account
from bridge.domain.errors import MalformedReply, NotPossible, OutcomeUnknown, Unavailable
from bridge.domain.model import Survey
from bridge.reconcile import scan
from bridge.reconcile.matching import Group, Scan, ScanError
from bridge.reconcile.scan import OnProgress, Scanner, silent
from tests.support.bench import Bench

MINUTE = 60.0


class Remote:
    """An account whose remote and whose calls the test makes; `asked` counts looks."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, most: int = 3) -> None:
        self.account: Account = bench.account(most)
        self.asked: Counter[str] = Counter()
        self.pauses = 0
        self.answer: Callable[[str], None] = lambda domain: None
        self.may_call: Callable[[], bool] = lambda: True
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0
        monkeypatch.setattr(bench.backend, "survey", self.survey)
        self.scanner = Scanner(self, bench.clock, self.pause)  # type: ignore[arg-type]  # the one method it calls

    @contextmanager
    def call_slot(self, account: str, most: int, seconds: float) -> Iterator[None]:
        if not self.may_call():
            raise NotPossible("all calls are in use")
        yield

    def survey(self, domain: str) -> Survey:
        with self.lock:
            self.asked[domain] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.answer(domain)
        finally:
            with self.lock:
                self.at_once -= 1
        return Survey(())

    def pause(self, seconds: float) -> None:
        with self.lock:
            self.pauses += 1
        time.sleep(0.002)

    def look(
        self, names: Sequence[str], progress: OnProgress = silent
    ) -> dict[str, Scan | ScanError]:
        return self.scanner.domains(self.account, names, progress)


@pytest.fixture
def remote(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    before = set(threading.enumerate())  # one of another test may be about to end
    yield Remote(bench, monkeypatch)
    assert set(threading.enumerate()) <= before


def domains(count: int) -> list[str]:
    return [f"d{number:03}.example.com" for number in range(count)]


def unread(found: dict[str, Any]) -> list[str]:
    return sorted(
        name
        for name, one in found.items()
        if isinstance(one, ScanError) and one.group is Group.UNREAD
    )


def test_who_waits_while_others_get_calls_is_not_given_up(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thread gets five calls; during each the other pauses three times, which together
    is longer than its patience."""
    monkeypatch.setattr(scan, "PATIENCE", 2.0)
    served: list[int] = []
    turn = threading.Condition()
    paused = 0

    def may_call() -> bool:
        nonlocal paused
        with turn:
            me = threading.get_ident()
            if served and served[0] != me and len(served) < 5:
                return False
            served.append(me)
            paused = 0
            turn.notify_all()
            return True

    def pause(seconds: float) -> None:
        nonlocal paused
        with turn:
            paused, calls = paused + 1, len(served)
            turn.notify_all()
            if paused >= 3:
                assert turn.wait_for(lambda: len(served) > calls, 20)

    def answer(domain: str) -> None:
        with turn:
            if len(served) < 5:
                assert turn.wait_for(lambda: paused >= 3, 20)

    remote.scanner.pause, remote.may_call, remote.answer = pause, may_call, answer
    assert unread(remote.look(domains(7))) == []


def test_without_a_free_call_all_is_given_up_at_once_and_not_each_by_itself(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "PATIENCE", 5.0)
    remote.may_call = lambda: False
    found = remote.look(domains(50))
    assert len(unread(found)) == 50
    assert {each.detail for each in found.values() if isinstance(each, ScanError)} == {
        "all calls are in use"
    }
    assert remote.pauses < 50, "each by itself would pause ten times"


@pytest.mark.parametrize("error", [Unavailable, OutcomeUnknown])
def test_a_remote_that_says_nothing_for_ten_minutes_is_asked_no_more(
    bench: Bench, remote: Remote, error: type[Exception]
) -> None:
    def silence(domain: str) -> None:
        bench.clock.now += MINUTE
        raise error("No answer.")

    remote.answer = silence
    assert len(unread(remote.look(domains(50)))) == 50
    assert remote.asked.total() <= 15


@pytest.mark.parametrize("now_and_then", [None, MalformedReply("What?")])
def test_one_that_answers_now_and_then_is_asked_to_the_end(
    bench: Bench, remote: Remote, now_and_then: Exception | None
) -> None:
    def seldom(domain: str) -> None:
        with remote.lock:
            bench.clock.now += MINUTE
            if remote.asked.total() % 5:
                raise Unavailable("No answer.")
            if now_and_then:
                raise now_and_then

    remote.answer = seldom
    remote.look(domains(50))
    assert len(remote.asked) == 50


def test_what_could_not_be_read_is_asked_again_when_all_others_were(remote: Remote) -> None:
    order: list[str] = []

    def fail_once(domain: str) -> None:
        order.append(domain)
        if domain == "d000.example.com" and order.count(domain) == 1:
            raise Unavailable("No answer.")

    remote.answer = fail_once
    assert unread(remote.look(domains(20))) == []
    assert order[-1] == "d000.example.com" and len(order) == 21


def test_a_slow_domain_holds_up_no_other(remote: Remote) -> None:
    all_others = threading.Event()

    def slow(domain: str) -> None:
        if domain == "d000.example.com":
            assert all_others.wait(20)
        elif len(remote.asked) == 20:
            all_others.set()

    remote.answer = slow
    assert unread(remote.look(domains(20))) == []


def test_no_account_gets_more_threads_than_its_share(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote(bench, monkeypatch, most=64)
    remote.scanner.threads = 4
    busy = threading.Barrier(4)
    remote.answer = lambda domain: busy.wait(20) and None
    remote.look(domains(16))
    assert remote.most_at_once == 4


def test_what_nobody_reads_is_not_asked(remote: Remote) -> None:
    with closing(remote.scanner.each_domain(remote.account, domains(500))) as found:
        next(found)
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline and remote.asked.total() <= 6:
            time.sleep(0.005)
        assert remote.asked.total() <= 6, "a few ahead, for two threads"
    assert remote.asked.total() <= 6


def test_a_stop_waits_for_no_free_call(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "SIGN", 0.01)
    remote.may_call = lambda: False

    def stop(done: int, of: int) -> None:
        assert (done, of) == (0, 50)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remote.look(domains(50), stop)
    assert remote.asked.total() == 0
    assert remote.pauses < 600, "two threads would have paused 2,400 times in their ten minutes"
