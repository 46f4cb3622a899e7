"""Both stores, PostgreSQL with a server of its own, and a person who is signed in."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from flask.testing import FlaskClient

from bridge import wiring
from bridge.web.admin import sign_in_code
from tests.support.postgres import Postgres, folder

SETTINGS = (
    "max_connections=500",
    "listen_addresses=127.0.0.1",
)  # and so it syncs each commit, unlike that of the tests


def sign_in(service: wiring.Service, client: FlaskClient) -> None:
    form = client.get("/admin/sign-in").text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    code = sign_in_code.make(service.sealer, "bench", True, service.database.clock() + 600)
    answer = client.post(
        "/admin/sign-in", data={"csrf": token, "code": code}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 303, answer.text


@contextmanager
def stores(postgres: bool) -> Iterator[Mapping[str, Callable[[], str]]]:
    """Name -> gives the URL of a fresh one."""
    found = folder() if postgres else None
    server = Postgres(found, SETTINGS) if found else None
    try:
        yield {"SQLite": str} | ({"PostgreSQL": partial(fresh, server)} if server else {})
    finally:
        if server:
            server.close()


def fresh(server: Postgres) -> str:
    return server.url(server.create())
