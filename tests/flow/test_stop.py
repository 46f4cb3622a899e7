"""A worker stopped past its lease (SIGSTOP) and resumed: another one has taken over, and the late
one changes nothing.

But for one call: when the process stops between its last look at the lease and the send. No token
can help there. These calls are counted, and the next observation must not be fooled by what they
did.
"""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.audit import WRITES, Counts
from tests.support.billing import until
from tests.support.bridge import PASSWORD
from tests.support.process import SENDING, Bridge
from tests.support.stage import Stage, all_at_once

POINTS = (
    "claimed",
    "observed",
    "planned",
    "intent-committed",
    SENDING,
    "sent",
    "answer-committed",
    "finishing",
    "finished",
)
DATA: dict[str, dict[str, str]] = {
    "create": {"password": PASSWORD},
    "change_plan": {"plan": "large"},
    "change_password": {"password": "Planted-Other.8"},
    "renew": {"until": "2031-06-01"},
}
BEFORE: dict[str, tuple[str, ...]] = {
    "create": (),
    "unsuspend": ("create", "suspend"),
}  # else: create
BRIEF = ("claimed", "intent-committed", SENDING, "sent", "finishing")
ACTIONS = ("create", "suspend", "unsuspend", "terminate", "change_password", "renew")


@dataclass(frozen=True)
class Cell:
    store: str
    action: str
    point: str
    overtaken_by: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.store, self.action, self.point, self.overtaken_by)))


def cells(store: str, long: bool) -> Iterator[Cell]:
    for action in ACTIONS if long else ("create", "suspend") if store == "sqlite" else ("create",):
        yield from (Cell(store, action, point) for point in POINTS if long or point in BRIEF)
    # What the other worker does before the stopped one sends: the opposite.
    yield Cell(store, "suspend", SENDING, "unsuspend")
    yield Cell(store, "terminate", SENDING, "create")


@dataclass
class Outcome:
    statuses: list[str]
    late_calls: int
    mailbox: dict[str, Any] | None
    bought: int
    counts: Counts


class Scene:
    """One mailbox, one worker that is stopped, and one that goes on."""

    def __init__(self, stage: Stage, cell: Cell, database: str) -> None:
        self.stage, self.cell, self.database = stage, cell, database
        self.domain = f"stop-{str(cell).replace('_', '-')}.test"
        self.address = f"box@{self.domain}"
        self.hooks: dict[str, dict[str, str]] = {}
        stage.domain(self.domain, pak=cell.action != "create")
        self.path = stage.config(database)
        self.stopped = self.bridge = Bridge(self.path)

    def ask(
        self, action: str, how: Callable[..., dict[str, Any]] | None = None, **more: Any
    ) -> dict[str, Any]:
        data = DATA.get(action, {})
        who = {"service_id": str(self.cell), "address": self.address}
        receipt = (how or self.stage.send)(
            lambda: self.bridge.hooks, f"mailbox.{action}", **who, **data, **more
        )
        self.hooks[receipt["hook"]] = data
        return receipt

    def writes(self) -> int:
        history = self.stage.sim.control("/history")["history"]
        spending = {"PurchasePOPBundle", "RenewPOPBundle"}
        return sum(
            call["domain"] == self.domain and call["command"] in WRITES | spending
            for call in history
        )

    def run(self) -> Outcome:
        try:
            for action in BEFORE.get(self.cell.action, ("create",)):
                assert self.ask(action, self.stage.do)["status"] == "succeeded"
            self.stop_at_the_point()
            self.bridge = Bridge(self.path, lease=10.0)
            self.ask(self.cell.action, id=f"msg_{self.cell}")
            self.stage.ended(self.database, len(self.hooks))
            if self.cell.overtaken_by:
                assert self.ask(self.cell.overtaken_by, self.stage.do)["status"] == "succeeded"
            before = self.writes()
            self.stopped.signal(signal.SIGCONT)
            self.stopped.close()  # gracefully: whatever it had begun is over
            late_calls = self.writes() - before
            self.ask(self.cell.overtaken_by or "change_plan", wait=20)
            jobs = self.stage.ended(self.database, len(self.hooks))
            counts = self.stage.audit(self.database, self.hooks, {self.domain: 1})
            bought = self.stage.bought(self.domain)
            return Outcome(
                [job["status"] for job in jobs],
                late_calls,
                self.stage.mailbox(self.address),
                bought,
                counts,
            )
        finally:
            self.stopped.close()
            self.bridge.close()

    def stop_at_the_point(self) -> None:
        self.bridge.arm(self.cell.point, kind=signal.SIGSTOP)
        who = {"service_id": str(self.cell), "address": self.address}
        data = DATA.get(self.cell.action, {})
        body, headers = self.stage.billing.hook(
            f"mailbox.{self.cell.action}", id=f"msg_{self.cell}", **who, **data
        )
        with requests.Session() as session:
            session.trust_env = False
            try:
                session.post(self.bridge.hooks, data=body, headers=headers, timeout=5)
            except requests.RequestException:
                pass  # its web server is stopped too
        until(self.bridge.stopped)


def test_stopped_there_and_resumed_after_another_took_over(
    store: str,
    new_database: Callable[[str], str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    stage = Stage(tmp_path)
    new_database(store)  # from this thread, because a server dies with the thread that started it
    try:
        wanted = cells(store, request.config.getoption("--long"))
        outcomes = all_at_once(
            lambda cell: checked(cell, Scene(stage, cell, new_database(store)).run()), wanted
        )
    finally:
        stage.close()
    for _, outcome in outcomes:
        tally(
            "stopped past its lease and resumed",
            store,
            outcome.counts,
            late_calls=outcome.late_calls,
        )


def checked(cell: Cell, outcome: Outcome) -> Outcome:
    assert outcome.late_calls == (cell.point == SENDING)
    if cell.overtaken_by:
        the_next_observation_is_not_fooled(cell, outcome)
        return outcome
    # A late call is one that comes after the other worker's; whether that is out of order depends
    # on what it repeats.
    assert outcome.counts.out_of_order <= outcome.late_calls
    assert not set(outcome.counts.faults) - {"out_of_order"}
    doubted = cell.action in ("create", "renew") and cell.point in ("intent-committed", SENDING)
    assert outcome.statuses[-2] == ("held" if doubted else "succeeded")
    paid = cell.action in ("create", "renew") and not (doubted and cell.point == "intent-committed")
    assert outcome.bought == paid
    return outcome


def the_next_observation_is_not_fooled(cell: Cell, outcome: Outcome) -> None:
    if (
        cell.action == "terminate"
    ):  # the late deletion took the new mailbox: the next create sees that, and makes it anew
        assert outcome.statuses[-1] == "succeeded"
        assert outcome.mailbox is not None
    else:  # the late suspension is not marked as ours: the next unsuspend sees it, and asks a person
        assert outcome.statuses[-1] == "held"
