"""What became of everything, by three witnesses: the database, the simulator's history, the
billing side's callbacks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from bridge.domain.jobs import ENDED
from bridge.sim import Simulator
from bridge.store.base.tables import callbacks, jobs, mailboxes, steps
from tests.support.billing import Billing

WRITES = frozenset(
    {"SetUpPOP3User", "ModifyPOP3", "DeletePOP3", "change_user", "logout_user", "delete_user"}
)
PLACES = ("mailbox.create", "mailbox.terminate")  # with every backend
CLOCKS = 0.1  # seconds by which the clocks of remote and database may differ here
PLANS = {"basic": 1 << 30, "large": 25 << 30}  # as write_config has them


@dataclass
class Counts:
    """`lost`: hooks answered 2xx whose job is missing or not ended. `overlapping`: calls that met
    though they may not: for one mailbox, or both about a place of one domain.

    `disagreeing`: mailboxes that at the remote are not what the jobs that succeeded, one after the other, make of them.
    `late_calls`: commands that reached the remote after the time at which their call must have ended. They were inside a
    process while it was stopped, so they are told apart from `out_of_order`; where one is why a job was held,
    nothing disagrees silently. `services_wrong`: jobs of a whole service that say otherwise than their members do.
    """

    jobs: int = 0
    held: int = 0
    commands: int = 0
    lost: int = 0
    out_of_order: int = 0
    late_calls: int = 0
    overlapping: int = 0
    purchases: int = 0
    repeated_purchases: int = 0
    disagreeing: int = 0
    services_wrong: int = 0
    callbacks: int = 0
    callbacks_twice: int = 0
    callbacks_superseded: int = 0
    callbacks_lost: int = 0
    callbacks_out_of_order: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        )

    @property
    def faults(self) -> dict[str, int]:
        """What must be zero, where it is not."""
        names = ("lost", "out_of_order", "overlapping", "repeated_purchases", "disagreeing")
        names += ("services_wrong", "callbacks_lost", "callbacks_out_of_order")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def read(url: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of the tables that tell the story, each in its order."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as tx:
        tables = {
            "jobs": (jobs, jobs.c.sequence),
            "steps": (steps, steps.c.id),
            "callbacks": (callbacks, callbacks.c.sequence),
        }
        tables["mailboxes"] = (mailboxes, mailboxes.c.id)
        rows = {
            name: [dict(row) for row in tx.execute(sa.select(table).order_by(order)).mappings()]
            for name, (table, order) in tables.items()
        }
    return rows


def open_ends(url: str) -> Callable[[], tuple[int, int]]:
    """A look at the database that is cheap enough to be repeated: jobs in all, and jobs and
    callbacks not at their end."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    total = sa.select(sa.func.count()).select_from(jobs).scalar_subquery()
    unfinished = sa.select(sa.func.count()).where(jobs.c.finished_at.is_(None)).scalar_subquery()
    pending = sa.select(sa.func.count()).where(callbacks.c.status == "pending").scalar_subquery()

    def look() -> tuple[int, int]:
        with engine.connect() as tx:
            row = tx.execute(sa.select(total, unfinished + pending)).one()
        return row[0], row[1]

    return look


def audit(
    url: str,
    sim: Simulator,
    billing: Billing,
    accepted: Mapping[str, Mapping[str, Any]],
    needed: Mapping[str, int],
) -> Counts:
    """`accepted`: id -> data of the hooks that were answered 2xx.

    `needed`: domain -> purchases that they called for.
    """
    rows = read(url)
    mine = {job["id"]: job for job in rows["jobs"]}
    domains = {job["domain"] for job in mine.values() if job["domain"]}
    history = [call for call in sim.control("/history")["history"] if call["domain"] in domains]
    ended = {job["hook_id"] for job in mine.values() if job["status"] in ENDED}
    paid = purchases(sim)
    bought = {domain: paid[domain] for domain in domains}
    result = [call for call in list(billing.received) if call["data"]["job"] in mine]
    times = Counter(call["id"] for call in result)
    undelivered = [
        row for row in rows["callbacks"] if row["id"] not in times and row["status"] != "superseded"
    ]
    told = {id for id, job in mine.items() if not job["silent"]}
    unwritten = told - {row["job_id"] for row in rows["callbacks"]}
    late = late_calls(rows["steps"], mine, history)
    newest = {job["address"]: job["status"] for job in rows["jobs"]}
    known = {call["address"] for call in late if newest.get(call["address"]) == "held"}
    return Counts(
        jobs=len(mine),
        held=sum(job["status"] == "held" for job in mine.values()),
        commands=len(rows["steps"]),
        lost=len(set(accepted) - ended),
        out_of_order=out_of_order(
            rows["steps"], mine, [call for call in history if call not in late]
        ),
        late_calls=len(late),
        overlapping=overlapping(rows["steps"], mine, history),
        purchases=sum(bought.values()),
        disagreeing=len(disagreeing(rows["jobs"], accepted, sim) - known),
        services_wrong=len(services_wrong(rows["jobs"])),
        repeated_purchases=sum(
            max(0, count - needed.get(domain, 0)) for domain, count in bought.items()
        ),
        callbacks=len(times),
        callbacks_twice=len(result) - len(times),
        callbacks_superseded=sum(row["status"] == "superseded" for row in rows["callbacks"]),
        callbacks_lost=len(undelivered) + len(unwritten),
        callbacks_out_of_order=callbacks_out_of_order(result),
    )


def purchases(sim: Simulator) -> Counter[str]:
    """Domain -> how often something was bought for it."""
    orders = sim.control("/state")["accounts"]["reseller"]["orders"]
    return Counter(item["domain"][1] for order in orders for item in order["items"])


def out_of_order(
    journal: list[dict[str, Any]], mine: Mapping[str, Any], history: list[dict[str, Any]]
) -> int:
    """Commands that were journalled, or reached the remote, before one that an earlier hook of
    the mailbox asked for."""
    written: dict[str, list[str]] = defaultdict(list)
    last: dict[str, int] = defaultdict(int)
    wrong = 0
    for step in journal:
        job = mine[step["job_id"]]
        wrong += job["sequence"] < last[job["address"]]
        last[job["address"]] = job["sequence"]
        written[job["address"]].append(step["command"])
    for address, commands in written.items():
        ahead = iter(commands)
        sent = [
            call["command"]
            for call in history
            if call["address"] == address and call["command"] in WRITES
        ]
        # Each call that the remote saw follows, in the journal, the one before it.
        wrong += sum(not any(command == each for each in ahead) for command in sent)
    return wrong


def late_calls(
    journal: list[dict[str, Any]], mine: Mapping[str, Any], history: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Commands that began outside the time in which any step of their kind says that its call
    was under way."""
    spans: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for step in journal:
        spans[mine[step["job_id"]]["address"], step["command"]].append(
            (step["started_at"], step["ended_at"])
        )
    return [
        call
        for call in history
        if call["command"] in WRITES
        and not any(
            began - CLOCKS <= call["started"] <= ended + CLOCKS
            for began, ended in spans[call["address"], call["command"]]
        )
    ]


def disagreeing(
    journal: list[dict[str, Any]], accepted: Mapping[str, Mapping[str, Any]], sim: Simulator
) -> set[str]:
    wanted: dict[str, dict[str, Any]] = defaultdict(dict)
    for job in journal:
        if job["status"] != "succeeded" or job["mailbox_id"] is None:
            continue
        box, data = wanted[job["address"]], accepted.get(job["hook_id"], {})
        box |= {"exists": True}
        match job["action"]:
            case "mailbox.terminate":
                box.clear()
                box["exists"] = False
            case "mailbox.create" | "mailbox.unsuspend":
                box["services"] = {"enabled"}
            case "mailbox.suspend":
                box["services"] = {"suspended"}
        box |= {"password": data["password"]} if "password" in data else {}
        box |= {"quota_bytes": PLANS[data["plan"]]} if "plan" in data else {}
        box |= attributes(data)
    domains = sim.control("/state")["domains"]
    wrong = set()
    for address, wish in wanted.items():
        found = domains[address.partition("@")[2]]["mailboxes"].get(address)
        shown = (
            {
                **found["attributes"],
                **found,
                "exists": True,
                "services": set(found["services"].values()),
            }
            if found
            else {"exists": False}
        )
        if {name: shown.get(name) for name in wish} != wish:
            wrong.add(address)
    return wrong


def services_wrong(journal: list[dict[str, Any]]) -> set[str]:
    """Jobs of a whole service, the newest of each hook, that have not ended although their members
    have, or that succeeded although a member did not and was not replaced."""
    hooks = {job["hook_id"]: job for job in journal if job["mailbox_id"] is None}
    first = {job["hook_id"]: job["id"] for job in reversed(journal) if job["mailbox_id"] is None}
    members: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for job in journal:
        if job["service_job"]:
            members[job["service_job"]][job["address"]] = job
    wrong = set()
    for hook, job in hooks.items():
        ends = list(members[first[hook]].values())
        done = [
            each["status"] == "succeeded" or each["code"] in ("overtaken", "not_found", "not_ours")
            for each in ends
        ]
        ended = all(each["status"] in ENDED for each in ends)
        if ended != (job["status"] in ENDED) or (job["status"] == "succeeded" and not all(done)):
            wrong.add(job["id"])
    return wrong


def attributes(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a hook about aliases or forwarding leaves at the remote."""
    if "aliases" in data:
        return {"aliases": sorted(data["aliases"])}
    if "forward_to" not in data:
        return {}
    on = bool(data["forward_to"])
    return {
        "forward_recipients": sorted(data["forward_to"]),
        "delivery_forward": on,
        "delivery_local": data.get("keep_copy", True) or not on,
    }


def overlapping(
    journal: list[dict[str, Any]], mine: Mapping[str, Any], history: list[dict[str, Any]]
) -> int:
    """Calls that began while another one was under way that they may not meet, as far as the
    caller could know (docs/side-by-side.md)."""
    sent = [
        (call["started"], call["ended"] or call["started"], call["address"])
        for call in history
        if call["address"] and call["fault"] not in ("slow", "late")
    ]
    # Of what needs a place in its domain, from the first command of an attempt to the last: also
    # the looks between them may not meet another one's commands.
    placed: dict[tuple[str, int], tuple[float, float, str]] = {}
    for step in journal:
        job = mine[step["job_id"]]
        if job["action"] in PLACES and step["outcome"] not in ("intent", "unknown"):
            attempt = job["id"], step["token"]
            began, ended, _ = placed.get(attempt, (step["started_at"], 0.0, ""))
            placed[attempt] = began, max(ended, step["ended_at"]), job["domain"]
    return meetings(sent) + meetings(list(placed.values()))


def meetings(spans: list[tuple[float, float, str]]) -> int:
    """Of spans (begin, end, of what), those that begin while another one of the same lasts."""
    until: dict[str, float] = defaultdict(float)
    count = 0
    for began, ended, what in sorted(spans):
        count += began < until[what]
        until[what] = max(until[what], ended)
    return count


def callbacks_out_of_order(result: list[dict[str, Any]]) -> int:
    """First deliveries that came after one of a later sequence of the same mailbox; not of a job
    that is told once more."""
    seen: set[str] = set()
    last: dict[str, int] = defaultdict(int)
    wrong = 0
    for call in result:
        if call["id"] not in seen and call["id"].endswith("_1"):
            seen.add(call["id"])
            data = call["data"]
            line = data.get("address") or f"service {data['service_id']}"
            wrong += data["sequence"] < last[line]
            last[line] = max(last[line], data["sequence"])
    return wrong
