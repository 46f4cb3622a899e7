"""A stop that is asked for ends what is under way, and waits for nothing else; nothing that
comes round again is lost by it."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge import engine
from bridge.domain.account import Account
from bridge.domain.jobs import ENDED
from bridge.pipeline.alerts import Alerts
from bridge.reconcile.scan import Scanner
from bridge.store import AccountState, Database, Retention
from bridge.store.base.database import Topic
from bridge.wiring import Tuning
from tests.support.billing import Billing, until
from tests.support.bridge import TOKEN, Running, Simulator, furnish, write_config


def test_a_stop_does_not_sit_out_the_pause_between_two_looks(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POLL", 3600.0)
    idle: set[str] = set()
    wait = Database.wait

    def waiting(database: Database, topic: Topic, seconds: float, since: int) -> None:
        idle.add(threading.current_thread().name)
        wait(database, topic, seconds, since)

    monkeypatch.setattr(Database, "wait", waiting)
    with Simulator() as sim:
        furnish(sim)
        bridge = Running(write_config(tmp_path, sim, database_url))
        until(lambda: idle == {"work", "send"})
        stopping = threading.Thread(target=bridge.close)
        stopping.start()
        stopping.join(30)
        ended = not stopping.is_alive()
        bridge.engine.queue.wake()  # so that a failing test does not wait for an hour
        assert ended


def test_a_stop_in_the_middle_of_the_nightly_reconciliation_loses_no_night(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CHORES", 0.05)
    begun, go_on = threading.Event(), threading.Event()
    domains = Scanner.each_domain

    def slow(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return domains(*given)

    monkeypatch.setattr(Scanner, "each_domain", slow)
    with Simulator() as sim:
        furnish(sim)
        path = write_config(
            tmp_path, sim, database_url, source__domains=["example.com"], worker__reconcile_at=""
        )
        bridge = Running(path)
        bridge.service.operator.reconcile_soon("main")
        assert begun.wait(30)
        stopping = threading.Thread(target=bridge.close)
        stopping.start()
        until(lambda: bridge.engine.nightly.stopping())
        go_on.set()
        stopping.join(30)
        again = Running(path)
        try:
            assert again.service.findings.last("main") is None, "it was given up"
            until(lambda: again.service.findings.last("main") is not None)
        finally:
            again.close()


def test_an_account_that_hangs_keeps_no_other_waiting_and_a_stop_hands_it_back(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CHORES", 0.05)
    begun, go_on = threading.Event(), threading.Event()
    domains = Scanner.each_domain

    def slow(scanner: Scanner, account: Account, *more: Any) -> Any:
        if account.name == "main":
            begun.set()
            assert go_on.wait(30)
        return domains(scanner, account, *more)

    monkeypatch.setattr(Scanner, "each_domain", slow)
    with Simulator() as sim:
        furnish(sim)
        second: dict[str, Any] = {
            "accounts.another__uid": "reseller",
            "accounts.another__token": TOKEN,
            "accounts.another__endpoint": sim.endpoint,
            "accounts.another__suspend_with": "refuse",
            "accounts.another__mail_hosts": [],
        }
        own = {"source__domains": ["example.com"], "worker__reconcile_at": ""}
        bridge = Running(write_config(tmp_path, sim, database_url, **own, **second))
        before = {thread.ident for thread in threading.enumerate()}
        bridge.service.operator.reconcile_soon("main")
        assert begun.wait(30)
        bridge.service.operator.reconcile_soon("another")
        until(lambda: bridge.service.findings.last("another") is not None)
        stopping = threading.Thread(target=bridge.close)
        stopping.start()
        until(lambda: bridge.engine.nightly.stopping())
        go_on.set()
        stopping.join(30)
        again = Running(tmp_path / "bridge.toml", work=False)
        try:
            rows = {row["name"]: row for row in again.service.account_state.account_states()}
            assert rows["main"]["reconcile_lease"] is None
            assert rows["main"]["reconcile_at"] is not None, "it is due, as it was"
            assert again.service.findings.last("main") is None
        finally:
            again.close()
        left = {each for each in threading.enumerate() if each.ident not in before}
        assert [each.name for each in left if each.name.startswith(("reconcile", "survey"))] == []


@pytest.mark.parametrize(
    "broken",
    [
        (Retention, "purge_due"),
        (Retention, "prune"),
        (Alerts, "send_due"),
        (AccountState, "due_probes"),
    ],
)
def test_one_chore_that_raises_leaves_the_others_alone(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: tuple[type, str]
) -> None:
    monkeypatch.setattr(engine, "CHORES", 0.05)
    done: Counter[str] = Counter()

    def counting(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def task(self: Any) -> Any:
            done[name] += 1
            if (owner, name) == broken:
                raise ZeroDivisionError("a fault of ours")
            return real(self)

        monkeypatch.setattr(owner, name, task)

    often = [
        (AccountState, "due_probes"),
        (Retention, "purge_due"),
        (Retention, "wipe"),
        (Alerts, "send_due"),
    ]
    for owner, name in [*often, (Retention, "prune")]:
        counting(owner, name)
    with Simulator() as sim:
        furnish(sim)
        bridge = Running(write_config(tmp_path, sim, database_url))
        try:
            others = [name for owner, name in often if (owner, name) != broken]
            until(lambda: all(done[name] > 3 for name in others) and done[broken[1]])
            assert done[broken[1]] < 3, "what fails is not tried in a tight loop"
        finally:
            bridge.close()


class Pauses:
    """A checkpoint that stops the first hook inside its transaction, until `go`."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Event(), threading.Event()

    def __call__(self, name: str) -> None:
        if name == "accepting" and not self.entered.is_set():
            self.entered.set()
            assert self.go.wait(30)


@contextmanager
def hooks_in_a_group(
    bridge: Running, pauses: Pauses, pool: ThreadPoolExecutor, waits: Sequence[float | None]
) -> Iterator[list[Future[requests.Response]]]:
    """Sends one hook, and behind it, one for each of `waits`, those that share a transaction."""
    billing = Billing()
    inbox: Any = bridge.service.intake.inbox

    def send(nth: int, wait: float | None) -> Future[requests.Response]:
        data = {"service_id": str(nth), "address": f"box{nth}@example.com"}
        return pool.submit(billing.send, bridge.hooks, "mailbox.suspend", wait=wait, **data)

    try:
        sent = [send(0, None)]
        assert pauses.entered.wait(30)
        for nth, wait in enumerate(waits, 1):
            sent.append(send(nth, wait))
            until(lambda: len(inbox.writes) == len(sent) - 1)
        yield sent
    finally:
        pauses.go.set()
        billing.close()


def test_a_stop_answers_every_hook_of_the_group_that_is_being_stored(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with Simulator() as sim, ThreadPoolExecutor(6) as pool:
        furnish(sim)
        path = write_config(tmp_path, sim, database_url)
        bridge = Running(path, Tuning(checkpoint=pauses), work=False)
        with hooks_in_a_group(bridge, pauses, pool, [None] * 4) as sent:
            stopping = threading.Thread(target=bridge.close)
            stopping.start()
            until(lambda: bridge.server._dispatcher.stop_count > 0)
            assert not any(each.done() for each in sent)
            pauses.go.set()
            answers = [each.result(30) for each in sent]
        stopping.join(30)
        assert not stopping.is_alive()
        assert [each.status_code for each in answers] == [202] * 5
        again = Running(path, work=False)
        try:
            for each in answers:
                assert again.service.lookup.receipt("shop", each.json()["job"]).status == "queued"
        finally:
            again.close()


def test_one_of_a_group_that_waits_for_its_job_keeps_no_other_waiting(
    database_url: str, tmp_path: Path
) -> None:
    pauses = Pauses()
    with Simulator() as sim, ThreadPoolExecutor(6) as pool:
        furnish(sim)
        path = write_config(tmp_path, sim, database_url)
        bridge = Running(path, Tuning(checkpoint=pauses), work=False)
        try:
            with hooks_in_a_group(bridge, pauses, pool, [None, 30, None]) as sent:
                pauses.go.set()
                others = [each.result(30) for each in (*sent[:2], sent[3])]
                assert [each.status_code for each in others] == [202] * 3
                assert not sent[2].done(), "its job has not ended: nobody works"
                bridge.work()
                waited = sent[2].result(60)
            assert waited.status_code == 200
            assert waited.json()["status"] in ENDED
        finally:
            bridge.close()
