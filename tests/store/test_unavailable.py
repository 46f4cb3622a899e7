"""A database that cannot be used says so as StoreUnavailable, does nothing, and works again when it is back."""

import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.errors import StoreUnavailable
from bridge.store import Database
from bridge.store import database as module
from bridge.store.tables import hooks
from tests.store.conftest import Shop
from tests.support.billing import until
from tests.support.postgres import Postgres


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
            for act in (lambda: shop.hook("suspend", "a@example.net"), lambda: shop.lookup.counts(), lambda: shop.claim()):
                with pytest.raises(StoreUnavailable):
                    act()
        finally:
            postgres.start()
        assert shop.claimed().id == receipt.job
        assert shop.hook("suspend", "a@example.net").sequence == 1

    def test_waking_works_again_after_the_server_was_away(self, shop: Shop, postgres: Postgres) -> None:
        shop.database.mark()
        postgres.stop()
        postgres.start()
        mark = shop.database.mark()

        def woken() -> bool:
            with shop.database.write() as tx:
                tx.execute(sa.text("NOTIFY enom_bridge"))  # from elsewhere: without our own wake-up
            return shop.database.mark() != mark

        until(woken, pause=0.1)

    def test_another_process_wakes_us(self, shop: Shop, database_url: str) -> None:
        other = Shop(Database(database_url))
        shop.database.mark()
        mark = shop.database.mark()

        def woken() -> bool:
            other.hook("suspend")
            return shop.database.mark() != mark

        until(woken, pause=0.1)
        other.database.close()

    def test_a_transaction_that_stands_still_is_ended_and_its_lock_free(self, shop: Shop) -> None:
        with shop.database.read() as tx:
            assert tx.scalar(sa.text("SHOW idle_in_transaction_session_timeout")) == "5s"
            assert tx.scalar(sa.text("SHOW lock_timeout")) == "5s"
            assert tx.scalar(sa.text("SHOW synchronous_commit")) == "on"

    def test_a_row_locked_for_too_long(self, monkeypatch: pytest.MonkeyPatch, shop: Shop, database_url: str) -> None:
        shop.hook("suspend")
        monkeypatch.setattr(module, "LOCK_WAIT", 1.0)
        impatient = Shop(Database(database_url), ids=count(100))
        with shop.database.write() as tx:
            tx.execute(sa.text("SELECT * FROM mailboxes FOR UPDATE"))
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                impatient.hook("suspend")
        assert impatient.hook("suspend").sequence == 2
        impatient.database.close()
