"""The bridge behind a real PgBouncer that gives each transaction whichever connection is free."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.domain.errors import NotPossible, StoreUnavailable
from bridge.store import Copies, Database
from bridge.store.base import database as module
from tests.support.billing import Billing
from tests.support.bridge import PASSWORD, Running, Simulator, furnish, write_config
from tests.support.pgbouncer import PgBouncer
from tests.support.postgres import Postgres
from tests.support.programs import needed

WAYS = {"refused": {}, "dropped": {"ignore_startup_parameters": "options,extra_float_digits"}}
"""What becomes of the settings that a connection begins with: the two ways that an admin may
have it."""


@pytest.fixture
def direct(postgres: Postgres, new_database: Callable[[str], str]) -> str:
    return new_database("postgres")


@pytest.fixture(params=WAYS)
def pooled(request: pytest.FixtureRequest, postgres: Postgres, direct: str) -> Iterator[str]:
    found = needed("pgbouncer")
    bouncer = PgBouncer(found, postgres.port, direct.rpartition("/")[2], **WAYS[request.param])
    yield bouncer.url
    bouncer.close()


def test_hooks_are_taken_and_done_by_processes_that_hear_nothing_of_each_other(
    pooled: str, tmp_path: Path
) -> None:
    with Simulator(seed=1) as sim:
        furnish(sim)
        billing = Billing()
        path = write_config(tmp_path, sim, pooled, billing.url, account__settle=1)
        web, worker = Running(path, work=False), Running(path)
        try:
            data = {"address": "ann@example.com", "service_id": "1"}
            receipt = billing.send(
                web.hooks, "mailbox.create", wait=20, password=PASSWORD, **data
            ).json()
            assert receipt["status"] == "succeeded", receipt
            for verb in (
                "suspend",
                "unsuspend",
            ) * 5:  # each statement often enough that a driver would prepare it
                assert (
                    billing.send(web.hooks, f"mailbox.{verb}", wait=20, **data).json()["status"]
                    == "succeeded"
                )
            assert len(billing.wait_for(11)) >= 11
            assert worker.service.database.pooler and worker.service.database.pooler.present
        finally:
            web.close()
            worker.close()
            billing.close()


def test_each_transaction_has_the_settings_and_leaves_none_behind(pooled: str, direct: str) -> None:
    database, plain = Database(pooled), Database(direct)
    try:
        ask = sa.text(
            "SELECT current_setting('lock_timeout'), "
            "current_setting('idle_in_transaction_session_timeout')"
        )

        def settings(_: int) -> tuple[str, ...]:
            with database.write() as tx:
                return tuple(tx.execute(ask).one())

        with ThreadPoolExecutor(12) as pool:  # more than there are connections to the server
            assert set(pool.map(settings, range(120))) == {("5s", "5s")}
        with database.engine.connect() as connection:
            assert connection.scalar(sa.text("SHOW lock_timeout")) == "0"
        with plain.read() as tx:
            assert tuple(tx.execute(ask).one()) == ("5s", "5s")
        assert plain.pooler and plain.pooler.present is False
    finally:
        database.close()
        plain.close()


def test_a_row_that_another_one_holds_is_not_waited_for_without_end(
    pooled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT", 0.2)
    database = Database(pooled)
    held, done = threading.Event(), threading.Event()
    lock = sa.text("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")

    def hold() -> None:
        with database.write() as tx:
            tx.execute(lock)
            held.set()
            done.wait(30)

    holding = threading.Thread(target=hold)
    holding.start()
    try:
        assert held.wait(30)
        with pytest.raises(StoreUnavailable, match="lock timeout"), database.write() as tx:
            tx.execute(lock)
    finally:
        done.set()
        holding.join()
        database.close()


def test_a_copy_is_refused_with_what_to_do(pooled: str, tmp_path: Path) -> None:
    """pg_dump sets its own search path, and a pooler would hand that on to others."""
    database = Database(pooled)
    try:
        with pytest.raises(NotPossible, match="connects to PostgreSQL directly"):
            Copies(database, {}).backup(tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
    finally:
        database.close()
