"""A bridge killed with kill -9 at every named point of every action ends where it would have ended,
and pays once.

All cells of the matrix run side by side, each with a process, a database and a domain of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.actions import ACTIONS
from tests.flow import test_crash_matrix
from tests.support.audit import Counts, read
from tests.support.bridge import PASSWORD
from tests.support.process import SENDING, Bridge
from tests.support.stage import Stage, all_at_once
from tests.support.stores import BACKENDS

OTHER_PASSWORD = "Planted-Other.8"
LARGE = 25 << 30
FORMER = "former"  # the service that has the mailbox before a change of service

# action: the commands that it takes
COMMANDS = {
    "create": 2,
    "suspend": 2,
    "unsuspend": 1,
    "terminate": 1,
    "change_password": 1,
    "change_plan": 1,
    "renew": 1,
    "set_aliases": 1,
    "set_forwarding": 1,
    "change_service": 0,
}
HOSTED = COMMANDS | {"create": 1, "renew": 0}  # nothing is bought
DATA: dict[str, dict[str, Any]] = {
    "create": {"password": PASSWORD, "plan": "basic"},
    "change_password": {"password": OTHER_PASSWORD},
    "change_plan": {"plan": "large"},
    "renew": {"until": "2031-06-01"},
    "set_forwarding": {"forward_to": ["out@example.org"], "keep_copy": False},
    "change_service": {"from_service_id": FORMER, "seats": 1},
}
BEFORE = {"unsuspend": ("create", "suspend"), "create": ()}  # else: create
AFTER = {"terminate": "create", "change_plan": "change_password"}  # else: change_plan
ONCE = (
    "accepting",
    "accepted",
    "claimed",
    "planned",
    "finishing",
    "finished",
    "callback-claimed",
    "callback-sent",
)
AROUND_END = ("finishing", "finished")
SPENDING = ("create", "renew")
BRIEF = (*SPENDING, "suspend", "terminate", "change_service")
# On each store; with hosted email alone only what it does in its own way.
BRIEFS = {
    "enom": {"sqlite": BRIEF, "postgres": SPENDING},
    "hosted-email": {"sqlite": ("create", "terminate", "change_service"), "postgres": ("create",)},
}
EACH_COMMAND = ("intent-committed", SENDING, "sent", "answer-committed")


@dataclass(frozen=True)
class Cell:
    backend: str
    store: str
    action: str
    point: str
    nth: int

    def __str__(self) -> str:
        return f"{self.store}-{self.action}-{self.point}-{self.nth}"

    @property
    def pays(self) -> bool:
        return self.backend == "enom" and self.action in SPENDING

    @property
    def lost_before_paying(self) -> bool:
        """Nobody can know whether the purchase still travels: a person decides."""
        return self.pays and self.nth == 1 and self.point in ("intent-committed", SENDING)

    @property
    def ends(self) -> tuple[str, ...]:
        """A terminate that did nothing yet is called off by the create after it, unless it comes
        first."""
        unsent = self.point in (
            "accepting",
            "accepted",
            "claimed",
            "observed",
            "planned",
            "intent-committed",
            SENDING,
        )
        return (
            ("cancelled", "succeeded") if self.action == "terminate" and unsent else ("succeeded",)
        )


def cells(backend: str, store: str, long: bool) -> Iterator[Cell]:
    """The brief form: with Enom a creation at every point, the other commands around their call, a
    change of service around its end, PostgreSQL where money is spent."""
    for action, commands in (COMMANDS if backend == "enom" else HOSTED).items():
        if not long and action not in BRIEFS[backend][store]:
            continue
        looks = 3 if action == "create" and backend == "enom" else 2 if commands else 1
        if long or (backend, action, store) == ("enom", "create", "sqlite"):
            yield from (Cell(backend, store, action, point, 1) for point in ONCE)
            for nth in range(1, looks + 1):
                yield Cell(backend, store, action, "observed", nth)
        elif action == "change_service":
            yield from (Cell(backend, store, action, point, 1) for point in AROUND_END)
        for nth in range(1, commands + 1):
            yield from (Cell(backend, store, action, point, nth) for point in EACH_COMMAND)


@dataclass
class Outcome:
    first: dict[str, Any]
    second: dict[str, Any]
    mailbox: dict[str, Any] | None
    owner: str
    bought: int
    counts: Counts


def run(stage: Stage, cell: Cell, database: str) -> Outcome:
    domain = f"{cell.store}-{cell.action.replace('_', '-')}-{cell.point}-{cell.nth}.test"
    stage.domain(domain, pak=cell.action != "create")
    base = {"service_id": str(cell), "address": f"box@{domain}"}
    bridge = Bridge(path := stage.config(database))
    hooks: dict[str, dict[str, Any]] = {}
    given = DATA | {"set_aliases": {"aliases": [f"info@{domain}"]}}

    def ask(
        action: str, how: Callable[..., dict[str, Any]] = stage.send, **more: Any
    ) -> dict[str, Any]:
        data = given.get(action, {})
        whole = base | data | more
        receipt = how(lambda: bridge.hooks, f"mailbox.{action}", **whole)
        hooks[receipt["hook"]] = data
        return receipt

    try:
        for action in BEFORE.get(cell.action, ("create",)):
            first = {"service_id": FORMER} if cell.action == "change_service" else {}
            assert ask(action, stage.do, **first)["status"] == "succeeded"
        # Also noted, or it is the callback of what came before that is killed on a busy machine.
        stage.ended(database, len(hooks))
        bridge.arm(cell.point, nth=cell.nth)
        id = f"msg_{cell}"
        body, headers = stage.billing.hook(
            f"mailbox.{cell.action}", id=id, **base, **given.get(cell.action, {})
        )
        bridge.dies_of(body, headers)
        bridge = Bridge(path, lease=10.0)
        ask(cell.action, id=id)
        ask(AFTER.get(cell.action, "change_plan"))
        jobs = stage.ended(database, len(hooks))
        counts = stage.audit(database, hooks, {domain: 1})
        (record,) = read(database)["mailboxes"]
        return Outcome(
            jobs[-2],
            jobs[-1],
            stage.mailbox(base["address"]),
            record["service_id"],
            stage.bought(domain),
            counts,
        )
    finally:
        bridge.close()


def test_every_action_that_a_hook_may_ask_for_is_killed() -> None:
    asked = {action.removeprefix("mailbox.") for action in ACTIONS} - {"ensure"}  # of a status
    assert set(COMMANDS) == set(HOSTED) == set(test_crash_matrix.COMMANDS) == asked


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("backend", BACKENDS)
def test_killed_there_it_ends_as_if_nothing_had_happened(
    store: str,
    backend: str,
    new_database: Callable[[str], str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage = Stage(tmp_path, backend=backend)
    new_database(store)  # from this thread, because a server dies with the thread that started it
    try:
        wanted = cells(backend, store, request.config.getoption("--long"))
        outcomes = all_at_once(
            lambda cell: checked(cell, run(stage, cell, new_database(store))), wanted
        )
    finally:
        stage.close()
    for _, outcome in outcomes:
        tally(f"killed at a named point, {backend}", store, outcome.counts, kills=1)


def checked(cell: Cell, outcome: Outcome) -> Outcome:
    assert outcome.counts.faults == {}
    ends = [(job["action"], job["status"], job["error"]) for job in (outcome.first, outcome.second)]
    assert outcome.bought == (cell.pays and not cell.lost_before_paying), ends
    if cell.lost_before_paying:
        assert (outcome.first["status"], outcome.first["error"]["code"]) == ("held", "unclear")
        return outcome
    assert outcome.first["status"] in cell.ends and outcome.second["status"] == "succeeded", ends
    assert outcome.mailbox is not None
    assert outcome.owner == outcome.first["service_id"] == str(cell)
    if cell.action == "change_service":
        assert outcome.first["changed"], "it was done before it was recorded as done"
    suspended = cell.action == "suspend"
    assert set(outcome.mailbox["services"].values()) == (
        {"suspended"} if suspended else {"enabled"}
    )
    assert outcome.mailbox["password"] == (
        OTHER_PASSWORD if cell.action in ("change_password", "change_plan") else PASSWORD
    )
    assert outcome.mailbox["quota_bytes"] == (1 << 30 if cell.action == "terminate" else LARGE)
    return outcome
