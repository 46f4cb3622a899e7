"""Both stores for every test of the store and of the whole bridge, each with a database of its
own."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from hypothesis import settings

from bridge.infra import garbage
from bridge.store import Database, newest, upgrade
from bridge.store.base.tables import metadata
from tests.support.audit import Counts
from tests.support.kept import keep
from tests.support.postgres import Postgres, folder
from tests.support.programs import missing
from tests.support.stores import STORES

# A slow machine is no fault. The long form is for `make reliability`, or any test with
# --hypothesis-profile=long.
settings.register_profile("short", deadline=None, max_examples=min(30, settings().max_examples))
settings.register_profile("long", deadline=None, max_examples=1000)
settings.load_profile("short")
keep()
garbage.collect_apart()

TALLY = pytest.StashKey[dict[tuple[str, str], Counter[str]]]()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The one of this process: Playwright allows no second one."""
    from tests.support.browser import chromium  # here: it takes long to load

    with chromium() as found:
        yield found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="the reliability tests in full: every combination, thousands of jobs",
    )
    parser.addoption(
        "--examples", type=int, default=0, help="how many lives the model lives through"
    )
    parser.addoption(
        "--soak",
        type=float,
        default=400,
        help="seconds that the soak of --long takes, at least 180",
    )
    parser.addoption("--seed", type=int, default=5, help="what the random kills are drawn by")
    parser.addoption(
        "--jobs", type=int, default=5040, help="how many jobs the random kills of --long meet"
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres(folder() or missing("postgres"))
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema in it, to be copied."""
    path = tmp_path_factory.mktemp("template") / "bridge.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def template(postgres: Postgres) -> str:
    """A PostgreSQL database with the schema in it, to be copied."""
    name = postgres.create()
    migrate(postgres.url(name))
    return name


def migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.close()


@pytest.fixture(scope="session")
def new_database(
    request: pytest.FixtureRequest, migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Makes a migrated database in the named store and gives its URL."""

    def make(store: str) -> str:
        if store == "sqlite":
            path = tmp_path_factory.mktemp("store") / "bridge.sqlite3"
            shutil.copy(migrated, path)
            return f"sqlite:///{path}"
        server: Postgres = request.getfixturevalue("postgres")
        return server.url(server.create(request.getfixturevalue("template")))

    return make


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The store's name; what uses it runs on both."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def reused(new_database: Callable[[str], str]) -> Callable[[], str]:
    """The one PostgreSQL database for tests that need no second one: made when first asked for."""
    return cache(lambda: new_database("postgres"))


@pytest.fixture(scope="session")
def empty(reused: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Takes every row out of the reused database: in one round trip, on a connection that is
    kept."""
    deletes = ";".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
    engine = cache(lambda: sa.create_engine(reused(), pool_pre_ping=True))

    def make() -> None:
        with engine().begin() as tx:
            tx.exec_driver_sql(deletes)
            left = MigrationContext.configure(tx).get_current_revision()
        assert left == newest(), f"this test leaves the shared database at version {left}"

    yield make
    if engine.cache_info().currsize:
        engine().dispose()


@pytest.fixture
def database_url(
    store: str,
    new_database: Callable[[str], str],
    reused: Callable[[], str],
    empty: Callable[[], None],
) -> Iterator[str]:
    """A database with the schema and nothing in it.

    A test may leave rows behind, but no other schema or version.
    """
    if store == "sqlite":
        yield new_database(store)
        return
    yield reused()
    empty()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keeps a test's counts for the table at the end of the run."""
    table: dict[tuple[str, str], Counter[str]] = request.config.stash[TALLY]

    def add(what: str, store: str, counts: Counts | None, **more: int) -> None:
        table.setdefault((what, store), Counter()).update(
            {"runs": 1, **more, **(vars(counts) if counts else {})}
        )

    return add


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = {}
    # The tests kill processes, never the machine: what they write need not reach a disk.
    if os.access("/dev/shm", os.W_OK):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")
        tempfile.tempdir = "/dev/shm"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What belongs to the long form is not there without --long; in that form everything may
    take its time."""
    if hasattr(config, "workerinput"):
        # Spread over cores, the files that take longest go first: else one core has them left at
        # the end.
        files = list(dict.fromkeys(item.path for item in items))
        items.sort(key=lambda item: -files.index(item.path))
    if config.getoption("--long"):
        for item in items:
            item.add_marker(pytest.mark.timeout(1800))
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


# Under pytest-xdist each worker counts for itself, and the process that prints adds the counts up.


def pytest_sessionfinish(session: pytest.Session) -> None:
    handed: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if handed is not None:
        handed["tally"] = [
            (what, store, dict(counts))
            for (what, store), counts in session.config.stash[TALLY].items()
        ]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    table = node.config.stash[TALLY]
    for what, store, counts in getattr(node, "workeroutput", {}).get("tally", ()):
        table.setdefault((what, store), Counter()).update(counts)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for (what, store), counts in sorted(config.stash[TALLY].items()):
        numbers = ", ".join(f"{name} {counts[name]}" for name in counts)
        terminalreporter.write_line(f"reliability: {what}, {store}: {numbers}")
