"""A database of each earlier release is upgraded and keeps everything: every row is read back in
the words of today."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import config, wiring
from bridge.domain.errors import NotPossible
from bridge.infra.crypto import Purpose
from bridge.store import AccountState, Database, Lookup, OperatorActions, newest, upgrade
from bridge.store.base.migrate import bring_up
from bridge.store.base.tables import metadata
from bridge.wiring import Service
from hooks.types import Verified
from tests.support.bench import START, Clock
from tests.support.billing import SECRET
from tests.support.bridge import KEY, PASSWORD
from tests.support.postgres import Postgres
from tests.support.snapshot import DATA, schema
from tests.support.stores import up_to

LATER = 1_803_903_310.0  # a few seconds after the last of what is in it
RELEASES = sorted(path.name.partition(".")[0] for path in DATA.glob("*.rows.sql"))
CONFIG = f"""
[bridge]
keys = ["{KEY}"]
database = "DATABASE"
[accounts.main]
uid = "reseller"
token = "planted"
suspend_with = "refuse"
[sources.shop]
platform = "standard"
account = "main"
secrets = ["{SECRET}"]
"""


def rows(release: str) -> list[str]:
    return re.split(r"(?<=;)\n(?=INSERT)", (DATA / f"{release}.rows.sql").read_text().rstrip())


def counts(database: Database) -> dict[str, int]:
    with database.read() as tx:
        return {
            name: tx.scalar(sa.text(f"SELECT count(*) FROM {name}")) or 0
            for name in sa.inspect(tx).get_table_names()
        }


def counted(tx: sa.Connection) -> list[str]:
    """The tables of that release that number their rows by themselves."""
    known = sa.inspect(tx)
    return [
        name
        for name in known.get_table_names()
        for column in known.get_columns(name)
        if column["name"] == "id" and column["autoincrement"] is True
    ]


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Each table as it is, without the words of any version."""
    with database.read() as tx:
        known = sa.inspect(tx)
        return {
            name: [
                dict(row)
                for row in tx.execute(
                    sa.text(f"SELECT * FROM {name} ORDER BY {key_of(known, name)}")
                ).mappings()
            ]
            for name in known.get_table_names()
            if name != "alembic_version"
        }


def key_of(known: sa.Inspector, table: str) -> str:
    return ", ".join(known.get_pk_constraint(table)["constrained_columns"])


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    version: str = request.param
    return version


@pytest.fixture
def old(
    store: str, release: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Database]:
    """A database as that release left it."""
    if store == "sqlite":
        url = f"sqlite:///{tmp_path / 'bridge.sqlite3'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.create())
    database = Database(url)
    with database.write() as tx:
        bring_up(tx, database, release)
        for statement in rows(release):
            tx.exec_driver_sql(statement.replace("%", "%%") if store == "postgres" else statement)
        if store == "postgres":
            for table in counted(tx):
                tx.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT "
                        f"max(id) FROM {table}))"
                    )
                )
    yield database
    database.close()


@pytest.fixture
def service(old: Database, tmp_path: Path) -> Iterator[Service]:
    """The bridge of today on it."""
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIG.replace("DATABASE", old.url))
    made = wiring.build(config.load(path, {}), wiring.Tuning(clock=Clock(LATER)))
    wiring.prepare(made)
    yield made
    made.close()


@pytest.mark.parametrize("store", ["sqlite"])
def test_the_migrations_of_a_release_are_not_changed_afterwards(
    old: Database, release: str
) -> None:
    with old.read() as tx:
        assert schema(tx).split() == (DATA / f"{release}.schema.sql").read_text().split()


def test_no_row_is_lost(old: Database) -> None:
    before = counts(old)
    assert {name for name in before if not before[name]} <= {"slots"}, (
        "a kind of row that is not tried"
    )
    assert upgrade(old) == newest()
    after = counts(old)
    assert {name: after[name] for name in before} == before
    assert set(after) == {*metadata.tables, "alembic_version"}


def test_every_column_keeps_what_it_held(old: Database) -> None:
    before = everything(old)
    upgrade(old)
    after = everything(old)
    for table, kept in before.items():
        for row, now in zip(kept, after[table], strict=True):
            changed = {name for name, value in row.items() if now[name] != value}
            assert changed == set() or (
                table == "accounts" and row["paused"] in ("restored", "person")
            ), (table, row)


def test_the_code_of_each_error_can_be_asked_for(old: Database) -> None:
    before = {row["id"]: row["error"] for row in everything(old)["jobs"]}
    upgrade(old)
    read = {
        id: json.loads(error) if isinstance(error, str) else error for id, error in before.items()
    }
    codes = {id: (error or {}).get("code") for id, error in read.items()}
    assert {row["id"]: row["code"] for row in everything(old)["jobs"]} == codes
    assert {"unclear", "password_rejected", None} <= set(codes.values())


@pytest.mark.parametrize("release", ["0003"])
def test_what_stopped_an_account_becomes_a_fact_of_its_own(old: Database) -> None:
    upgrade(old)
    rows = {row["name"]: row for row in everything(old)["accounts"]}
    account_state = AccountState(old)
    assert {name: [pause.code for pause in account_state.pauses(name)] for name in rows} == {
        "main": ["credentials"], "moved": ["person"], "other": ["restored"],
    }  # fmt: skip
    other, moved = rows["other"], rows["moved"]
    assert (other["restored_at"], other["quiet_until"], other["money_until"]) == (
        0.0,
        1803903380.0,
        None,
    )
    assert (moved["pause_reason"], moved["paused"], moved["money_until"]) == (
        "Moving house.",
        None,
        1803903400.0,
    )
    assert "The database was restored." in account_state.pauses("other")[0].detail
    with pytest.raises(NotPossible, match="reconcile --account other"):
        OperatorActions(old, lambda now: "job_1").resume_account("other")
    assert OperatorActions(old, lambda now: "job_1").resume_account("moved").left == ()


@pytest.mark.parametrize("release", ["0003"])
def test_what_was_open_goes_on_and_mailboxes_without_a_customer_stay_their_services(
    service: Service,
) -> None:
    rows = everything(service.database)
    assert {row["customer_id"] for row in rows["mailboxes"]} == {None} and len(
        rows["mailboxes"]
    ) == 5
    assert {row["address"]: row["service_id"] for row in rows["mailboxes"] if row["source"]} == {
        "john.doe@example.com": "7", "ann@example.net": "8",
    }  # fmt: skip
    (held,) = service.lookup.page("jobs", None, status="held")[0]
    assert (held["address"], held["code"]) == ("cid@example.org", "unclear")
    assert service.operator.retry(held["id"]).status == "queued"
    assert service.account_state.paused_sources() == ["shop"]
    service.operator.pause_source("shop", False)
    service.operator.resume_account("main")
    claimed = {
        job.intent.address
        for _ in range(2)
        if (job := service.new_engine().queue.claim("worker", up_to(main=4)))
    }
    assert claimed == {"ann@example.net", "cid@example.org"}


def test_every_list_and_story_can_be_told(service: Service) -> None:
    lookup = service.lookup
    jobs, _ = lookup.page("jobs", None)
    assert {job["status"] for job in jobs} == {"succeeded", "failed", "held", "cancelled", "queued"}
    stories = [lookup.story(job["id"]) for job in jobs]
    assert {purchase["outcome"] for story in stories for purchase in story["purchases"]} == {
        "done",
        "intent",
    }
    assert {step["outcome"] for story in stories for step in story["commands"]} >= {
        "accepted",
        "refused",
        "intent",
    }
    assert {callback["status"] for story in stories for callback in story["callbacks"]} >= {
        "delivered",
        "pending",
    }
    for job in jobs:
        receipt = lookup.receipt("shop", job["id"])
        assert (receipt.status, receipt.address) == (job["status"], job["address"])
    assert len(lookup.results("shop", "", 100)[0]) == sum(job["status"] != "queued" for job in jobs)
    assert {row["hook_id"] for row in lookup.page("hooks", None)[0]} >= {
        "msg_created",
        "msg_parked",
    }


def test_a_mailbox_keeps_its_owner_and_what_a_restore_has_to_set(service: Service) -> None:
    record = service.lookup.record("main", "john.doe@example.com")
    assert (record.source, record.service_id, record.state, record.suspended_with) == (
        "shop",
        "7",
        "suspended",
        "hosted-email",
    )
    assert set((record.saved_services or {}).values()) == {"enabled"}
    assert record.password_digest is not None
    assert service.lookup.record("main", "eve@example.com").state == "absent"


def test_what_was_paused_stays_so_and_notes_still_go_out(service: Service) -> None:
    assert service.account_state.account_paused("main") == "credentials"
    assert service.account_state.paused_sources() == ["shop"]
    assert not service.account_state.first_use("shop", "msg_query", 60.0)
    subjects = {
        note.subject.partition(":")[0]
        for note in wiring.store.AlertLog(service.database).due_notes()
    }
    assert subjects - {"drift"} == {"job", "account"}


def test_stored_passwords_and_parked_hooks_open(service: Service) -> None:
    waiting = service.lookup.recorded("msg_waiting")
    assert service.sealer.open(Purpose.PASSWORD, waiting.sealed or "") == "Planted-New.2"
    parked = service.lookup.recorded("msg_parked")
    assert (
        json.loads(service.sealer.open(Purpose.CONTENT, parked.sealed or ""))["data"]["password"]
        == "one two"
    )


def test_a_repeated_hook_is_known_and_the_waiting_job_goes_on(service: Service) -> None:
    service.operator.pause_source("shop", False)
    service.operator.resume_account("main")
    body = {
        "type": "mailbox.create",
        "timestamp": START.isoformat(),
        "data": {
            "service_id": "7",
            "address": "john.doe@example.com",
            "password": PASSWORD,
            "display_name": "John Doe",
            "plan": "basic",
        },
    }
    reading = service.intake.read_again(
        "shop", Verified("msg_created", int(START.timestamp()), json.dumps(body).encode(), 0)
    )
    receipt = service.intake.accept(reading)
    assert (receipt.hook, receipt.status, receipt.sequence) == ("msg_created", "succeeded", 1)
    job = service.new_engine().queue.claim("worker", up_to(main=4))
    assert job is not None and job.intent.password == "Planted-New.2"


@pytest.mark.parametrize(
    ("detail", "limit"),
    [
        (
            (
                "No more deletions within this hour (safety.max_terminations_per_hour = 20). If "
                "this one is right: …"
            ),
            "deletions",
        ),
        (
            "20 purchases were made today (safety.max_purchases_per_day). If this one is right: …",
            "purchases",
        ),
        ("Covering 2040-01-01T00:00:00Z needs 9 years of pak 7; 3 pass by themselves.", "renewal"),
        ("The pak 30002 has expired, so Enom deletes nothing in it: renew it, or ask Enom.", None),
    ],
)
def test_what_was_held_can_be_approved_for_what_held_it(
    old: Database, release: str, detail: str, limit: str | None
) -> None:
    jobs = sa.table(
        "jobs",
        sa.column("id"),
        sa.column("status"),
        sa.column("error", sa.JSON),
        sa.column("passed"),
    )
    error = {"class": "NeedsPerson", "code": "unsafe", "detail": detail, "remote": {}}
    with old.write() as tx:
        (held,) = tx.scalars(sa.select(jobs.c.id).where(jobs.c.status == "held")).all()
        other = tx.scalar(sa.select(jobs.c.id).where(jobs.c.status == "failed"))
        tx.execute(sa.update(jobs).where(jobs.c.id == held).values(error=error))
        tx.execute(sa.text("DELETE FROM purchases"))
        tx.execute(sa.update(jobs).where(jobs.c.id == other).values(passed=True))
    upgrade(old)
    story = Lookup(old).story(held)
    assert (story["job"]["code"], story["job"]["error"].get("limit")) == ("unsafe", limit)
    assert (story["may"]["approve"] is None) is (limit is not None)
    assert Lookup(old).story(other)["job"]["lifted"] == "deletions purchases renewal", (
        "as an approval lifted them then"
    )
