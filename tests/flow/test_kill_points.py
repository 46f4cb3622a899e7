"""A bridge killed with kill -9 at every named point of every action ends where it would have ended, and pays once.

All cells of the matrix run side by side, each with a process, a database and a domain of its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import requests

from tests.support.audit import Counts
from tests.support.billing import until
from tests.support.bridge import PASSWORD
from tests.support.process import SENDING, Bridge
from tests.support.stage import Stage

OTHER_PASSWORD = "Planted-Other.8"
SIDE_BY_SIDE = 16
LARGE = 25 << 30

# action: the commands that it takes
COMMANDS = {"create": 2, "suspend": 2, "unsuspend": 1, "terminate": 1, "change_password": 1, "change_plan": 1, "renew": 1}
DATA: dict[str, dict[str, str]] = {
    "create": {"password": PASSWORD, "plan": "basic"},
    "change_password": {"password": OTHER_PASSWORD},
    "change_plan": {"plan": "large"},
    "renew": {"until": "2031-06-01"},
}
BEFORE = {"unsuspend": ("create", "suspend"), "create": ()}  # else: create
AFTER = {"terminate": "create", "change_plan": "change_password"}  # else: change_plan
ONCE = ("accepting", "accepted", "claimed", "planned", "finishing", "finished", "callback-claimed", "callback-sent")
EACH_COMMAND = ("intent-committed", SENDING, "sent", "answer-committed")


@dataclass(frozen=True)
class Cell:
    store: str
    action: str
    point: str
    nth: int

    def __str__(self) -> str:
        return f"{self.store}-{self.action}-{self.point}-{self.nth}"

    @property
    def lost_before_paying(self) -> bool:
        """Nobody can know whether the purchase still travels: a person decides."""
        return self.action in ("create", "renew") and self.nth == 1 and self.point in ("intent-committed", SENDING)


def cells(store: str) -> Iterator[Cell]:
    for action, commands in COMMANDS.items():
        looks = 3 if action == "create" else 2
        for point in ONCE:
            yield Cell(store, action, point, 1)
        for nth in range(1, looks + 1):
            yield Cell(store, action, "observed", nth)
        for nth in range(1, commands + 1):
            for point in EACH_COMMAND:
                yield Cell(store, action, point, nth)


def chosen(config: pytest.Config) -> list[Cell]:
    """Where the same code runs on both stores, only one of them unless asked for more."""
    every = [cell for store in ("sqlite", "postgres") for cell in cells(store)]
    return every if config.getoption("--long") else [cell for cell in every if brief(cell)]


def brief(cell: Cell) -> bool:
    if cell.store == "sqlite":
        return cell.action not in ("change_password", "change_plan") or cell.point in EACH_COMMAND
    return cell.action == "create" or (cell.action in ("suspend", "renew") and cell.point in (*EACH_COMMAND, "finishing"))


@dataclass
class Outcome:
    first: dict[str, Any]
    second: dict[str, Any]
    mailbox: dict[str, Any] | None
    bought: int
    counts: Counts


def run(stage: Stage, cell: Cell, database: str) -> Outcome:
    domain = f"{cell.store}-{cell.action.replace('_', '-')}-{cell.point}-{cell.nth}.test"
    stage.domain(domain, pak=cell.action != "create")
    base = {"service_id": str(cell), "address": f"box@{domain}"}
    bridge = Bridge(path := stage.config(database))
    hooks: dict[str, dict[str, str]] = {}

    def ask(action: str, **more: Any) -> dict[str, Any]:
        data = DATA.get(action, {})
        receipt = stage.send(lambda: bridge.hooks, f"mailbox.{action}", **base, **data, **more)
        hooks[receipt["hook"]] = data
        return receipt

    try:
        for action in BEFORE.get(cell.action, ("create",)):
            assert ask(action, wait=20)["status"] == "succeeded"
        until(lambda: len(told(stage, cell)) == len(hooks))
        bridge.arm(cell.point, nth=cell.nth)
        id = f"msg_{cell}"
        body, headers = stage.billing.hook(f"mailbox.{cell.action}", id=id, **base, **DATA.get(cell.action, {}))
        post_once(bridge.hooks, body, headers)
        assert bridge.killed(20), f"{cell.point} was not passed {cell.nth} times"
        bridge = Bridge(path)
        ask(cell.action, id=id)
        ask(AFTER.get(cell.action, "change_plan"))
        jobs = stage.ended(database, len(hooks))
        counts = stage.audit(database, hooks, {domain: 1})
        return Outcome(jobs[-2], jobs[-1], stage.mailbox(base["address"]), stage.bought(domain), counts)
    finally:
        bridge.close()


def told(stage: Stage, cell: Cell) -> list[dict[str, Any]]:
    return [call for call in list(stage.billing.received) if call["data"]["service_id"] == str(cell)]


def post_once(url: str, body: bytes, headers: dict[str, str]) -> None:
    """The process may die before it answers."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            session.post(url, data=body, headers=headers, timeout=20)
        except requests.RequestException:
            pass


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, new_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], dict[Cell, Future[Outcome]]]]:
    """Of all cells of a store, as they come in; they begin when the first one is asked for."""
    stage = Stage(tmp_path_factory.mktemp("kill"))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:

        @cache
        def begin(store: str) -> dict[Cell, Future[Outcome]]:
            wanted = [(cell, new_database(store)) for cell in chosen(request.config) if cell.store == store]
            return {cell: pool.submit(run, stage, cell, database) for cell, database in wanted}

        yield begin
    stage.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("cell", chosen(metafunc.config), ids=str)


def test_killed_there_it_ends_as_if_nothing_had_happened(
    cell: Cell, outcomes: Callable[[str], dict[Cell, Future[Outcome]]], tally: Callable[..., None]
) -> None:
    outcome = outcomes(cell.store)[cell].result(100)
    tally("killed at a named point", cell.store, outcome.counts, kills=1)
    assert outcome.counts.faults == {}
    assert outcome.bought == (cell.action in ("create", "renew") and not cell.lost_before_paying)
    if cell.lost_before_paying:
        assert (outcome.first["status"], outcome.first["error"]["code"]) == ("held", "unclear")
        return
    assert (outcome.first["status"], outcome.second["status"]) == ("succeeded", "succeeded")
    assert outcome.mailbox is not None
    suspended = cell.action == "suspend"
    assert set(outcome.mailbox["services"].values()) == ({"suspended"} if suspended else {"enabled"})
    assert outcome.mailbox["password"] == (OTHER_PASSWORD if cell.action in ("change_password", "change_plan") else PASSWORD)
    assert outcome.mailbox["quota_bytes"] == (1 << 30 if cell.action == "terminate" else LARGE)
