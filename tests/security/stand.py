"""A bridge for a million requests: its app called as waitress calls it, every answer judged,
every row counted."""

import io
import logging
import multiprocessing
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO, cast

import click
import sqlalchemy as sa
import structlog
from flask import Flask

from bridge import config, wiring
from bridge.infra import logs
from bridge.sim import Simulator
from bridge.store.base import tables
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
BATCH = 10_000
MOST_GROWTH = 32 << 20
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
        broken = self.broken(request, answer, genuine)
        assert not broken, (
            f"{broken}: {request!r:.900} was answered {answer.status} {answer.body!r:.300}"
        )
        if answer.status == 401:
            self.stranger = self.stranger or answer

    def broken(self, request: Request, answer: Answer, genuine: bool) -> str:
        """The rule that an answer breaks."""
        kind = answer.headers.get("content-type", "")
        if self.faults.seen:
            return f"in the log stands {self.faults.seen}"
        if answer.status >= 500 and (request.place, answer.status) != ("/readyz", 503):
            return "an error of the bridge"
        if PLANTED.encode() in answer.body:
            return "a secret is repeated"
        if request.place.rstrip("/") == "/admin" or request.place.startswith("/admin/"):
            return self.broken_of_page(answer)
        if answer.body and not kind.startswith(("application/json", "application/problem+json")):
            return f"of the type {kind}"
        if "location" in answer.headers or "set-cookie" in answer.headers:
            return "it redirects, or leaves something behind"
        if answer.status == 401 and self.stranger is not None and answer != self.stranger:
            return f"other strangers were answered {self.stranger}"
        return (
            ""
            if answer.status in possible(request, genuine)
            else f"no status for one that is {genuine=}"
        )

    @staticmethod
    def broken_of_page(answer: Answer) -> str:
        """A stranger is led to the form of the pages, or told as a page that this is nothing;
        nobody is signed in."""
        if answer.status not in PAGES:
            return "no status for a stranger at a page"
        if not answer.headers.get("location", "/admin/sign-in").startswith("/admin/sign-in"):
            return "it leads elsewhere than to the form"
        if "set-cookie" in answer.headers:
            return "it leaves something behind"
        as_problem = answer.headers.get("content-type") == "application/problem+json"
        return (
            ""
            if as_problem or "content-security-policy" in answer.headers
            else "a page without its policy"
        )

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


def possible(request: Request, genuine: bool) -> set[int]:
    if genuine:
        return SIGNED
    if request.method != "POST" or not is_door(request.place):
        ready = {503} if request.place == "/readyz" else set()
        return ELSEWHERE | ready | ({304} if request.header("if-none-match") else set())
    # A Host that is none is refused before anybody asks who sent it.
    return {401, 413} if request.header("host") is None else {400, 401, 413}


def is_door(path: str) -> bool:
    return any(
        path.startswith(door) and "/" not in path[len(door) :] and path != door
        for door in ("/hooks/", "/query/")
    )


def call(app: Flask, request: Request) -> Answer:
    """As waitress hands it over: names upper-case, repeated headers joined, the body with its
    length and no encoding."""
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
    for name, value in request.joined.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
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


@dataclass(frozen=True)
class Count:
    """What one process sent, and what became of it."""

    sent: int
    signed: int
    stored: int
    statuses: Counter[int]
    grown: int


def share(requests: int, seed: int, minutes: float) -> Count:
    """Sends that many, each judged; after each batch also what is stored and how much memory
    there is."""
    with TemporaryDirectory(dir=in_memory()) as folder, stand(Path(folder)) as bridge:
        made = Hostile(seed, KEY, NOW)
        end = time.monotonic() + minutes * 60
        sent = warm = grown = 0
        while sent < requests and time.monotonic() < end:
            batch = min(BATCH, requests - sent)
            for _ in range(batch):
                bridge.send(made.anybody())
            sent += batch
            assert bridge.hook_ids() == bridge.kept, (
                "something is stored that nobody signed, or the reverse"
            )
            warm = warm or resident()
            grown = resident() - warm
            assert grown < MOST_GROWTH, f"{grown} bytes more memory after {sent} requests"
        return Count(sent, bridge.signed, len(bridge.kept), bridge.statuses, grown)


def in_memory() -> str | None:
    """Where files cost no disk: nothing here is about what a power failure leaves."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@click.command()
@click.option("--requests", default=1_000_000, show_default=True)
@click.option(
    "--seed",
    default=4,
    show_default=True,
    help="Of the first process; each further one has the next.",
)
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
@click.option("--minutes", default=600.0, help="Stops after so long, however many were sent.")
def main(requests: int, seed: int, processes: int, minutes: float) -> None:
    """Sends hostile requests to a bridge in each of some processes, judges each answer, and
    prints one line of counts."""
    begun = time.monotonic()
    shares = [
        requests // processes + (number < requests % processes) for number in range(processes)
    ]
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        counts = list(pool.map(share, shares, range(seed, seed + processes), [minutes] * processes))
    statuses = sum((count.statuses for count in counts), Counter[int]())
    seconds = time.monotonic() - begun
    click.echo(
        f"hostile: requests {sum(count.sent for count in counts)}, seeds {seed} to "
        f"{seed + processes - 1}, "
        f"signed {sum(count.signed for count in counts)}, hooks stored "
        f"{sum(count.stored for count in counts)}, "
        f"{', '.join(f'{status} {count}' for status, count in sorted(statuses.items()))}, "
        "errors logged 0, "
        f"memory at most {max(count.grown for count in counts) / 2**20:+.1f} MiB, {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
