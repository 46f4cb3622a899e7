"""A bridge killed with kill -9 between a service's job and its members, and at the end of each: it
ends as if nothing had happened, and is told once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridge import PASSWORD
from tests.support.process import Bridge
from tests.support.stage import Stage, all_at_once

NAMES = ("ann", "bob", "cat")
POINTS = [
    ("service-recorded", 1),
    ("members-recorded", 1),
    ("accepting", 1),
    ("accepted", 1),
    ("claimed", 2),
    ("intent-committed", 2),
    ("sent", 1),
    ("answer-committed", 2),
    ("finishing", 1),
    ("finishing", 3),
    ("finished", 3),
    ("callback-sent", 1),
]
AFTER = {"service.suspend": "suspended", "service.terminate": "absent"}


def state(stage: Stage, address: str) -> str:
    box = stage.mailbox(address)
    if box is None:
        return "absent"
    return "suspended" if set(box["services"].values()) == {"suspended"} else "active"


def run(stage: Stage, cell: tuple[str, str, int], database: str) -> None:
    action, point, nth = cell
    domain = f"{action.replace('.', '-')}-{point}-{nth}.test"
    stage.domain(domain, pak=False)
    addresses = [f"{name}@{domain}" for name in NAMES]
    service = domain
    bridge = Bridge(path := stage.config(database))
    hooks: dict[str, dict[str, Any]] = {}
    try:
        for address in addresses:
            data = {"password": PASSWORD, "seats": 3}
            receipt = stage.do(
                lambda: bridge.hooks, "mailbox.create", service_id=service, address=address, **data
            )
            assert receipt["status"] == "succeeded", receipt
            hooks[receipt["hook"]] = data
        stage.ended(database, len(hooks))
        bridge.arm(point, nth=nth)
        id = f"msg_{domain}".replace(".", "_")
        body, headers = stage.billing.hook(action, id=id, service_id=service)
        bridge.dies_of(body, headers)
        bridge = Bridge(path, lease=10.0)
        receipt = stage.send(lambda: bridge.hooks, action, id=id, service_id=service)
        hooks[receipt["hook"]] = {}
        jobs = stage.ended(database, len(addresses) * 2 + 1)
        mine = [job for job in jobs if job["action"] == action]
        assert [job["status"] for job in mine] == ["succeeded"]
        members = [job for job in jobs if job["service_job"] == mine[0]["id"]]
        assert sorted(job["address"] for job in members) == addresses
        assert [state(stage, address) for address in addresses] == [AFTER[action]] * 3
        assert stage.audit(database, hooks, {}).faults == {}
        told = {
            call["id"] for call in stage.billing.received if call["data"]["job"] == mine[0]["id"]
        }
        assert told == {f"cb_{mine[0]['id']}_1"}
    finally:
        bridge.close()


@pytest.mark.timeout(1800)
def test_killed_there_the_service_ends_as_if_nothing_had_happened(
    store: str,
    new_database: Callable[[str], str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    stage = Stage(tmp_path, backend="hosted-email")
    new_database(store)
    wanted = [("service.suspend", *each) for each in POINTS]
    if store == "sqlite" or request.config.getoption("--long"):
        wanted += [("service.terminate", *each) for each in POINTS if each[0] != "callback-sent"]
    try:
        all_at_once(lambda cell: run(stage, cell, new_database(store)), wanted)
    finally:
        stage.close()
