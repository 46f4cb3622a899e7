"""A remote that is late, drips, drops, fails after the effect, contradicts itself or shows what
was: the end is right.

Every fault meets every command of every action, each in a domain of its own, all through one bridge
at the same time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.model import Address
from bridge.sim.faults import FITS
from bridge.store import Database, OperatorActions
from bridge.wiring import new_job_id
from tests.support.audit import Counts, purchases, read
from tests.support.bridge import PASSWORD
from tests.support.process import Bridge
from tests.support.stage import Stage
from tests.support.workload import Workload

COMMANDS = {
    "create": ("GetPOP3", "get_user", "PurchasePOPBundle", "SetUpPOP3User"),
    "suspend": ("get_user", "change_user", "logout_user"),
    "unsuspend": ("change_user",),
    "change_password": ("ModifyPOP3",),
    "change_plan": ("change_user",),
    "renew": ("RenewPOPBundle",),
    "terminate": ("GetPOP3", "DeletePOP3"),
    "set_aliases": ("change_user",),
    "set_forwarding": ("get_user", "change_user"),
}
DATA: dict[str, dict[str, Any]] = {
    "create": {"password": PASSWORD, "plan": "basic"},
    "change_plan": {"plan": "large"},
    "change_password": {"password": "Planted-Other.8"},
    "renew": {"until": "2031-06-01"},
    "set_forwarding": {"forward_to": ["out@example.org"], "keep_copy": False},
}
READS = ("GetPOP3", "get_user")
# A slow answer is slower than the time-out, a late effect comes within settle after it; both with
# room for a busy machine.
SETTLE = {
    "account__timeout": 2,
    "account__settle": 2.5,
    "account__max_in_flight": 24,
    "worker__concurrency": 24,
}
DELAYS = {"slow": 3.0, "late": 3.0, "drip": 0.3, "drip_headers": 0.3}
ELSEWHERE = {"balance"}  # pauses all purchases of the account, as it should
STALE = 2  # reads in a row


@dataclass(frozen=True)
class Cell:
    action: str
    command: str
    fault: str

    def __str__(self) -> str:
        return f"{self.action}-{self.command}-{self.fault}".replace("_", "-").lower()

    @property
    def domain(self) -> str:
        return f"{self}.test"

    @property
    def address(self) -> str:
        return f"box@{self.domain}"


def cells() -> Iterator[Cell]:
    for action, commands in COMMANDS.items():
        for command in commands:
            api = "hosted" if command.islower() else "interface"
            fits = ("any", api, "read" if command in READS else f"{api}-write")
            yield from (
                Cell(action, command, fault)
                for fault, fit in FITS.items()
                if fit in fits and fault not in ELSEWHERE
            )


class Trial:
    """All cells through one bridge."""

    patience = 300.0  # seconds until every job has ended

    def __init__(self, stage: Stage, database: str, wanted: list[Cell]) -> None:
        self.stage, self.database, self.cells = stage, database, wanted
        self.hooks: dict[str, dict[str, Any]] = {}
        self.bridge = Bridge(stage.config(database, **SETTLE), lease=10.0)

    def run(self) -> Counts:
        self.furnish()
        restored = [cell for cell in self.cells if cell.action == "unsuspend"]
        for cell in restored:
            self.send(cell, "suspend")
        self.stage.ended(self.database, len(self.hooks))
        for cell in self.cells:
            times = STALE if cell.fault == "stale" else 1
            fault = {
                "command": cell.command,
                "fault": cell.fault,
                "domain": cell.domain,
                "times": times,
            }
            self.stage.sim.control(
                "/faults", fault | ({"delay": DELAYS[cell.fault]} if cell.fault in DELAYS else {})
            )
        with ThreadPoolExecutor(8) as pool:
            for sent in [pool.submit(self.send, cell, cell.action) for cell in self.cells]:
                sent.result()
        self.stage.ended(self.database, len(self.hooks), self.patience)
        return self.stage.audit(self.database, self.hooks, {cell.domain: 1 for cell in self.cells})

    def furnish(self) -> None:
        """Makes what the actions need, as if it had always been so."""
        database = Database(self.database)
        operator = OperatorActions(database, new_job_id)
        for cell in self.cells:
            bundle = self.stage.domain(cell.domain, pak=cell.action != "create")
            if cell.action != "create":
                box = {
                    "address": cell.address,
                    "password": PASSWORD,
                    "bundle": bundle,
                    "settled": True,
                }
                self.stage.sim.control("/mailboxes", box)
                operator.adopt("main", Address.parse(cell.address), "shop", str(cell))
        database.close()

    def send(self, cell: Cell, action: str) -> None:
        named = {"set_aliases": {"aliases": [f"info@{cell.domain}"]}}
        data = (DATA | named).get(action, {})
        who = {"service_id": str(cell), "address": cell.address}
        self.hooks[
            self.stage.send(lambda: self.bridge.hooks, f"mailbox.{action}", **who, **data)["hook"]
        ] = data

    def wrong(self) -> dict[str, Any]:
        """The cells that did not succeed, were not hit by their fault, or cost another sum than
        was needed."""
        jobs = {job["service_id"]: job for job in read(self.database)["jobs"]}
        left = {
            fault["domain"]
            for fault in self.stage.sim.control("/faults")["faults"]
            if fault["fault"] != "stale"
        }
        paid = purchases(self.stage.sim)
        found = {}
        for cell in self.cells:
            job, bought = jobs[str(cell)], paid[cell.domain]
            if (job["status"], bought) != (
                "succeeded",
                cell.action in ("create", "renew"),
            ) or cell.domain in left:
                found[str(cell)] = (job["status"], bought, job["error"], cell.domain in left)
        return found


def test_every_fault_at_every_command(
    store: str,
    database_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage = Stage(tmp_path)
    # The faults are the remote's, not the store's: in brief, PostgreSQL gets every fifth of them.
    brief = store == "postgres" and not request.config.getoption("--long")
    trial = Trial(stage, database_url, list(cells())[:: 5 if brief else 1])
    try:
        counts = trial.run()
        tally("every fault at every command", store, counts)
        assert counts.faults == {}
        assert trial.wrong() == {}
    finally:
        trial.bridge.close()
        stage.close()


def test_reads_that_stay_stale_longer_than_promised_never_buy_twice(
    store: str, database_url: str, tmp_path: Path
) -> None:
    stage = Stage(tmp_path)
    trial = Trial(stage, database_url, [cell := Cell("create", "GetPOP3", "stale")])
    try:
        trial.furnish()
        stage.sim.control("/faults", {"command": "GetPOP3", "fault": "stale", "times": None})
        trial.send(cell, "create")
        (job,) = stage.ended(database_url, 1)
        assert (job["status"], job["error"]["code"], stage.bought(cell.domain)) == (
            "held",
            "unclear",
            1,
        )
    finally:
        trial.bridge.close()
        stage.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(10 if metafunc.config.getoption("--long") else 1))


# balance pauses the account's purchases for minutes; the others only take time.
CHAOS = sorted(set(FITS) - {"balance", "drip", "drip_headers", "huge"})


def test_chaos_by_seed(
    store: str,
    seed: int,
    database_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage = Stage(tmp_path, seed)
    long = request.config.getoption("--long")
    load = Workload(
        stage, f"chaos-{store}", database_url, jobs=600 if long else 60, domains=15, seed=seed
    )
    stage.sim.control("/chaos", {"share": 0.1 if long else 0.05, "faults": CHAOS})
    stage.sim.control("/settings", {"stale_seconds": 0.5, "stale_share": 0.3, "hosted_lag": 0.3})
    bridge = Bridge(stage.config(database_url, **SETTLE), lease=10.0)
    try:
        load.send(lambda: bridge.hooks)
        counts = load.finish()
    finally:
        bridge.close()
        stage.close()
    tally("chaos", store, counts, retried=load.retried)
    assert counts.faults == {}
