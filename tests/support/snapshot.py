"""Writes a made-up database with a row of every kind as SQL text, to be kept for ever: later
versions must upgrade it.

Run once for each released schema, with the code of that release: `python -m tests.support.snapshot`
writes tests/store/data/VERSION.schema.sql and VERSION.rows.sql.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bridge import store
from bridge.maildns.rules import Found
from bridge.sim import Simulator
from bridge.store.base.tables import metadata
from tests.support.bench import START, Clock
from tests.support.bridge import PASSWORD, add_domain, furnish
from tests.support.scene import Scene

DATA = Path(__file__).parents[1] / "store" / "data"


def play(scene: Scene) -> None:
    """A life with every kind of end in it, and with something still open."""
    scene.do("create", id="msg_created", password=PASSWORD, display_name="John Doe", plan="basic")
    scene.do("suspend", id="msg_suspended", reason="Overdue on payment")
    scene.call_back(60)
    scene.do(
        "create", id="msg_bought", address="ann@example.net", service_id="8", password=PASSWORD
    )
    scene.do(
        "create", id="msg_rejected", address="bob@example.com", service_id="9", password="short"
    )
    lose_the_sender_of_a_purchase(scene)
    scene.send("mailbox.create", id="msg_parked", password="one two")
    scene.do("create", id="msg_gone", address="eve@example.com", service_id="11", password=PASSWORD)
    scene.do("terminate", id="msg_terminated", address="eve@example.com", service_id="11")
    scene.hook(
        "change_password",
        id="msg_overtaken",
        address="ann@example.net",
        service_id="8",
        password="Planted-Old.1",
    )
    scene.hook(
        "change_password",
        id="msg_waiting",
        address="ann@example.net",
        service_id="8",
        password="Planted-New.2",
    )
    scene.sim.control(
        "/mailboxes", {"address": "ida@example.com", "password": "Old-Secret.1", "settled": True}
    )
    scene.clock.now += 120.0
    scene.service.reconcile.account("main", "jane (command line)")
    store.SignIns(scene.service.database).begin("192.0.2.1")
    store.DnsCache(scene.service.database).reading(
        "example.com", lambda found: 3600.0, lambda domain: Found()
    )
    scene.receiver.answers = [None] * 20
    scene.call_back(1)
    scene.service.account_state.pause_account("main", "credentials", "Enom refuses the login.")
    scene.service.operator.pause_source("shop", True)
    scene.service.account_state.first_use("shop", "msg_query", 600.0)
    scene.engine.owner = "bridge-1:4711:0a1b2c3d"
    scene.engine.beat()


def lose_the_sender_of_a_purchase(scene: Scene) -> None:
    """As after kill -9 between the committed intent and the call: the job is held, its purchase
    in doubt."""

    def crash(point: str) -> None:
        if point == "intent-committed":
            raise KeyboardInterrupt

    scene.engine.worker.checkpoint = crash
    with suppress(KeyboardInterrupt):
        scene.do(
            "create",
            id="msg_doubted",
            address="cid@example.org",
            service_id="10",
            password=PASSWORD,
        )
    scene.engine.worker.checkpoint = lambda point: None
    scene.clock.now += 120.0
    scene.work(600.0)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, Simulator(seed=7, clock=(clock := Clock())) as sim:
        clock.now = START.timestamp()
        furnish(sim)
        for domain in ("example.net", "example.org"):
            add_domain(sim, domain, pak=False)
        url = f"sqlite:///{name}/bridge.sqlite3"
        database = store.Database(url)
        version = store.upgrade(database)
        scene = Scene(Path(name), sim, clock, url, account__purchase="paks")
        play(scene)
        with database.read() as tx:
            made, rows = schema(tx), "\n".join(statements(tx))
        scene.close()
        database.close()
    DATA.mkdir(exist_ok=True)
    (DATA / f"{version}.schema.sql").write_text(made)
    (DATA / f"{version}.rows.sql").write_text(f"{rows}\n")


def schema(tx: sa.Connection) -> str:
    """The tables and indexes of an SQLite database."""
    made = tx.scalars(sa.text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"))
    return "".join(f"{statement};\n" for statement in made)


def statements(tx: sa.Connection) -> Iterator[str]:
    """INSERTs that both stores understand, parents before children."""
    for table in metadata.sorted_tables:
        for row in tx.execute(sa.select(table).order_by(*table.primary_key)).mappings():
            values = (literal(row[column.name], column) for column in table.columns)
            yield (
                f"INSERT INTO {table.name} ({', '.join(table.columns.keys())}) VALUES "
                f"({', '.join(values)});"
            )


def literal(value: Any, column: sa.Column[Any]) -> str:
    if value is None:
        return "NULL"
    if isinstance(column.type, sa.JSON):
        value = json.dumps(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
