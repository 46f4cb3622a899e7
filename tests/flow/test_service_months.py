"""Random months of services with seats, beside single hooks, crashes and people: what was sold,
what is there and what inventory says differ by nothing, and no mailbox is deleted that a service
needs.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge.domain.errors import NotPossible
from bridge.domain.jobs import ENDED, STATES
from bridge.domain.services import STATES as SERVICE_STATES
from bridge.sim import Simulator
from bridge.store.base import tables
from tests.flow.test_whole_model import TRAIL, TRIGGERS, Crash
from tests.support.audit import services_wrong
from tests.support.bench import Clock
from tests.support.outside import SECRETS
from tests.support.scene import PASSWORD
from tests.support.world import World

BOXES = tuple(f"{name}@example.com" for name in ("ann", "bob", "cat", "dan", "eve"))
SEATS = {"7": 3, "8": 2}
SINGLE = (
    *("create", "create", "create", "suspend", "unsuspend", "terminate", "renew"),
    *("change_service", "change_service"),
)
WHOLE = ("suspend", "unsuspend", "terminate")
NEEDS = ("create", "unsuspend", "renew", "change_service")
POINTS = (
    "accepting",
    "accepted",
    "service-recorded",
    "members-recorded",
    "claimed",
    "observed",
    "intent-committed",
    "sent",
    "answer-committed",
    "finishing",
    "finished",
)
FAULTS = ("drop_before", "drop_after", "error_500_after", "oma_20", "oma_28")
LIMITS: dict[str, Any] = {
    "safety__max_terminations_per_hour": 2,  # so that some services are held
    "safety__max_creations_per_day": 0,
    "source__member_callbacks": True,
}


@dataclass(frozen=True)
class Said:
    """A hook that was taken: in which order, and how many commands had been begun by then."""

    order: int
    steps: int
    id: str
    action: str
    service: str
    address: str
    job: str


class Month(RuleBasedStateMachine):
    """`world` is set by the test that runs it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.reset()
        with self.world.service.database.write() as tx:
            tx.execute(sa.text("DELETE FROM trail"))
        self.world.outside.sending = self.world.trap
        self.said: list[Said] = []
        self.sent = 0

    # Billing

    @rule(
        action=st.sampled_from(SINGLE),
        box=st.integers(0, 4),
        service=st.sampled_from(("7", "7", "7", "8")),
        late=st.sampled_from((0, 0, 0, 300)),
        then=st.sampled_from((None, 0, 60)),
    )
    def single(self, action: str, box: int, service: str, late: int, then: int | None) -> None:
        data: dict[str, Any] = {"service_id": service, "address": BOXES[box]}
        if action == "create":
            data |= {"password": PASSWORD, "seats": SEATS[service]}
        if action == "change_service":
            other = "8" if service == "7" else "7"
            data |= {"from_service_id": other, "seats": SEATS[service]}
        if action == "renew":
            data |= {"until": "2029-06-01"}
        self.deliver(f"mailbox.{action}", data, late)
        if then is not None:
            self.world.work(then)

    another = one_more = single

    @rule(
        action=st.sampled_from(WHOLE),
        service=st.sampled_from(("7", "7", "8")),
        late=st.sampled_from((0, 0, 0, 300)),
        then=st.sampled_from((None, None, 0, 60)),
    )
    def whole(self, action: str, service: str, late: int, then: int | None) -> None:
        self.deliver(f"service.{action}", {"service_id": service}, late)
        if then is not None:
            self.world.work(then)

    whole_again = whole

    def deliver(self, type: str, data: dict[str, Any], late: int) -> None:
        self.sent += 1
        self.world.clock.now += 0.01
        for _ in range(2):
            try:
                answer = self.post(f"msg_{self.sent}", type, data, late)
            except Crash:  # the sender got no answer, and sends again
                continue
            assert answer.status_code in (200, 202), answer.text
            receipt = answer.json or {}
            if receipt["status"] != "cancelled":
                begun = len(self.world.rows(tables.steps))
                self.said.append(
                    Said(
                        self.sent,
                        begun,
                        f"msg_{self.sent}",
                        type,
                        data["service_id"],
                        data.get("address", ""),
                        receipt["job"],
                    )
                )
            return

    def post(self, id: str, type: str, data: dict[str, Any], late: int) -> Any:
        body = self.world.body(type, -late, **data)
        return self.world.post("/hooks/shop", body, self.world.sign(body, id, SECRETS["shop"]))

    @precondition(lambda self: self.said)
    @rule(n=st.integers(0, 20))
    def withdraw(self, n: int) -> None:
        was = self.said[n % len(self.said)]
        self.sent += 1
        self.post(f"msg_{self.sent}", "job.withdraw", {"hook": was.id}, 0)

    # The bridge

    @rule(seconds=st.sampled_from((0, 5, 100)))
    def work(self, seconds: int) -> None:
        self.world.work(seconds)

    @rule()
    def one_attempt(self) -> None:
        self.world.step()

    more_attempts = one_attempt

    @rule(seconds=st.sampled_from((0, 400)))
    def call_back(self, seconds: int) -> None:
        self.world.call_back(seconds)

    @rule(point=st.sampled_from(POINTS), nth=st.sampled_from((1, 1, 2, 3)))
    def crash(self, point: str, nth: int) -> None:
        """At the next hook or attempt that passes it."""
        trap = self.world.trap
        trap.point, trap.left, trap.act = point, nth, self.die

    @staticmethod
    def die() -> None:
        raise Crash

    @rule(seconds=st.sampled_from((1, 60, 4000)))
    def time_passes(self, seconds: int) -> None:
        self.world.trap.point = ""
        self.world.periodic_tasks(seconds)

    # Enom, people

    @rule(fault=st.sampled_from(FAULTS), command=st.sampled_from(("change_user", "delete_user")))
    def fault(self, fault: str, command: str) -> None:
        self.world.fault(command, fault)

    @precondition(lambda self: self.said)
    @rule(
        n=st.integers(0, 20),
        how=st.sampled_from(("retry", "approve", "reject", "cancel")),
        member=st.booleans(),
    )
    def person(self, n: int, how: str, member: bool) -> None:
        operator, job = self.world.service.operator, self.said[n % len(self.said)].job
        rows = self.world.rows(tables.jobs)
        again = {row["replaces"]: row["id"] for row in rows}
        while job in again:
            job = again[job]
        parts = [row["id"] for row in rows if row["service_job"] == job]
        if member and parts:
            job = parts[n % len(parts)]
        self.world.trap.point = ""
        try:
            match how:
                case "cancel":
                    operator.cancel(job)
                case "reject":
                    operator.reject(job)
                case _:
                    operator.retry(job, approve=how == "approve")
        except NotPossible:
            pass

    # What is true after each step

    @invariant()
    def holds(self) -> None:
        assert self.world.outside.wrong == []
        self.no_service_has_more_than_was_sold()
        self.nobody_is_deleted_who_came_back()
        self.no_suspended_service_gets_a_mailbox()

    def owned(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for address in BOXES:
            owner = self.world.outside.owner.get(address)
            if self.world.mailbox(address) is not None and owner is not None:
                found[owner[1]].add(address)
        return found

    def no_service_has_more_than_was_sold(self) -> None:
        for service, there in self.owned().items():
            assert len(there) <= SEATS[service], there

    def came(self) -> dict[str, Said]:
        """By job, the hook that it was made for: of a member its service's."""
        rows = {row["id"]: row for row in self.world.rows(tables.jobs)}
        by_hook = {each.id: each for each in self.said}
        found = {}
        for id, row in rows.items():
            first = rows.get(row["service_job"], row) if row["service_job"] else row
            if first["hook_id"] in by_hook:
                found[id] = by_hook[first["hook_id"]]
        return found

    def nobody_is_deleted_who_came_back(self) -> None:
        """No deletion is begun once a newer hook needs the mailbox; with a whole service, any of
        its mailboxes."""
        came = self.came()
        rows = {row["id"]: row for row in self.world.rows(tables.jobs)}
        for number, step in enumerate(self.world.rows(tables.steps)):
            said = came.get(step["job_id"])
            if step["kind"] != "delete" or said is None:
                continue
            for need in self.said:
                if need.action.partition(".")[2] not in NEEDS or need.service != said.service:
                    continue
                if need.action == "mailbox.change_service" and rows[need.job]["status"] == "failed":
                    continue  # it was to take over a mailbox, and could not
                newer = need.order > said.order and need.steps <= number
                address = rows[step["job_id"]]["address"]
                touches = said.address == "" or need.address in ("", address)
                # One that the service's own unsuspension has no part in: it was removed singly.
                apart = need.address == "" and said.address != ""
                assert not (newer and touches and not apart), f"{step['job_id']} after {need}"

    def no_suspended_service_gets_a_mailbox(self) -> None:
        came = self.came()
        jobs = {row["hook_id"]: row for row in self.world.rows(tables.jobs)}
        for number, step in enumerate(self.world.rows(tables.steps)):
            said = came.get(step["job_id"])
            if step["kind"] != "create" or said is None:
                continue
            whole = [
                each
                for each in self.said
                if each.service == said.service
                and each.address == ""
                and each.steps <= number
                and jobs[each.id]["status"] != "cancelled"
            ]
            # A repetition is newer than the hook that it is for.
            last = max(whole, key=lambda each: each.order, default=None)
            if last is not None and last.action == "service.suspend":
                assert said.order < last.order, f"{step['job_id']} in spite of {last}"

    # And at the end

    def teardown(self) -> None:
        if not hasattr(self, "said"):
            return
        world = self.world
        world.trap.point = ""
        world.outside.answers, world.outside.delays = [], []
        world.sim.control("/faults", method="DELETE")
        for _ in range(12):
            world.work(1200)
            world.call_back(1200)
            world.periodic_tasks(600)
            if all(row["status"] in ENDED for row in world.rows(tables.jobs)):
                break
        world.call_back(5 * 86400)
        self.holds()
        jobs = [dict(row) for row in world.rows(tables.jobs)]
        jobs.sort(key=lambda row: row["sequence"])
        assert [row["id"] for row in jobs if row["status"] not in ENDED] == []
        assert services_wrong(jobs) == set()
        self.every_end_was_told(jobs)
        self.states_moved_as_they_may(jobs)
        self.nothing_differs(jobs)

    def every_end_was_told(self, jobs: list[dict[str, Any]]) -> None:
        told = {row["job_id"]: row for row in self.world.rows(tables.callbacks)}
        for row in jobs:
            assert told[row["id"]]["status"] in ("delivered", "superseded"), row["id"]
        for row in jobs:
            if row["mailbox_id"] is None and told[row["id"]]["id"] in self.world.outside.result:
                result = self.world.outside.result[told[row["id"]]["id"]]
                assert result["message"] == row["message"]
                assert "address" not in result and "mailboxes" in result

    def states_moved_as_they_may(self, jobs: list[dict[str, Any]]) -> None:
        whole = {row["id"] for row in jobs if row["mailbox_id"] is None}
        with self.world.service.database.read() as tx:
            for id, before, after in tx.execute(sa.text("SELECT job, former, latter FROM trail")):
                allowed = SERVICE_STATES if id in whole else STATES
                assert after in allowed[before], f"{id} went from {before} to {after}"

    def nothing_differs(self, jobs: list[dict[str, Any]]) -> None:
        """What was sold, what is there, and what inventory says."""
        records = {row["address"]: row for row in self.world.rows(tables.mailboxes)}
        unsure: set[str] = set()
        for address, record in records.items():
            there = self.world.mailbox(address) is not None
            if record["state"] == "unknown":
                unsure.add(record["service_id"])
                continue
            assert (record["state"] != "absent") == there, (address, record["state"])
        there = self.owned()
        for row in self.world.service.sold("main"):
            assert row["seats"] == SEATS[row["service_id"]]
            if row["service_id"] not in unsure:
                assert row["used"] == len(there[row["service_id"]])
            mailboxes, _ = self.world.service.services.mailboxes("shop", row["service_id"], "", 200)
            assert row["used"] == len(mailboxes) <= row["seats"]


@pytest.fixture
def world(
    simulator: Simulator,
    clock: Clock,
    store: str,
    new_database: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[World]:
    made = World(tmp_path, simulator, clock, new_database(store), backend="hosted-email", **LIMITS)
    with made.service.database.write() as tx:
        tx.execute(sa.text(TRAIL))
        tx.execute(sa.text(TRIGGERS[store]))
    yield made
    made.close()


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
@pytest.mark.timeout(7200)
def test_whatever_happens_the_seats_agree(
    store: str, world: World, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")

    class Bound(Month):
        pass

    Bound.world = world
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # Hypothesis
        Bound,
        settings=settings(
            max_examples=request.config.getoption("--examples") or (2000 if long else 25),
            stateful_step_count=40 if long else 30,
            deadline=None,
            database=None,
            derandomize=not long,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
