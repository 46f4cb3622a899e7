"""A database of PostgreSQL that is dropped, emptied or made anew while a bridge runs: 503, not
ready, and why."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import requests

from tests.conftest import migrate
from tests.support.billing import Billing, until
from tests.support.bridge import Running, Simulator, furnish, write_config
from tests.support.postgres import Postgres

EMPTY, ANOTHER, AWAY = (
    "the bridge's tables are gone",
    "another database than when",
    "cannot be used",
)


class Place:
    """A bridge on a database of its own."""

    def __init__(self, folder: Path, sim: Simulator, url: str) -> None:
        self.url, self.name = url, url.rpartition("/")[2]
        self.billing = Billing()
        self.bridge = Running(write_config(folder, sim, url, self.billing.url))
        self.sent = 0

    def tell(self, *commands: str, database: str = "postgres") -> None:
        plain = self.url.replace("+psycopg", "").rpartition("/")[0]
        with psycopg.connect(f"{plain}/{database}", autocommit=True) as connection:
            for command in commands:
                connection.execute(command.encode())

    def hook(self) -> int:
        self.sent += 1
        data = {"address": "ann@example.com", "service_id": "1"}
        return self.billing.send(
            self.bridge.hooks, "mailbox.suspend", id=f"msg_{self.sent}", **data
        ).status_code

    def ready(self) -> tuple[int, str]:
        answer = requests.get(f"{self.bridge.url}/readyz", timeout=10)
        return answer.status_code, " ".join(answer.json()["reasons"])

    def close(self) -> None:
        self.bridge.close()
        self.billing.close()


@pytest.fixture
def place(
    tmp_path: Path, postgres: Postgres, new_database: Callable[[str], str]
) -> Iterator[Place]:
    with Simulator(seed=1) as sim:
        furnish(sim)
        place = Place(tmp_path, sim, new_database("postgres"))
        try:
            yield place
        finally:
            place.close()


def emptied(place: Place) -> None:
    def emptied() -> bool:
        try:
            place.tell("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", database=place.name)
        except psycopg.errors.DeadlockDetected:
            return False  # with the bridge at work
        return True

    until(emptied)


def dropped(place: Place) -> None:
    place.tell(f"DROP DATABASE {place.name} WITH (FORCE)")


def made_anew(place: Place) -> None:
    dropped(place)
    place.tell(f"CREATE DATABASE {place.name}")


def made_anew_with_tables(place: Place) -> None:
    made_anew(place)
    migrate(place.url)
    place.tell(
        "INSERT INTO marks (name, value) VALUES ('instance', 1), ('tried', 0)", database=place.name
    )


WAYS = {emptied: EMPTY, dropped: AWAY, made_anew: EMPTY, made_anew_with_tables: ANOTHER}


@pytest.mark.parametrize("away", WAYS, ids=lambda each: each.__name__)
def test_nothing_is_accepted_and_the_reason_is_said(
    place: Place, away: Callable[[Place], None]
) -> None:
    assert place.hook() == 202
    until(lambda: place.ready()[0] == 200)

    away(place)

    until(lambda: place.ready()[0] == 503)
    status, reasons = place.ready()
    assert status == 503 and WAYS[away] in reasons
    assert [place.hook() for _ in range(3)] == [503] * 3
