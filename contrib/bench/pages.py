"""Milliseconds that the server takes for each page of the admin, with 100,000 jobs and 20,000 mailboxes, on both stores."""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from bridge import wiring
from bridge.store import tables
from bridge.web import create_app
from bridge.web.admin import link, nav
from contrib.bench.setting import build, head
from tests.support.postgres import Postgres, programs

DAY, DAYS, RECENT = 86400.0, 90, 0.05  # of the jobs, in the last day
ENDS = ("succeeded",) * 950 + ("failed",) * 25 + ("cancelled",) * 20 + ("held",) * 5
TOLD = ("delivered",) * 985 + ("superseded",) * 10 + ("stopped",) * 4 + ("exhausted",)
ACTIONS = ("mailbox.create", "mailbox.suspend", "mailbox.unsuspend", "mailbox.change_password", "mailbox.renew")
BATCH = 5000


def fill(service: wiring.Service, jobs: int, mailboxes: int) -> dict[str, str]:
    """Everything that a busy bridge has after three months; some ids of it."""
    dice, now = random.Random(1), time.time()
    write(service, tables.mailboxes, (mailbox(number, now) for number in range(mailboxes)))
    moments = sorted(now - (dice.random() if dice.random() < RECENT else dice.random() * DAYS) * DAY for _ in range(jobs))
    rows = [job(number, moment, mailboxes, dice, number > jobs - 40) for number, moment in enumerate(moments)]
    write(service, tables.jobs, iter(rows))
    write(service, tables.hooks, (hook(row, dice) for row in rows))
    write(service, tables.steps, (step(row, dice) for row in rows for _ in range(2) if row["finished_at"]))
    write(service, tables.callbacks, (callback(row, dice) for row in rows if row["finished_at"]))
    write(service, tables.audit, (entry(row) for row in rows[::20]))
    with service.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
        if not service.database.embedded:
            tx.execute(sa.text("ANALYZE"))  # as PostgreSQL does by itself in the course of time
    middle = rows[jobs // 2]
    return {"job": middle["id"], "hook": middle["hook_id"], "address": middle["address"], "service": middle["service_id"]}


def write(service: wiring.Service, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
        with service.database.write() as tx:
            tx.execute(sa.insert(table), batch)


def mailbox(number: int, now: float) -> dict[str, Any]:
    domain = f"example{number % 4000}.com"
    base = {"account": "main", "domain": domain, "address": f"user{number}@{domain}", "sequence": 100, "source": "shop"}
    return base | {
        "id": number + 1,
        "service_id": str(number),
        "state": ("active", "suspended")[number % 9 == 0],
        "observed_at": now,
    }


def job(number: int, moment: float, mailboxes: int, dice: random.Random, waits: bool) -> dict[str, Any]:
    owner, status = mailbox(number % mailboxes, moment), "queued" if waits else dice.choice(ENDS)
    error = (
        {"class": "Refused", "code": "refused", "detail": "Enom said no.", "remote": {}}
        if status in ("failed", "held")
        else None
    )
    return {
        "id": wiring.new_job_id(moment), "mailbox_id": owner["id"], "sequence": number // mailboxes + 1,
        "hook_id": f"msg_{number}",
        "source": "shop", "account": "main", "domain": owner["domain"], "address": owner["address"],
        "service_id": owner["service_id"], "action": dice.choice(ACTIONS), "facts": "suspension", "status": status,
        "intent": {"timestamp": "2027-03-01T12:00:00+00:00", "unknown": []}, "available_at": moment,
        "state": "active", "plan": [{"change": "suspend", "with": "hosted-email"}], "seen": {"exists": True},
        "verified": {"suspension": "verified"}, "message": "Done.", "error": error, "extra": {}, "tries": 1,
        "created_at": moment, "started_at": moment + 1, "finished_at": None if waits else moment + 5,
    }  # fmt: skip


def hook(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    parked = dice.random() < 0.001
    kept = {"job_id": None if parked else row["id"], "errors": {"data": ["missing"]} if parked else None}
    return kept | {
        "source": "shop", "hook_id": row["hook_id"], "type": row["action"], "digest": "x" * 40, "key_index": 0,
        "received_at": row["created_at"], "sealed": "sealed" if parked and row["created_at"] > time.time() - 3 * DAY else None,
    }  # fmt: skip


def step(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    begun = row["created_at"] + 1
    return {
        "job_id": row["id"], "token": 1, "kind": "suspend", "command": "change_user", "digest": "x", "arguments": {},
        "trust_after": 0.0, "outcome": "accepted" if dice.random() < 0.98 else "refused", "started_at": begun,
        "ended_at": begun + dice.random() * 4,
    }  # fmt: skip


def callback(row: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    ended = row["finished_at"] + 1
    return {
        "id": f"cb_{row['id']}_1", "job_id": row["id"], "mailbox_id": row["mailbox_id"], "source": "shop", "tries": 1,
        "service_id": row["service_id"], "sequence": row["sequence"], "facts": "suspension", "status": dice.choice(TOLD),
        "next_at": ended, "created_at": row["finished_at"], "ended_at": ended, "last_status": 200,
    }  # fmt: skip


def entry(row: dict[str, Any]) -> dict[str, Any]:
    return {"at": row["created_at"], "who": "jane (password)", "action": "retry", "target": row["id"]}


def pages(ids: dict[str, str]) -> list[str]:
    one = [f"/admin/jobs/{ids['job']}", f"/admin/hooks/shop/{ids['hook']}", f"/admin/mailboxes/{ids['address']}"]
    job, address, service = ids["job"], ids["address"], ids["service"]
    filtered = [
        "/admin/jobs?status=held", "/admin/jobs?status=cancelled", "/admin/jobs?status=running", "/admin/jobs?status=queued",
        f"/admin/jobs?address={address}", f"/admin/jobs?service_id={service}", f"/admin/jobs?after={job}",
        "/admin/jobs?action=mailbox.terminate", "/admin/jobs?source=shop&account=main&status=failed",
        "/admin/hooks?status=parked", "/admin/hooks?status=held", f"/admin/hooks?address={address}",
        "/admin/hooks?type=mailbox.terminate", "/admin/callbacks?status=exhausted", "/admin/callbacks?status=pending",
        "/admin/callbacks?status=stopped", f"/admin/callbacks?address={address}", f"/admin/callbacks?job_id={job}",
        "/admin/mailboxes?state=absent", "/admin/mailboxes?domain=example77.com", f"/admin/mailboxes?service_id={service}",
        *(f"/admin/{what}?source=shop" for what in ("jobs", "hooks", "callbacks", "mailboxes")),
        "/admin/audit?action=approve", "/admin/audit?who=nobody", f"/admin/audit?target={job}",
        f"/admin/search?q={service}", "/admin/search?q=nothing",
    ]  # fmt: skip
    return [*(each.path for each in nav.NAV), *one, f"/admin/callbacks/cb_{job}_1", *filtered]


def measure(service: wiring.Service, jobs: int, mailboxes: int, rounds: int) -> dict[str, tuple[float, float, float]]:
    """For each page, with ids taken out of it: median, 95th percentile and median of the processor's time, in milliseconds."""
    ids = fill(service, jobs, mailboxes)
    client = create_app(service).test_client()
    sign_in(service, client)
    found = {}
    for path in pages(ids):
        times, work = [], []
        for _ in range(rounds + 2):
            begun, worked = time.perf_counter(), time.process_time()
            answer = client.get(path)
            times.append(1000 * (time.perf_counter() - begun))
            work.append(1000 * (time.process_time() - worked))
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
        times, work = sorted(times[2:]), sorted(work[2:])  # the first ones compile and connect
        found[named(path, ids)] = statistics.median(times), times[int(len(times) * 0.95)], statistics.median(work)
    return found


def named(path: str, ids: dict[str, str]) -> str:
    for name, id in sorted(ids.items(), key=lambda item: -len(item[1])):
        path = path.replace(f"={id}", f"=({name})").replace(f"/{id}", f"/({name})").replace(f"cb_{id}_1", "(callback)")
    return path


def sign_in(service: wiring.Service, client: FlaskClient) -> None:
    form = client.get("/admin/sign-in").text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    code = link.make(service.sealer, "bench", True, service.database.clock() + 600)
    answer = client.post("/admin/sign-in", data={"csrf": token, "code": code}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303, answer.text


@contextmanager
def stores(postgres: bool) -> Iterator[dict[str, str]]:
    found = programs() if postgres else None
    server = Postgres(found) if found else None
    try:
        yield {"SQLite": ""} | ({"PostgreSQL": server.url(server.create())} if server else {})
    finally:
        if server:
            server.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=100_000)
    options.add_argument("--mailboxes", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--no-postgres", action="store_true")
    chosen = options.parse_args()
    results = {}
    with stores(not chosen.no_postgres) as urls:
        for store, url in urls.items():
            with tempfile.TemporaryDirectory() as folder:
                service = build(Path(folder), "http://127.0.0.1:9/interface.asp", "http://127.0.0.1:9/api", database=url)
                try:
                    results[store] = measure(service, chosen.jobs, chosen.mailboxes, chosen.rounds)
                finally:
                    service.close()
    print(head(f"Pages of the admin, {chosen.jobs} jobs, {chosen.mailboxes} mailboxes, {chosen.rounds} rounds"))
    print("\n| page | " + " | ".join(f"{store}: median ms | p95 ms | processor ms" for store in results) + " |")
    print("| --- |" + " --- | --- | --- |" * len(results))
    for path in next(iter(results.values())):
        figures = (f"{value:.0f}" for found in results.values() for value in found[path])
        print(f"| `{path}` | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
