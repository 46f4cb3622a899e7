"""Killed at each named point that the life of a hook passes, alone and while it recovers from a
lost answer: the same end.

In one process, with a crash that nothing of ours can catch. That the points are enough is tested,
too: between every two commits there is one, and around every command.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.sim import Simulator
from bridge.store.base import tables
from tests.support.bench import Clock
from tests.support.scene import PASSWORD
from tests.support.stores import BACKENDS
from tests.support.world import Crash, World

BEFORE = {"create": (), "unsuspend": ("create", "suspend")}  # else: create
DATA: dict[str, dict[str, Any]] = {
    "create": {"password": PASSWORD, "plan": "large"},
    "change_password": {"password": "Other-Secret.8"},
    "change_plan": {"plan": "basic"},
    "renew": {"until": "2029-06-01"},
    "set_aliases": {"aliases": ["info@example.net"]},
    "set_forwarding": {"forward_to": ["out@example.org"], "keep_copy": False},
    "change_service": {"from_service_id": "7", "service_id": "8", "seats": 1},
}
COMMANDS = {
    "create": ("PurchasePOPBundle", "SetUpPOP3User", "change_user"),
    "suspend": ("change_user", "logout_user"),
    "unsuspend": ("change_user",),
    "terminate": ("DeletePOP3",),
    "change_password": ("ModifyPOP3",),
    "change_plan": ("change_user",),
    "renew": ("RenewPOPBundle",),
    "set_aliases": ("change_user",),
    "set_forwarding": ("change_user",),
    "change_service": (),
}
HOSTED_COMMANDS = {
    **{action: ("change_user",) for action in ("create", "unsuspend", "change_password")},
    "suspend": COMMANDS["suspend"],
    "terminate": ("delete_user",),
    "change_plan": ("change_user",),
    "renew": (),
    "set_aliases": ("change_user",),
    "set_forwarding": ("change_user",),
    "change_service": (),
}
"""Hosted email alone: nothing is bought, and there is nothing to renew."""
TROUBLE = ("", "drop_before", "drop_after")
SPENDING = ("PurchasePOPBundle", "RenewPOPBundle")


@pytest.fixture
def world(
    simulator: Simulator, clock: Clock, backend: str, database_url: str, tmp_path: Path
) -> Iterator[World]:
    made = World(tmp_path, simulator, clock, database_url, backend=backend)
    yield made
    made.close()


def commands(world: World, action: str) -> tuple[str, ...]:
    alone = world.service.accounts["main"].backend.products.monthly
    return (HOSTED_COMMANDS if alone else COMMANDS)[action]


def spends(world: World, action: str) -> bool:
    return any(command in SPENDING for command in commands(world, action))


def live(world: World, action: str, fault: tuple[str, str] | None, crash_at: int) -> dict[str, Any]:
    """One life of a hook; how it ended.

    `crash_at`: which of the points it passes kills it, 0 for none.
    """
    world.reset()
    for name in BEFORE.get(action, ("create",)):
        hook(world, name)
        run_out(world)
    world.trap.passed.clear()
    world.outside.commands.clear()
    if fault:
        world.fault(*fault)
    world.trap.point, world.trap.left, world.trap.act = "*", crash_at, crash
    hook(world, action)
    run_out(world)
    world.trap.point = ""
    box = world.mailbox("box@example.net")
    state = box and {
        name: box[name] for name in ("services", "password", "quota_bytes", "attributes")
    }
    jobs = world.rows(tables.jobs)
    cards = [row for row in world.rows(tables.callbacks) if row["status"] == "delivered"]
    money = [world.outside.bought("example.net", command) for command in SPENDING]
    assert {row["id"] for row in cards} <= world.outside.taken
    assert world.outside.wrong == []
    owners = [row["service_id"] for row in world.rows(tables.mailboxes)]
    if action == "change_service":
        assert owners == [jobs[-1]["service_id"]] == ["8"] and jobs[-1]["changed"]
    ends = [(row["hook_id"], row["status"], row["state"], row["changed"]) for row in jobs]
    return {
        "state": state,
        "owners": owners,
        "money": money,
        "jobs": ends,
        "told": [row["sequence"] for row in cards],
    }


def hook(world: World, action: str) -> None:
    id = f"msg_{action}_{world.ids}"
    for _ in range(2):
        try:
            world.hook(action, id=id, address="box@example.net", **DATA.get(action, {}))
        except Crash:
            continue  # the sender got no answer and sends again
        return


def run_out(world: World) -> None:
    for _ in range(3):
        world.work(700)
        world.call_back(700)


def crash() -> None:
    raise Crash


def cells(
    world: World, action: str, long: bool
) -> Iterator[tuple[tuple[str, str] | None, int, str, dict[str, Any]]]:
    for fault in (
        [(command, name) for command in commands(world, action) for name in TROUBLE if name]
        if long
        else []
    ):
        usual = uncrashed(world, action, fault)
        yield from ((fault, n, point, usual) for n, point in enumerate(list(world.trap.passed), 1))
    usual = uncrashed(world, action, None)
    yield from ((None, n, point, usual) for n, point in enumerate(list(world.trap.passed), 1))


def uncrashed(world: World, action: str, fault: tuple[str, str] | None) -> dict[str, Any]:
    """What is compared with must be worth it: it succeeded, by all its commands."""
    usual = live(world, action, fault, 0)
    assert {status for _, status, _, _ in usual["jobs"]} == {"succeeded"}
    assert set(commands(world, action)) <= set(world.outside.commands)
    return usual


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "action",
    [each if each == "create" else pytest.param(each, marks=pytest.mark.long) for each in COMMANDS],
)
def test_killed_at_each_point_it_ends_as_without(
    world: World,
    store: str,
    backend: str,
    action: str,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    long = request.config.getoption("--long")
    count = held = 0
    committed: set[object] = set()
    for fault, n, point, usual in cells(world, action, long):
        found = live(world, action, fault, n)
        count += 1
        if point == "intent-committed" and spends(world, action) and fault not in committed:
            committed.add(fault)
            assert in_doubt(world, action), (
                f"{action}, killed at point {n}: whether its purchase travels was not asked"
            )
        if found != usual and in_doubt(world, action):
            held += 1  # nobody can know whether the purchase still travels
            assert max(found["money"]) <= 1
            continue
        assert found == usual, f"{action}, killed at point {n} ({point}), {fault}"
    tally(f"killed at each point, in process, {backend}", store, None, kills=count, held=held)


def in_doubt(world: World, action: str) -> bool:
    last = world.rows(tables.jobs)[-1]
    return last["status"] == "held" and last["error"]["code"] == "unclear" and spends(world, action)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("store", ["sqlite"])
def test_between_every_two_commits_is_a_named_point_and_around_every_command(
    world: World, store: str, backend: str, request: pytest.FixtureRequest
) -> None:
    trace = world.trap.passed
    watch_commits(world, trace)
    world.outside.commands = trace
    for action in COMMANDS if request.config.getoption("--long") else ("create", "suspend"):
        for fault in (
            None,
            *((command, "drop_after") for command in commands(world, action)[:1]),
            ("GetPOP3", "maintenance"),
            ("get_user", "oma_20"),
        ):
            live(world, action, fault, 0)
            unnamed = {"COMMIT", *commands(world, action)}
            for one, two in pairwise(trace):
                assert not {one, two} <= unnamed, (
                    f"{action}, {fault}: nothing between {one} and {two} in {trace}"
                )


def watch_commits(world: World, trace: list[str]) -> None:
    """Notes each commit that wrote something; a claim that finds nothing is none."""

    def executed(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        verb = statement.split()[0]
        if (
            verb == "INSERT"
            or "RETURNING" in statement
            or (verb in ("UPDATE", "DELETE") and cursor.rowcount > 0)
        ):
            connection.info["wrote"] = True

    def committed(connection: Any) -> None:
        if connection.info.pop("wrote", False):
            trace.append("COMMIT")

    sa.event.listen(world.service.database.engine, "after_cursor_execute", executed)
    sa.event.listen(world.service.database.engine, "commit", committed)
