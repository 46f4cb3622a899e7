"""A database that cannot be used says so as StoreUnavailable, does nothing, and works again when
it is back."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from bridge.domain.errors import StoreUnavailable
from bridge.store import Database, Gauges, upgrade
from bridge.store.base import connections
from bridge.store.base import database as module
from bridge.store.base.database import Topic
from bridge.store.base.tables import hooks, jobs
from tests.store.conftest import Shop
from tests.support.billing import until
from tests.support.postgres import Postgres

NOBODY = 65534


class TestSqlite:
    @pytest.fixture
    def store(self) -> str:
        return "sqlite"

    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Shop]:
        monkeypatch.setattr(module, "LOCK_WAIT", 0.1)
        shop = Shop(Database(database_url))
        yield shop
        shop.database.close()

    def test_locked_by_another_process(self, impatient: Shop, database_url: str) -> None:
        other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            impatient.hook("suspend")
        assert impatient.rows(hooks) == [], "reading goes on"
        other.execute("ROLLBACK")
        other.close()
        assert impatient.hook("suspend").sequence == 1

    def test_another_thread_that_keeps_writing(self, impatient: Shop) -> None:
        with impatient.database.write(), pytest.raises(StoreUnavailable, match="busy"):
            impatient.hook("suspend")
        assert impatient.hook("suspend").sequence == 1

    def test_a_full_disk_takes_nothing_and_everything_goes_on_when_there_is_room(
        self, shop: Shop
    ) -> None:
        shop.hook("suspend")
        with shop.database.read() as tx:
            raw = tx.connection.driver_connection  # the one connection that this thread uses
            assert raw is not None
            pages = raw.execute("PRAGMA page_count").fetchone()[0]
            raw.execute(f"PRAGMA max_page_count = {pages}")
        taken = 1
        with pytest.raises(StoreUnavailable, match="disk is full"):
            while taken < 1000:
                shop.hook("suspend", f"box{taken}@example.com")
                taken += 1
        assert len(shop.rows(hooks)) == len(shop.rows(jobs)) == taken
        with shop.database.read() as tx:
            raw = tx.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA max_page_count = 1000000")
        assert shop.hook("suspend", "more@example.com").sequence == 1

    def test_a_file_that_turned_read_only_takes_nothing_and_is_written_again_when_it_can_be(
        self, nobodys: Shop
    ) -> None:
        nobodys.hook("suspend")
        file = nobodys.database.file
        assert file is not None
        nobodys.database.let_go()
        file.chmod(0o444)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="readonly"):
                nobodys.hook("suspend", "else@example.com")
            assert len(nobodys.rows(hooks)) == 1, "reading goes on"
        for each in file.parent.glob(
            f"{file.name}*"
        ):  # what SQLite made beside it meanwhile is as it was
            each.chmod(0o600)
        with suppress(StoreUnavailable):  # a connection from before may fail once
            nobodys.hook("suspend", "else@example.com")
        assert nobodys.hook("suspend", "else@example.com").address == "else@example.com"

    @pytest.fixture
    def nobodys(self, migrated: Path) -> Iterator[Shop]:
        """As a user whom permissions bind, which they do not bind root."""
        folder = Path(tempfile.mkdtemp())
        shutil.copy(migrated, folder / "bridge.sqlite3")
        root = os.geteuid() == 0
        if root:
            for path in (folder, folder / "bridge.sqlite3"):
                os.chown(path, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        shop = Shop(Database(f"sqlite:///{folder / 'bridge.sqlite3'}"))
        try:
            yield shop
        finally:
            shop.database.close()
            if root:
                os.seteuid(0)
            shutil.rmtree(folder)

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "bridge.sqlite3"
        path.write_bytes(b"not a database at all, but long enough to be taken for one" * 20)
        database = Database(f"sqlite:///{path}")
        with pytest.raises(StoreUnavailable), database.read():
            pass
        database.close()

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'none' / 'bridge.sqlite3'}")
        with pytest.raises(StoreUnavailable), database.write():
            pass
        database.close()

    @pytest.mark.parametrize("end", ["-wal", "-shm"])
    def test_behind_a_symbolic_link_too_a_log_that_was_removed_takes_no_hook(
        self, tmp_path: Path, end: str
    ) -> None:
        (tmp_path / "volume").mkdir()
        real, link = tmp_path / "volume" / "data.sqlite3", tmp_path / "bridge.sqlite3"
        link.symlink_to(real)
        upgrade(database := Database(f"sqlite:///{link}"))
        database.let_go()
        shop = Shop(database)
        shop.hook("suspend")
        Path(f"{real}{end}").unlink()
        with pytest.raises(StoreUnavailable, match=f"data.sqlite3{end} was removed"):
            shop.hook("unsuspend")
        database.close()

    def test_a_power_cut_after_the_answer_loses_nothing(self, shop: Shop) -> None:
        with shop.database.read() as tx:
            assert tx.scalar(sa.text("PRAGMA synchronous")) == 2
            assert tx.scalar(sa.text("PRAGMA journal_mode")) == "wal"
            assert tx.scalar(sa.text("PRAGMA foreign_keys")) == 1


class TestPostgres:
    @pytest.fixture
    def store(self) -> str:
        return "postgres"

    def test_a_server_that_stops_and_comes_back(self, shop: Shop, postgres: Postgres) -> None:
        receipt = shop.hook("suspend")
        postgres.stop()
        try:
            for act in (
                lambda: shop.hook("suspend", "a@example.net"),
                lambda: Gauges(shop.database).read(),
                lambda: shop.claim(),
            ):
                with pytest.raises(StoreUnavailable):
                    act()
        finally:
            postgres.start()
        assert shop.claimed().id == receipt.job
        assert shop.hook("suspend", "a@example.net").sequence == 1

    def test_waking_works_again_after_the_server_was_away(
        self, monkeypatch: pytest.MonkeyPatch, shop: Shop, postgres: Postgres
    ) -> None:
        monkeypatch.setattr(
            connections, "REST", 0.0
        )  # what a connection in use meets is in the test below
        shop.database.mark(Topic.JOBS)
        postgres.stop()
        postgres.start()
        mark = shop.database.mark(Topic.JOBS)

        def woken() -> bool:
            with shop.database.write() as tx:
                tx.execute(sa.text("NOTIFY enom_bridge"))  # from elsewhere: without our own wake-up
            return shop.database.mark(Topic.JOBS) != mark

        until(woken, pause=0.1)

    @pytest.mark.parametrize(("rest", "errors"), [(0.0, 0), (60.0, 1)])
    def test_a_server_that_was_started_again_costs_one_error_at_most(
        self,
        monkeypatch: pytest.MonkeyPatch,
        shop: Shop,
        postgres: Postgres,
        rest: float,
        errors: int,
    ) -> None:
        monkeypatch.setattr(connections, "REST", rest)
        with shop.database.read(), shop.database.read(), shop.database.read():
            pass  # several connections rest now
        postgres.stop()
        postgres.start()
        met = 0
        for number in range(4):
            try:
                shop.hook("suspend", f"box{number}@example.net")
            except StoreUnavailable:
                met += 1
        assert met == errors

    def test_another_process_wakes_us(self, shop: Shop, database_url: str) -> None:
        other = Shop(Database(database_url))
        shop.database.mark(Topic.JOBS)
        mark = shop.database.mark(Topic.JOBS)

        def woken() -> bool:
            other.hook("suspend")
            return shop.database.mark(Topic.JOBS) != mark

        until(woken, pause=0.1)
        other.database.close()

    def test_a_transaction_that_stands_still_is_ended_and_its_lock_free(self, shop: Shop) -> None:
        with shop.database.read() as tx:
            assert tx.scalar(sa.text("SHOW idle_in_transaction_session_timeout")) == "5s"
            assert tx.scalar(sa.text("SHOW lock_timeout")) == "5s"
            assert tx.scalar(sa.text("SHOW synchronous_commit")) == "on"

    def test_a_row_locked_for_too_long(
        self, monkeypatch: pytest.MonkeyPatch, shop: Shop, database_url: str
    ) -> None:
        shop.hook("suspend")
        monkeypatch.setattr(module, "LOCK_WAIT", 1.0)
        impatient = Shop(Database(database_url), ids=count(100))
        with shop.database.write() as tx:
            tx.execute(sa.text("SELECT * FROM mailboxes FOR UPDATE"))
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                impatient.hook("suspend")
        assert impatient.hook("suspend").sequence == 2
        impatient.database.close()


def test_a_connection_in_use_at_the_end_is_closed_when_it_comes_back(shop: Shop) -> None:
    """Python 3.13 tells of each that is not."""
    with shop.database.read() as tx:
        raw = tx.connection.dbapi_connection
        assert raw is not None
        shop.database.close()
        assert tx.scalar(sa.text("SELECT 1")) == 1
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
        raw.cursor().execute("SELECT 1")


@pytest.mark.parametrize("store", ["sqlite"])
def test_who_reads_after_the_end_leaves_no_file_open(shop: Shop) -> None:
    shop.database.close()
    assert shop.rows(hooks) == []
    handles = [os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()]
    assert not [each for each in handles if each.startswith(str(shop.database.file))]
