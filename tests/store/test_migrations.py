"""The migrations make exactly the tables that the code uses, on both stores, and may be run by
many at once."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bridge.domain.errors import NotPossible
from bridge.store import Database, check, newest, upgrade
from bridge.store.base.migrate import FOLDER, versions
from bridge.store.base.tables import metadata
from tests.support.postgres import Postgres


@pytest.fixture
def empty(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Database]]:
    """Opens one database that has nothing in it yet."""
    if store == "sqlite":
        url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.create())
    opened: list[Database] = []

    def open() -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield open
    for database in opened:
        database.close()


def test_an_empty_database_gets_exactly_our_tables(empty: Callable[[], Database]) -> None:
    database = empty()
    before, newest = check(database)
    assert (before, upgrade(database)) == (None, newest)
    assert check(database) == (newest, newest)
    with database.read() as tx:
        context = MigrationContext.configure(
            tx, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_partial_indexes_are_partial(empty: Callable[[], Database]) -> None:
    database = empty()
    upgrade(database)
    dialect = "sqlite" if database.embedded else "postgresql"
    with database.read() as tx:
        found = {
            index["name"]: index.get("dialect_options", {}).get(f"{dialect}_where")
            for table in metadata.tables
            for index in sa.inspect(tx).get_indexes(table)
        }
    ours = {
        index.name: index.dialect_options[dialect]["where"]
        for table in metadata.tables.values()
        for index in table.indexes
    }
    assert {name for name, where in ours.items() if where is not None} == {
        name for name, where in found.items() if where is not None
    }


def test_again_changes_nothing(empty: Callable[[], Database]) -> None:
    database = empty()
    assert upgrade(database) == upgrade(database)


def test_a_schema_of_a_newer_program_is_named_and_left_alone(empty: Callable[[], Database]) -> None:
    database = empty()
    upgrade(database)
    with database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NotPossible, match="schema 9999, which this version does not know"):
        upgrade(database)
    assert check(database)[0] == "9999"


def test_several_processes_may_start_at_once(empty: Callable[[], Database]) -> None:
    databases = [empty() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(upgrade, databases))) == 1


def test_a_file_that_another_process_is_switching_to_wal_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")  # beside which SQLite refuses to switch without waiting
        end = Timer(0.3, other.execute, ["COMMIT"])
        end.start()
        database = Database(f"sqlite:///{file}")
        assert upgrade(database) == newest()
        database.close()
        end.join()


def test_the_versions_are_those_of_alembic() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(settings)
    assert versions() == sorted(each.revision for each in script.walk_revisions())
    assert newest() == script.get_current_head()


def test_a_start_without_anything_to_upgrade_does_not_load_alembic() -> None:
    loaded = "import sys, bridge.cli.serve, bridge.wiring; print('alembic' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )
