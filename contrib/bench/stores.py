"""Both stores, PostgreSQL with a server of its own, and a person who is signed in."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from flask.testing import FlaskClient

from bridge import wiring
from bridge.web.admin import link
from tests.support.postgres import SETTINGS, Postgres, programs


def sign_in(service: wiring.Service, client: FlaskClient) -> None:
    form = client.get("/admin/sign-in").text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    code = link.make(service.sealer, "bench", True, service.database.clock() + 600)
    answer = client.post("/admin/sign-in", data={"csrf": token, "code": code}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303, answer.text


@contextmanager
def stores(postgres: bool, settings: Sequence[str] = SETTINGS) -> Iterator[Mapping[str, Callable[[], str]]]:
    """Name -> gives the URL of a fresh one. `settings` of the server: the tests' own ones sync nothing to the disk."""
    found = programs() if postgres else None
    server = Postgres(found, settings) if found else None
    try:
        yield {"SQLite": str} | ({"PostgreSQL": partial(fresh, server)} if server else {})
    finally:
        if server:
            server.close()


def fresh(server: Postgres) -> str:
    return server.url(server.create())
