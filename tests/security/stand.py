"""A bridge for a million requests: its app called as waitress calls it, every answer judged, every row counted."""

import io
import logging
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO, cast

import click
import sqlalchemy as sa
import structlog
from flask import Flask

from bridge import config, logs, wiring
from bridge.sim import Simulator
from bridge.store import tables
from bridge.web import create_app
from hooks import signing
from tests.security.hostile import PLANTED, Hostile, Request
from tests.support.bench import START
from tests.support.billing import SECRET
from tests.support.bridge import furnish, write_config

KEY = signing.decode_secret(SECRET)
NOW = START.timestamp()
SIGNED = {200, 202, 400, 403, 404, 409, 413, 415, 422, 429}
ELSEWHERE = {200, 400, 404, 405, 413}
PAGES = {303, 400, 403, 404, 405, 413}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Stand:
    app: Flask
    service: wiring.Service
    faults: "Faults"
    kept: set[str] = field(default_factory=set)  # ids of hooks that may be in the database
    statuses: Counter[int] = field(default_factory=Counter)
    signed: int = 0
    stranger: Answer | None = None  # the first answer of 401: all others must be the same

    def send(self, request: Request) -> Answer:
        answer = call(self.app, request)
        self.statuses[answer.status] += 1
        genuine = request.genuine(KEY, NOW)
        self.signed += genuine
        self.judge(request, answer, genuine)
        if genuine and request.place == "/hooks/shop" and answer.status in (200, 202, 422):
            self.kept.add(request.header("webhook-id") or "")
        return answer

    def judge(self, request: Request, answer: Answer, genuine: bool) -> None:
        told = f"{request!r:.900} was answered {answer.status} {answer.body!r:.300}"
        assert self.faults.seen == [], told
        assert answer.status < 500 or (request.place, answer.status) == ("/readyz", 503), told
        assert PLANTED.encode() not in answer.body, told
        if request.place.rstrip("/") == "/admin" or request.place.startswith("/admin/"):
            # The pages: a stranger is led to the form, or told as a page that this is nothing; nobody is signed in.
            assert answer.status in PAGES, told
            assert answer.headers.get("location", "/admin/sign-in").startswith("/admin/sign-in"), told
            assert "set-cookie" not in answer.headers, told
            told_as_problem = answer.headers.get("content-type") == "application/problem+json"
            assert told_as_problem or "content-security-policy" in answer.headers, told
            return
        kind = answer.headers.get("content-type", "")
        assert kind.startswith(("application/json", "application/problem+json")) or not answer.body, told
        assert "location" not in answer.headers and "set-cookie" not in answer.headers, told
        if genuine:
            assert answer.status in SIGNED, told
        elif request.method == "POST" and is_door(request.place):
            # A Host that is none is refused before anybody asks who sent it.
            assert answer.status in (401, 413) or (answer.status == 400 and request.header("host") is not None), told
        else:
            assert answer.status in ELSEWHERE or request.place == "/readyz", told
        if answer.status == 401:
            self.stranger = self.stranger or answer
            assert answer == self.stranger, told

    def rows(self) -> dict[str, int]:
        with self.service.database.read() as tx:
            return {
                table.name: tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in tables.metadata.sorted_tables
            }

    def hook_ids(self) -> set[str]:
        with self.service.database.read() as tx:
            return set(tx.scalars(sa.select(tables.hooks.c.hook_id)))


class Faults(io.TextIOBase):
    """Where the log goes: what it calls an error is kept, and so is a line that tells a secret."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def write(self, text: str) -> int:
        if '"level": "error"' in text or '"level": "critical"' in text or PLANTED in text:
            self.seen.append(text[:900])
        return len(text)


def is_door(path: str) -> bool:
    return any(path.startswith(door) and "/" not in path[len(door) :] and path != door for door in ("/hooks/", "/query/"))


def call(app: Flask, request: Request) -> Answer:
    """As waitress hands it over: names upper-case, repeated headers joined, the body with its length and no encoding."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name in dict.fromkeys(name for name, _ in request.headers):
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = request.header(name)
    started: list[Any] = []
    given = app(environ, lambda status, headers, exc_info=None: started.append((status, headers)))
    try:
        body = b"".join(given)
    finally:
        getattr(given, "close", lambda: None)()
    status, headers = started[0]
    return Answer(int(status[:3]), {name.lower(): value for name, value in headers}, body)


@contextmanager
def stand(folder: Path, **changes: Any) -> Iterator[Stand]:
    faults = Faults()
    with Simulator(seed=1, clock=lambda: NOW) as sim:
        furnish(sim)
        given = {"bridge__wait_limit": 0, "source__domains": ["example.com"], **changes}
        settings = config.load(write_config(folder, sim, **given), {})
        service = wiring.build(settings, wiring.Tuning(clock=lambda: NOW))
        wiring.prepare(service)
        root = logging.getLogger()
        before = root.handlers[:], root.level
        logs.configure("json", cast(TextIO, faults))
        try:
            yield Stand(create_app(service), service, faults)
        finally:
            structlog.reset_defaults()
            root.handlers[:], root.level = before
            service.close()


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@click.command()
@click.option("--requests", default=1_000_000, show_default=True)
@click.option("--seed", default=4, show_default=True)
@click.option("--minutes", default=600.0, help="Stops after so long, however many were sent.")
def main(requests: int, seed: int, minutes: float) -> None:
    """Sends hostile requests to a bridge in this process, judges each answer, and prints one line of counts."""
    with TemporaryDirectory() as folder, stand(Path(folder)) as bridge:
        made = Hostile(seed, KEY, NOW)
        begun = time.monotonic()
        sent = warm = 0
        while sent < requests and time.monotonic() - begun < minutes * 60:
            bridge.send(made.anybody())
            sent += 1
            if sent == min(20_000, requests // 2):
                warm = resident()
        grown = resident() - warm
        assert bridge.hook_ids() == bridge.kept, "something is stored that nobody signed, or the reverse"
        statuses = ", ".join(f"{status} {count}" for status, count in sorted(bridge.statuses.items()))
        click.echo(
            f"hostile: requests {sent}, seed {seed}, signed {bridge.signed}, hooks stored {len(bridge.kept)}, {statuses}, "
            f"errors logged {len(bridge.faults.seen)}, memory {grown / 2**20:+.1f} MiB, {time.monotonic() - begun:.0f} s"
        )


if __name__ == "__main__":
    main()
