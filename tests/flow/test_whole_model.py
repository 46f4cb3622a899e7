"""A bridge driven through arbitrary interleavings, beside a small model of what must be true of it.

In brief the examples are always the same; in the long form they are drawn anew, and a failing run
prints its seed (`--hypothesis-seed`). A failing case shrinks to a short list of steps, which is
printed as a program.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge.domain.errors import NotPossible
from bridge.domain.jobs import ENDED, STATES
from bridge.domain.model import Address
from bridge.sim import Simulator
from bridge.store.base import tables
from tests.support.bench import Clock
from tests.support.outside import SECRETS
from tests.support.scene import PASSWORD
from tests.support.stores import BACKENDS
from tests.support.world import LEASE, SETTLE, Crash, World

ACTIONS = (
    *("create", "suspend", "unsuspend", "terminate", "change_password", "change_plan", "renew"),
    *("set_aliases", "set_forwarding", "change_service"),
)
BOXES = ("ann@example.com", "bob@example.com", "cat@example.net", "dan@example.net")
SERVICES = (("shop", "7"), ("shop", "8"), ("other", "7"))
PASSWORDS = (PASSWORD, "Other-Secret.8")
FAULTS = (
    *(
        ("GetPOP3", fault)
        for fault in ("drop_before", "error_500", "html", "empty", "no_done", "too_many")
    ),
    *(("get_user", fault) for fault in ("drop_before", "oma_20", "oma_22", "oma_25")),
    ("search_users", "oma_20"),
    *(
        ("change_user", fault)
        for fault in ("drop_before", "drop_after", "error_500_after", "oma_20", "oma_22", "oma_28")
    ),
    *(("logout_user", fault) for fault in ("drop_after", "oma_25")),
    *(
        ("SetUpPOP3User", fault)
        for fault in ("drop_before", "drop_after", "cut", "html_after", "contradiction", "no_done")
    ),
    *(
        ("ModifyPOP3", fault)
        for fault in (
            "drop_before",
            "drop_after",
            "error_500_after",
            "contradiction",
            "maintenance",
        )
    ),
    *(
        ("DeletePOP3", fault)
        for fault in ("drop_before", "drop_after", "html_after", "contradiction")
    ),
    *(
        ("PurchasePOPBundle", fault)
        for fault in ("drop_before", "drop_after", "contradiction", "balance")
    ),
    *(("RenewPOPBundle", fault) for fault in ("drop_before", "drop_after", "error_500_after")),
)
HOSTED_FAULTS = (
    *(("get_user", fault) for fault in ("drop_before", "oma_20", "oma_22", "oma_25", "error_500")),
    ("search_users", "drop_before"),
    *(
        ("change_user", fault)
        for fault in (
            "drop_before",
            "drop_after",
            "error_500_after",
            "oma_20",
            "oma_22",
            "oma_28",
            "html_after",
        )
    ),
    *(("logout_user", fault) for fault in ("drop_after", "oma_25")),
    *(("delete_user", fault) for fault in ("drop_before", "drop_after", "html_after", "oma_28")),
)
ATTEMPT = (
    "claimed",
    "observed",
    "planned",
    "intent-committed",
    "sending",
    "sent",
    "answer-committed",
    "finishing",
    "finished",
)
HOOK = ("accepting", "accepted")
WHOLE = {"existence", "suspension", "password", "plan"}
FACTS = {
    "create": WHOLE,
    "terminate": WHOLE | {"expiry", "aliases", "forwarding"},
    "suspend": {"suspension"},
    "unsuspend": {"suspension"},
    "change_password": {"password"},
    "change_plan": {"plan"},
    "renew": {"expiry"},
    "set_aliases": {"aliases"},
    "set_forwarding": {"forwarding"},
    "change_service": {"existence"},
}
CALLBACK = ("callback-claimed", "callback-sent")
NEEDS = (
    "create",
    "unsuspend",
    "renew",
    "change_service",
)  # what says that the service is to have its mailbox
LIMITS: dict[str, Any] = {  # so that some are held, and some wait for the next day
    "safety__max_terminations_per_hour": 2,
    "safety__max_creations_per_day": 2,
}


@dataclass(frozen=True)
class Need:
    """A hook that needs the mailbox, and how many commands had been begun when it was accepted."""

    address: str
    service: tuple[str, str]
    sequence: int
    at: float
    steps: int


@dataclass(frozen=True)
class Taken:
    """A hook that was answered 2xx."""

    id: str
    type: str
    source: str
    data: dict[str, Any]
    job: str


def data_of(action: str, service: int, box: int, word: int) -> dict[str, Any]:
    data: dict[str, Any] = {"service_id": SERVICES[service][1], "address": BOXES[box]}
    match action:
        case "create":
            data |= {"password": PASSWORDS[word], "plan": ("basic", "large")[word]}
        case "change_password":
            data |= {"password": PASSWORDS[word]}
        case "change_plan":
            data |= {"plan": ("basic", "large")[word]}
        case "renew":
            data |= {"until": ("2029-06-01", "2031-06-01")[word]}
        case "set_aliases":
            # The same for both of a domain, so that one may stand in the other's way; and none.
            domain = BOXES[box].partition("@")[2]
            data |= {"aliases": ([f"info@{domain}", f"sales@{domain}"], [])[word]}
        case "set_forwarding":
            # To the neighbour without a copy, which closes a ring where both do so; or with one.
            data |= {"forward_to": ([BOXES[box ^ 1]], ["out@example.org"])[word]}
            data |= {"keep_copy": bool(word)}
        case "change_service":
            data |= {"from_service_id": "8" if data["service_id"] == "7" else "7"}
    return data


class Model(RuleBasedStateMachine):
    """`world` is set by the test that runs it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world.reset()
        with self.world.service.database.write() as tx:
            tx.execute(sa.text("DELETE FROM trail"))
        self.out = self.world.outside
        self.out.sending = self.world.trap
        self.taken: list[Taken] = []
        self.sent = 0
        self.resent: set[str] = set()
        self.needs: list[Need] = []
        self.words: dict[
            tuple[str, tuple[str, str]], str
        ] = {}  # address, service: what it said last of existence
        self.paused, self.lagging = False, ""
        self.spoken: dict[
            tuple[str, str], tuple[tuple[str, str], float, str]
        ] = {}  # address, fact: by whom decided, when, and by which hook
        self.sequences: dict[str, int] = defaultdict(int)

    @initialize(
        boxes=st.sampled_from(((), (0,), (0, 2))),
        suspended=st.booleans(),
        lagging=st.sampled_from(("reads", "commands")),  # both together would be more than settle
    )
    def what_there_is(self, boxes: tuple[int, ...], suspended: bool, lagging: str) -> None:
        self.lagging = lagging
        if lagging == "reads":
            self.reads_lag(0.5, 0.0)
        for box in boxes:
            for action in ("create", "suspend") if suspended else ("create",):
                self.hook(action=action, service=0, box=box, word=0, late=0, then=100)

    # Billing

    @rule(
        action=st.sampled_from(ACTIONS),
        service=st.sampled_from((0, 0, 0, 0, 1, 2)),
        box=st.sampled_from((0, 0, 0, 1, 2, 3)),
        word=st.sampled_from((0, 1)),
        late=st.sampled_from((0, 0, 300)),
        then=st.sampled_from((None, None, 0, 25, 100)),
    )
    def hook(
        self, action: str, service: int, box: int, word: int, late: int, then: int | None
    ) -> None:
        """`then`: seconds of work that follow."""
        self.sent += 1
        self.deliver(
            f"msg_{self.sent}",
            action,
            SERVICES[service][0],
            data_of(action, service, box, word),
            late,
        )
        if then is not None:
            self.world.work(then)

    one_more = and_more = third = fourth = fifth = hook  # as likely as all that is done to hooks

    @precondition(lambda self: self.taken)
    @rule(n=st.integers(0, 30), other=st.booleans())
    def repeat(self, n: int, other: bool) -> None:
        """The same id again, with the same data or with other data."""
        was = self.taken[n % len(self.taken)]
        data = was.data | ({"reason": "another"} if other else {})
        answer = self.post(was.id, was.type, was.source, data, 0)
        if answer.status_code == 503:
            assert self.paused
            return
        assert answer.status_code == (409 if other else answer.status_code)
        if not other:
            jobs = [
                row["id"]
                for row in self.world.rows(tables.jobs)
                if (row["source"], row["hook_id"]) == (was.source, was.id)
            ]
            assert answer.status_code in (200, 202), answer.text
            assert (answer.json or {})["job"] == max(jobs) and was.job in jobs

    @rule(
        action=st.sampled_from(ACTIONS),
        box=st.sampled_from((0, 0, 1, 2)),
        point=st.sampled_from(HOOK),
    )
    def crash_at_the_door(self, action: str, box: int, point: str) -> None:
        """The sender got no answer and sends again."""
        self.sent += 1
        self.arm(point, 1, self.crash)
        for _ in range(2):
            try:
                self.deliver(f"msg_{self.sent}", action, "shop", data_of(action, 0, box, 0), 0)
            except Crash:
                pass
        self.world.trap.point = ""

    def deliver(self, id: str, action: str, source: str, data: dict[str, Any], late: int) -> None:
        void = {
            (row["source"], row["hook_id"])
            for row in self.world.rows(tables.jobs)
            if row["status"] == "cancelled"
        }
        answer = self.post(id, f"mailbox.{action}", source, data, late)
        if answer.status_code == 503:
            assert self.paused
            return
        assert answer.status_code in (200, 202), answer.text
        receipt = answer.json or {}
        self.taken.append(Taken(id, f"mailbox.{action}", source, data, receipt["job"]))
        services = [
            (source, data[name]) for name in ("service_id", "from_service_id") if name in data
        ]
        self.comes_in_its_place(action, services, self.world.clock.now - late, receipt, void)

    def comes_in_its_place(
        self,
        action: str,
        services: Sequence[tuple[str, str]],
        at: float,
        receipt: dict[str, Any],
        void: set[tuple[str, str]],
    ) -> None:
        """A hook that is older than what its service decided since decides nothing; any other
        one does. What a hook in `void` decided, which was taken back or called off, counts no
        more: then what was said before it counts, which this model does not know."""
        address, service = receipt["address"], services[0]
        assert receipt["sequence"] > self.sequences[address]
        self.sequences[address] = receipt["sequence"]
        facts = ("existence",) if action == "terminate" else FACTS[action]
        decided = [self.spoken.get((address, fact)) for fact in facts]
        late = all(each is not None and each[0] == service and each[1] > at + 1 for each in decided)
        needed = action == "terminate" and any(
            (each.address, each.service) == (address, service) and each.at > at + 1
            for each in self.needs
        )
        late |= needed
        if action == "change_service":  # the service that had it has it anew since
            late |= any(each and each[0] == services[1] and each[1] > at + 1 for each in decided)
        known = needed or not any(each and (each[0][0], each[2]) in void for each in decided)
        found = receipt["status"] == "cancelled"
        assert found == late or not known, f"{action} of {at}: {receipt}, after {decided}"
        late = found
        if late:
            return
        self.spoken |= {(address, fact): (service, at, receipt["hook"]) for fact in FACTS[action]}
        if action in (*NEEDS, "terminate"):
            self.words[address, service] = action
        if action in NEEDS:
            begun = len(self.world.rows(tables.steps))
            self.needs.append(Need(address, service, receipt["sequence"], at, begun))

    def post(self, id: str, type: str, source: str, data: dict[str, Any], late: int) -> Any:
        body = self.world.body(type, -late, **data)
        return self.world.post(f"/hooks/{source}", body, self.world.sign(body, id, SECRETS[source]))

    @rule(answers=st.lists(st.sampled_from((503, None, 410, 500)), min_size=1, max_size=3))
    def receiver_answers(self, answers: list[int | None]) -> None:
        self.out.answers = list(answers)

    @precondition(lambda self: self.taken)
    @rule(n=st.integers(0, 30), last=st.booleans())
    def withdraw(self, n: int, last: bool) -> None:
        """Takes a hook back: what was not begun ends, everything else stays as it is."""
        self.sent += 1
        was = self.taken[-1 if last else n % len(self.taken)]
        before = self.newest_of(was)
        again = any(row["replaces"] == before["id"] for row in self.world.rows(tables.jobs))
        doubt = [
            row["outcome"]
            for row in self.world.rows(tables.purchases)
            if row["job_id"] in self.jobs_of(was)
        ]
        answer = self.post(f"msg_{self.sent}", "job.withdraw", was.source, {"hook": was.id}, 0)
        after = self.newest_of(was)
        if answer.status_code == 503:
            assert self.paused and after == before
        elif {"intent", "unknown", "doubted"} & set(doubt):
            assert answer.status_code == 409 and after == before
        elif before["status"] in ("queued", "held") and not before["touched"] and not again:
            assert (answer.status_code, (answer.json or {})["error"]["code"]) == (200, "withdrawn")
            assert (after["status"], after["sealed"]) == ("cancelled", None)
        elif before["status"] == "running" and not before["touched"]:
            assert answer.status_code == 202 and after["withdrawn"]
        else:
            assert answer.status_code in (200, 202) and after == before

    def jobs_of(self, was: Taken) -> list[str]:
        rows = self.world.rows(tables.jobs)
        return [
            row["id"] for row in rows if (row["source"], row["hook_id"]) == (was.source, was.id)
        ]

    def newest_of(self, was: Taken) -> Any:
        mine = self.jobs_of(was)
        return max(
            (row for row in self.world.rows(tables.jobs) if row["id"] in mine),
            key=lambda row: row["sequence"],
        )

    @rule(action=st.sampled_from(("terminate", *ACTIONS)), box=st.sampled_from((0, 0, 1, 2)))
    def withdraw_what_still_travels(self, action: str, box: int) -> None:
        """The hook comes after what takes it back, and does nothing."""
        self.sent += 2
        id = f"msg_{self.sent}"
        answer = self.post(f"msg_{self.sent - 1}", "job.withdraw", "shop", {"hook": id}, 0)
        if answer.status_code == 503:
            assert self.paused
            return
        assert (answer.status_code, answer.json) == (200, {"hook": id, "status": "dismissed"})
        assert (
            self.post(id, f"mailbox.{action}", "shop", data_of(action, 0, box, 0), 0).status_code
            == 409
        )

    # The bridge

    @rule(seconds=st.sampled_from((0, 2, 25, 100)))
    def work(self, seconds: int) -> None:
        self.world.work(seconds)

    @rule()
    def one_attempt(self) -> None:
        self.world.step()

    @rule(seconds=st.sampled_from((0, 10, 400)))
    def call_back(self, seconds: int) -> None:
        self.world.call_back(seconds)

    @rule(
        action=st.sampled_from(("create", *ACTIONS)),
        box=st.sampled_from((0, 2)),
        fault=st.sampled_from((None, *FAULTS)),
        point=st.sampled_from(ATTEMPT),
        nth=st.sampled_from((1, 1, 2)),
    )
    def crash_in_an_attempt(
        self, action: str, box: int, fault: tuple[str, str] | None, point: str, nth: int
    ) -> None:
        self.something_to_do(action, box)
        if fault is not None:
            self.world.fault(*self.at_this_remote(fault))
        self.arm(point, nth, self.crash)
        self.world.step()
        self.world.trap.point = ""

    crash_once_more = crash_in_an_attempt

    @rule(point=st.sampled_from(CALLBACK))
    def crash_in_a_callback(self, point: str) -> None:
        self.arm(point, 1, self.crash)
        self.world.call_back()
        self.world.trap.point = ""

    @rule(
        action=st.sampled_from(("create", *ACTIONS)),
        box=st.sampled_from((0, 2)),
        point=st.sampled_from(ATTEMPT),
        nth=st.sampled_from((1, 1, 2)),
        seconds=st.sampled_from((0, 60)),
        newer=st.sampled_from((None, "create", *ACTIONS)),
        beside=st.booleans(),
    )
    def stop_past_the_lease(
        self,
        action: str,
        box: int,
        point: str,
        nth: int,
        seconds: int,
        newer: str | None,
        beside: bool,
    ) -> None:
        """At the point another worker gets the job and goes on, perhaps with a newer one; then
        the first one wakes up."""
        self.something_to_do(action, box)

        def meanwhile() -> None:
            self.world.clock.now += LEASE + 1
            self.world.work(seconds)
            if newer is not None:
                other = 3 if beside and box == 2 else box  # another mailbox of the domain
                self.hook(action=newer, service=0, box=other, word=1, late=0, then=60)

        self.arm(point, nth, meanwhile)
        self.world.step("stopped")
        self.world.trap.point = ""

    @rule(
        actions=st.lists(st.sampled_from(ACTIONS), min_size=2, max_size=3),
        domain=st.sampled_from((0, 2)),
        point=st.sampled_from(ATTEMPT),
        nth=st.sampled_from((1, 1, 2)),
        crash=st.booleans(),
    )
    def others_work_beside(
        self, actions: list[str], domain: int, point: str, nth: int, crash: bool
    ) -> None:
        """Other workers take what may run beside a job that is at this point, as far as it goes
        now, and perhaps one more hook of the domain comes; then the first one goes on."""
        for number, action in enumerate(actions):
            box = domain + number % 2
            self.hook(action=action, service=0, box=box, word=1, late=0, then=None)

        def meanwhile() -> None:
            while self.world.step("beside"):
                pass
            if crash:
                raise Crash

        self.arm(point, nth, meanwhile)
        self.world.step("first")
        self.world.trap.point = ""

    and_others_too = others_work_beside

    @rule(seconds=st.sampled_from((0, 60)), beside=st.booleans())
    def a_purchase_is_stopped_on_its_way(self, seconds: int, beside: bool) -> None:
        """Too rare to be left to chance."""
        self.stop_past_the_lease("create", 2, "sending", 1, seconds, "create", beside)

    @rule(
        box=st.sampled_from((0, 2)),
        point=st.sampled_from(("claimed", "observed", "planned", "finishing", "sent")),
        newer=st.sampled_from((*NEEDS, "suspend")),
        before=st.sampled_from(("suspend", None)),
    )
    def a_customer_pays_while_a_worker_is_at_the_terminate(
        self, box: int, point: str, newer: str, before: str | None
    ) -> None:
        """Too rare to be left to chance."""
        for action in ("create", before):
            if action is not None:
                self.hook(action=action, service=0, box=box, word=0, late=0, then=60)
        self.hook(action="terminate", service=0, box=box, word=0, late=0, then=None)
        self.arm(
            point, 1, lambda: self.hook(action=newer, service=0, box=box, word=1, late=0, then=None)
        )
        self.world.step()
        self.world.trap.point = ""

    @rule(
        box=st.sampled_from((1, 3)),
        newer=st.sampled_from(("unsuspend", "renew")),
        attempts=st.integers(0, 2),
    )
    def an_order_is_ended_and_paid_before_it_was_begun(
        self, box: int, newer: str, attempts: int
    ) -> None:
        for action in ("create", "terminate", newer):
            self.hook(action=action, service=0, box=box, word=0, late=0, then=None)
            for _ in range(attempts if action == "terminate" else 0):
                self.world.step()

    @rule(seconds=st.sampled_from((1, 30, 3600)))
    def time_passes(self, seconds: int) -> None:
        self.world.periodic_tasks(seconds)

    @rule()
    def retention(self) -> None:
        self.world.engine.background.retention.wipe()
        self.world.engine.background.retention.prune()  # nothing is old enough to be lost

    def something_to_do(self, action: str, box: int) -> None:
        if all(row["status"] in ENDED for row in self.world.rows(tables.jobs)):
            self.hook(action=action, service=0, box=box, word=1, late=0, then=None)

    def arm(self, point: str, nth: int, act: Callable[[], None]) -> None:
        trap = self.world.trap
        trap.point, trap.left, trap.act = point, nth, act

    @staticmethod
    def crash() -> None:
        raise Crash

    # Enom

    @rule(fault=st.sampled_from(FAULTS), times=st.sampled_from((1, 2)))
    def fault(self, fault: tuple[str, str], times: int) -> None:
        self.world.fault(*self.at_this_remote(fault), times=times)

    def at_this_remote(self, fault: tuple[str, str]) -> tuple[str, str]:
        """One of hosted email's own in the place of each, where that is all there is."""
        if not self.world.service.accounts["main"].backend.products.monthly:
            return fault
        return HOSTED_FAULTS[FAULTS.index(fault) % len(HOSTED_FAULTS)]

    @precondition(lambda self: self.lagging == "reads")
    @rule(share=st.sampled_from((0.0, 0.5, 1.0)), hosted=st.sampled_from((0.0, 5.0)))
    def reads_lag(self, share: float, hosted: float) -> None:
        """By almost settle: none of them, each second one, all."""
        self.world.sim.control(
            "/settings", {"stale_seconds": SETTLE - 1.0, "stale_share": share, "hosted_lag": hosted}
        )

    @precondition(lambda self: self.lagging == "commands")
    @rule(times=st.sampled_from((1, 2)))
    def commands_come_late(self, times: int) -> None:
        """They time out, and take effect within settle."""
        self.out.delays = [SETTLE - 1.0] * times

    # People

    @precondition(lambda self: self.taken)
    @rule(n=st.integers(0, 30), how=st.sampled_from(("retry", "approve", "cancel", "resend")))
    def person(self, n: int, how: str) -> None:
        operator, job = self.world.service.operator, self.taken[n % len(self.taken)].job
        try:
            match how:
                case "cancel":
                    operator.cancel(job)
                case "resend":
                    # The newest: an earlier one would tell anew, and otherwise, of a job that was
                    # called off since.
                    result = [
                        row["id"]
                        for row in self.world.rows(tables.callbacks)
                        if row["job_id"] == job
                    ]
                    if result:
                        operator.resend(max(result))
                        self.resent.add(max(result))
                case _:
                    operator.retry(job, approve=how == "approve")
        except NotPossible:
            pass

    @rule(box=st.sampled_from(range(3)), service=st.sampled_from((0, 2)))
    def adopt(self, box: int, service: int) -> None:
        address, owner = BOXES[box], SERVICES[service]
        open_jobs = [
            row
            for row in self.world.rows(tables.jobs)
            if row["address"] == address and row["status"] not in ENDED
        ]
        if open_jobs:
            return  # what is under way was planned for the former owner
        self.world.service.operator.adopt("main", Address.parse(address), *owner)
        if self.world.mailbox(address) is not None:
            self.out.owner[address] = owner

    @rule(what=st.sampled_from(("account", "source")), paused=st.booleans())
    def pause(self, what: str, paused: bool) -> None:
        operator = self.world.service.operator
        if what == "source":
            operator.pause_source("shop", paused)
            self.paused = paused
        elif paused:
            operator.pause_account("main", "Paused by a person.")
        else:
            operator.resume_account("main")

    # What is true after each step

    @invariant()
    def holds(self) -> None:
        self.nothing_went_wrong_outside()
        self.states_move_as_they_may()
        self.no_purchase_is_repeated()
        self.nobody_is_deleted_who_came_back()
        self.no_more_is_created_than_the_day_allows()
        self.no_address_is_two_mailboxes()
        self.no_mail_goes_in_a_ring()

    def nothing_went_wrong_outside(self) -> None:
        assert self.out.wrong == []

    def states_move_as_they_may(self) -> None:
        with self.world.service.database.read() as tx:
            for id, before, after in tx.execute(sa.text("SELECT job, former, latter FROM trail")):
                assert after in STATES[before], f"{id} went from {before} to {after}"

    def nobody_is_deleted_who_came_back(self) -> None:
        """No deletion is begun for a hook once a newer one of its service was accepted that
        needs the mailbox."""
        jobs = {row["id"]: row for row in self.world.rows(tables.jobs)}
        came: dict[tuple[str, str], int] = {}
        for row in jobs.values():
            hook = row["source"], row["hook_id"]
            came[hook] = min(row["sequence"], came.get(hook, row["sequence"]))
        # What was to take over a mailbox, and could not, needs none.
        for_nothing = {
            (row["address"], row["sequence"])
            for row in jobs.values()
            if row["action"] == "mailbox.change_service" and row["status"] == "failed"
        }
        for number, step in enumerate(self.world.rows(tables.steps)):
            job = jobs[step["job_id"]]
            of, said = (
                (job["address"], (job["source"], job["service_id"])),
                came[job["source"], job["hook_id"]],
            )
            for need in self.needs if step["kind"] == "delete" else ():
                older = (need.address, need.service) == of and said < need.sequence
                counts = (need.address, need.sequence) not in for_nothing
                assert not (older and counts and need.steps <= number), (
                    f"{job['id']} was begun after {need}"
                )

    def no_purchase_is_repeated(self) -> None:
        assert self.out.bought("example.com", "PurchasePOPBundle") == 0
        assert self.out.bought("example.net", "PurchasePOPBundle") <= 1
        state = self.world.sim.control("/state")["domains"]
        for domain in ("example.com", "example.net"):
            for pak in state[domain]["paks"].values():
                assert pak["expires"] < "2032-06", f"renewed more often than was asked for: {pak}"

    def no_more_is_created_than_the_day_allows(self) -> None:
        """But for what was approved: of mailboxes that cost by the month."""
        if not self.world.service.accounts["main"].backend.products.monthly:
            return
        approved = {row["id"] for row in self.world.rows(tables.jobs) if row["lifted"]}
        days: dict[int, set[str]] = defaultdict(set)
        for step in self.world.rows(tables.steps):
            if step["kind"] == "create" and step["outcome"] not in ("refused", "unsent"):
                days[int(step["started_at"] // 86400)].add(step["job_id"])
        for jobs in days.values():
            assert len(jobs - approved) <= LIMITS["safety__max_creations_per_day"]

    # And at the end

    def teardown(self) -> None:
        if not hasattr(self, "out"):
            return
        self.let_everything_run_out()
        self.nothing_went_wrong_outside()
        self.no_purchase_is_repeated()
        self.states_move_as_they_may()
        jobs = self.world.rows(tables.jobs)
        self.nothing_is_lost(jobs)
        self.everything_was_told(jobs)
        self.nothing_differs_silently(jobs)
        self.nobody_is_deleted_who_came_back()
        self.who_pays_has_a_mailbox(jobs)
        self.no_change_of_service_is_dropped_for_another_hook(jobs)

    def let_everything_run_out(self) -> None:
        world = self.world
        world.trap.point, self.out.answers, self.out.delays = "", [], []
        world.sim.control("/faults", method="DELETE")
        world.sim.control("/settings", {"stale_seconds": 0.0, "hosted_lag": 0.0})
        world.service.operator.pause_source("shop", False)
        world.service.operator.resume_account("main")
        for _ in range(12):
            world.work(1200)
            world.call_back(1200)
            world.periodic_tasks(600)
            if all(row["status"] in ENDED for row in world.rows(tables.jobs)):
                break
            if any(row["waiting_for"] == "limit" for row in world.rows(tables.jobs)):
                world.work(86400)
        world.call_back(5 * 86400)

    def nothing_is_lost(self, jobs: list[Any]) -> None:
        known = {row["id"]: row for row in jobs}
        for hook in self.taken:
            assert hook.job in known, f"{hook} is lost"
            assert known[hook.job]["hook_id"] == hook.id
        assert [row["id"] for row in jobs if row["status"] not in ENDED] == []

    def everything_was_told(self, jobs: list[Any]) -> None:
        stored_callbacks = {row["job_id"]: row for row in self.world.rows(tables.callbacks)}
        by_id = {row["id"]: row for row in jobs}
        for row in jobs:
            claimed = stored_callbacks[row["id"]]
            match claimed["status"]:
                case "delivered":
                    assert claimed["id"] in self.out.taken
                case "stopped":
                    assert claimed["id"] in self.out.gone
                case "superseded":
                    newer = [
                        set(by_id[other["job_id"]]["facts"].split())
                        for other in stored_callbacks.values()
                        if other["mailbox_id"] == claimed["mailbox_id"]
                        and other["sequence"] > claimed["sequence"]
                        and other["id"] in self.out.result
                    ]
                    assert any(set(row["facts"].split()) <= facts for facts in newer)
                case other:
                    raise AssertionError(f"{claimed['id']} is {other}")
            if claimed["id"] in self.out.result and claimed["id"] not in self.resent:
                assert self.out.result[claimed["id"]]["message"] == row["message"]

    def nothing_differs_silently(self, jobs: list[Any]) -> None:
        """What succeeded, one after the other, is so at the remote, unless a later job was held
        or may have done something."""
        records = {row["address"]: row for row in self.world.rows(tables.mailboxes)}
        for address in BOXES:
            box = self.world.mailbox(address)
            wanted = expected(
                [
                    row
                    for row in sorted(jobs, key=lambda row: row["sequence"])
                    if row["address"] == address
                ],
                self.data(),
            )
            found: dict[str, Any] = {"exists": box is not None}
            if box is not None:
                found |= {
                    "services": set(box["services"].values()),
                    "password": box["password"],
                    "quota": box["quota_bytes"],
                    **names_of(box),
                }
            assert {name: found.get(name) for name in wanted} == wanted, address
            if (record := records.get(address)) is None:
                continue
            self.what_is_on_record_was_wanted(address, record)
            truth = (
                "absent"
                if box is None
                else "suspended"
                if found["services"] == {"suspended"}
                else "active"
            )
            assert record["state"] in ("unknown", truth), (
                f"{address}: the record says {record['state']}, Enom {truth}"
            )
            if box is not None and record["state"] != "unknown" and self.out.owner.get(address):
                assert (record["source"], record["service_id"]) == self.out.owner[address]

    def what_is_on_record_was_wanted(self, address: str, record: Any) -> None:
        """No names are on record that no hook for this mailbox asked for, and none of two
        mailboxes."""
        said = [taken.data for taken in self.taken if taken.data.get("address") == address]
        asked = [sorted(data["aliases"]) for data in said if "aliases" in data]
        assert record["aliases"] is None or record["aliases"] in asked
        others = [
            name
            for row in self.world.rows(tables.mailboxes)
            if row["address"] != address
            for name in row["aliases"] or ()
        ]
        assert not set(record["aliases"] or ()) & set(others), f"{address}: an alias of two"

    def no_address_is_two_mailboxes(self) -> None:
        names = [name for box in BOXES for name in self.names_at_the_remote(box)]
        assert len(names) == len(set(names)), names

    def names_at_the_remote(self, address: str) -> list[str]:
        box = self.world.mailbox(address)
        return [address, *box["attributes"].get("aliases", ())] if box else []

    def no_mail_goes_in_a_ring(self) -> None:
        """Of two that forward to each other at least one keeps a copy, where what is there is on
        record: what an owner before wanted, or a job in doubt may have done, is not."""
        records = {row["address"]: row["forwarding"] for row in self.world.rows(tables.mailboxes)}
        for first, second in (BOXES[:2], BOXES[2:]):
            lost = [
                records.get(address) == {"forward_to": [other], "keep_copy": False}
                and (box := self.world.mailbox(address)) is not None
                and names_of(box)["forwarding"] == ([other], False)
                for address, other in ((first, second), (second, first))
            ]
            assert not all(lost), f"{first} and {second} forward to each other"

    def who_pays_has_a_mailbox(self, jobs: list[Any]) -> None:
        """Where a service said last that it needs its mailbox, and there is none, its create was
        not dropped for another."""
        for (address, service), word in self.words.items():
            if word not in NEEDS or self.world.mailbox(address) is not None:
                continue
            mine = [
                row
                for row in jobs
                if (row["address"], (row["source"], row["service_id"])) == (address, service)
            ]
            gone = max((row["sequence"] for row in mine if deletes(row)), default=0)
            creates = [
                row
                for row in mine
                if row["action"] == "mailbox.create" and row["sequence"] > gone and not late(row)
            ]
            last = max(creates, key=lambda row: row["sequence"], default=None)
            if last is not None:
                assert (last["error"] or {}).get("code") != "overtaken", (
                    f"{last['id']} was dropped, {word} came last"
                )

    def no_change_of_service_is_dropped_for_another_hook(self, jobs: list[Any]) -> None:
        """But for one that gives up the mailbox: what came behind a change may rest on it."""
        for row in jobs:
            code = (row["error"] or {}).get("code")
            if row["action"] != "mailbox.change_service" or code != "overtaken" or late(row):
                continue
            of = [row[name] for name in ("address", "source", "service_id")]
            assert any(
                [other[name] for name in ("address", "source", "service_id")] == of
                and other["action"] == "mailbox.terminate"
                and other["sequence"] > row["sequence"]
                for other in jobs
            ), row["id"]

    def data(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(hook.source, hook.id): hook.data for hook in self.taken}


def deletes(job: Any) -> bool:
    """Whether it took the mailbox away, or may have."""
    return bool(
        job["action"] == "mailbox.terminate" and (job["status"] == "succeeded" or job["changed"])
    )


def late(job: Any) -> bool:
    return job["status"] == "cancelled" and "by its own time" in (job["error"] or {}).get(
        "detail", ""
    )


def names_of(box: Any) -> dict[str, Any]:
    """Aliases and forwarding as the remote has them."""
    named = box["attributes"]
    on = named.get("delivery_forward", False)
    onward = sorted(named.get("forward_recipients", ())) if on else []
    keeps = named.get("delivery_local", True)
    return {"aliases": sorted(named.get("aliases", ())), "forwarding": (onward, keeps)}


def expected(jobs: list[Any], sent: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """The facts that are certain after these jobs of one mailbox, in their order."""
    wanted: dict[str, Any] = {}
    for job in jobs:
        data = sent.get((job["source"], job["hook_id"]), {})
        if job["status"] != "succeeded":
            if job["status"] == "held" or job["changed"]:
                wanted.clear()  # told as not known
            continue
        wanted["exists"] = True
        match job["action"]:
            case "mailbox.terminate":
                wanted = {"exists": False}
            case "mailbox.create" | "mailbox.unsuspend":
                wanted["services"] = {"enabled"}
            case "mailbox.suspend":
                wanted["services"] = {"suspended"}
        wanted |= {"password": data["password"]} if "password" in data else {}
        wanted |= {"quota": {"basic": 1, "large": 25}[data["plan"]] << 30} if "plan" in data else {}
        wanted |= {"aliases": sorted(data["aliases"])} if "aliases" in data else {}
        if "forward_to" in data:
            wanted["forwarding"] = (sorted(data["forward_to"]), data["keep_copy"])
    return wanted


TRAIL = """CREATE TABLE IF NOT EXISTS trail (job VARCHAR, former VARCHAR, latter VARCHAR)"""
TRIGGERS = {
    "sqlite": """CREATE TRIGGER moves AFTER UPDATE OF status ON jobs WHEN old.status <> new.status
        BEGIN INSERT INTO trail VALUES (new.id, old.status, new.status); END""",
    "postgres": """CREATE FUNCTION moved() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO trail VALUES (new.id, old.status, new.status); RETURN new; END $$;
        CREATE TRIGGER moves AFTER UPDATE OF status ON jobs FOR EACH ROW
        WHEN (old.status <> new.status) EXECUTE FUNCTION moved()""",
}


@pytest.fixture
def world(
    simulator: Simulator,
    clock: Clock,
    store: str,
    backend: str,
    new_database: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[World]:
    made = World(tmp_path, simulator, clock, new_database(store), backend=backend, **LIMITS)
    with made.service.database.write() as tx:
        tx.execute(sa.text(TRAIL))
        tx.execute(sa.text(TRIGGERS[store]))
    yield made
    made.close()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
@pytest.mark.timeout(7200)
def test_whatever_happens_the_promises_hold(
    store: str, backend: str, world: World, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")

    class Bound(Model):
        pass

    Bound.world = world
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # Hypothesis
        Bound,
        settings=settings(
            max_examples=request.config.getoption("--examples") or (3000 if long else 15),
            stateful_step_count=40 if long else 25,
            deadline=None,
            database=None,
            derandomize=not long,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
