"""The whole bridge but its threads: HTTP by Flask's client, work and callbacks by hand, one
clock for bridge and simulator."""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from bridge import config, wiring
from bridge.domain import jobs
from bridge.infra.http_client import NotSent, Reply
from bridge.sim import Simulator
from bridge.store.base import tables
from bridge.web import create_app
from tests.support.bench import START, Clock
from tests.support.billing import SECRET
from tests.support.bridge import PASSWORD, furnish, write_config

DEFAULTS: dict[str, Any] = {"account__settle": 20, "safety__max_purchases_per_day": 20}


class Receiver:
    """Stands where callbacks and notes go out.

    `answers`: what to answer before 200; None is a refused connection.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.callbacks: list[dict[str, Any]] = []
        self.notes: list[dict[str, Any]] = []
        self.tries: list[str] = []
        self.answers: list[tuple[int, dict[str, str]] | None] = []

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, limit: int
    ) -> Reply:
        if url.endswith("/notes"):
            self.notes.append(json.loads(body))
            return Reply(200, {}, b"")
        stamp = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        expected = Webhook(SECRET).sign(headers["webhook-id"], stamp, body.decode())
        assert headers["webhook-signature"] == expected, "the published package signs it otherwise"
        assert abs(stamp.timestamp() - self.clock.now) < 2
        self.tries.append(headers["webhook-id"])
        answer = self.answers.pop(0) if self.answers else (200, {})
        if answer is None:
            raise NotSent("ConnectionError (127.0.0.1)")
        if answer[0] < 300:
            self.callbacks.append({"id": headers["webhook-id"], **json.loads(body)})
        return Reply(answer[0], answer[1], b"")


class Scene:
    """Changes are those of `write_config`. Everything happens in the thread that asks for it."""

    def __init__(
        self,
        folder: Path,
        sim: Simulator,
        clock: Clock,
        database: str,
        backend: str = "enom",
        **changes: Any,
    ) -> None:
        self.sim, self.clock = sim, clock
        given = (
            DEFAULTS
            | {"admin__notify": "https://chat.example.com/notes", "account__backend": backend}
            | changes
        )
        self.path = write_config(
            folder, sim, database, "https://billing.example.com/callback", **given
        )
        self.settings = config.load(self.path, {})
        self.service = wiring.build(self.settings, self.tuning())
        self.service.account_state.know(
            self.settings.accounts, self.settings.sources
        )  # the schema is there already
        self.app = create_app(self.service, threads=4)
        self.client: FlaskClient = self.app.test_client()
        self.engine = self.service.new_engine()
        self.receiver = Receiver(clock)
        for each in (
            self.engine.callbacks,
            self.engine.background.notes,
            self.engine.background.event_sender,
        ):
            each.outgoing = self.receiver  # type: ignore[assignment]

    def tuning(self) -> wiring.Tuning:
        return wiring.Tuning(clock=self.clock)

    def sign(
        self, body: bytes, id: str = "", secret: str = SECRET, skew: float = 0.0, **more: str
    ) -> dict[str, str]:
        """Headers of a body as it is, by the published package."""
        id = id or f"msg_{uuid.uuid4().hex}"
        at = datetime.fromtimestamp(int(self.clock.now + skew), UTC)
        signature = (
            Webhook(secret).sign(id, at, body.decode("latin-1")) if body.isascii() else "v1,none"
        )
        return {
            "webhook-id": id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
            "content-type": "application/json",
        } | {name.replace("_", "-"): value for name, value in more.items()}

    def body(self, type: str, at: float = 0.0, **data: Any) -> bytes:
        moment = datetime.fromtimestamp(self.clock.now + at, UTC)
        return json.dumps({"type": type, "timestamp": moment.isoformat(), "data": data}).encode()

    def send(
        self,
        type: str,
        *,
        id: str = "",
        at: float = 0.0,
        source: str = "shop",
        headers: Mapping[str, str] | None = None,
        **data: Any,
    ) -> TestResponse:
        given = {"service_id": "7", "address": "john.doe@example.com", **data}
        body = self.body(type, at, **given)
        return self.post(f"/hooks/{source}", body, self.sign(body, id) | dict(headers or {}))

    def ask(self, type: str, *, id: str = "", source: str = "shop", **data: Any) -> TestResponse:
        body = self.body(type, **data)
        return self.post(f"/query/{source}", body, self.sign(body, id))

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> TestResponse:
        return self.client.post(path, data=body, headers=dict(headers))

    def hook(self, type: str, **more: Any) -> dict[str, Any]:
        """The receipt of a hook that was taken."""
        answer = self.send(f"mailbox.{type}", **more)
        assert answer.status_code in (200, 202), answer.text
        return dict(answer.json or {})

    def do(self, type: str, seconds: float = 300.0, **more: Any) -> dict[str, Any]:
        """Sends a hook and works until it has ended, or so many seconds are over; the receipt
        then."""
        receipt = self.hook(type, **more)
        self.work(seconds, until=receipt)
        return self.job(receipt)

    def job(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.ask("job", job=receipt["job"])
        assert answer.status_code == 200, answer.text
        return dict((answer.json or {})["data"])

    def work(self, seconds: float = 0.0, until: Mapping[str, Any] | None = None) -> None:
        """All work that is due within so many seconds, the clock jumping from one due time to
        the next."""
        end = self.clock.now + seconds
        while True:
            while (job := self.engine.queue.claim("worker", self.engine.limits)) is not None:
                self.engine.worker.run(job)
            if until is not None and self.job(until)["status"] in jobs.ENDED:
                self.clock.now += 1.0
                return
            if not self.jump(tables.jobs.c.available_at, tables.jobs.c.status == "queued", end):
                return

    def call_back(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        """Sends what is due within so many seconds; all callbacks that arrived so far."""
        end = self.clock.now + seconds
        while True:
            while (claimed := self.engine.outbox.claim_callback("sender")) is not None:
                self.engine.callbacks.deliver(claimed)
            waiting = tables.callbacks.c.status == "pending"
            asked = sa.select(sa.func.min(tables.sources.c.receiver_after)).where(
                tables.sources.c.receiver_after > self.clock.now
            )
            with (
                self.service.database.read() as tx
            ):  # a receiver that did not answer is asked again then
                until = tx.scalar(asked)
            if (
                not self.jump(tables.callbacks.c.next_at, waiting, min(end, until or end))
                and self.clock.now >= end
            ):
                return self.receiver.callbacks

    def jump(self, due: sa.Column[Any], waiting: sa.ColumnElement[bool], end: float) -> bool:
        """Sets the clock to the next due time; False, and to `end`, when there is none before."""
        with self.service.database.read() as tx:
            found = tx.scalar(sa.select(sa.func.min(due)).where(waiting, due > self.clock.now))
        self.clock.now = min(end, found or end)
        return found is not None and found < end

    def periodic_tasks(self, seconds: float = 0.0) -> None:
        """What happens now and then, each chore once."""
        self.clock.now += seconds
        for task in (
            *self.engine.background.lanes["chores"].table,
            *self.engine.background.lanes["notify"].table,
        ):
            task.do()

    # The remote's truth

    def mailbox(self, address: str = "john.doe@example.com") -> dict[str, Any] | None:
        domain = self.sim.control("/state")["domains"][address.partition("@")[2]]
        found: dict[str, Any] | None = domain["mailboxes"].get(address)
        return found

    def calls(self, *names: str) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = self.sim.control("/history")["history"]
        return [call for call in seen if not names or call["command"] in names]

    @property
    def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sim.control("/state")["accounts"]["reseller"]["orders"]
        return found

    def fault(self, command: str, fault: str, times: int | None = 1, **more: Any) -> None:
        self.sim.control("/faults", {"command": command, "fault": fault, "times": times, **more})

    def close(self) -> None:
        self.service.close()


Open = Callable[..., Scene]


@pytest.fixture(scope="session")
def simulated_clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def simulator(simulated_clock: Clock) -> Iterator[Simulator]:
    with Simulator(seed=7, clock=simulated_clock) as sim:
        yield sim


@pytest.fixture
def clock(simulated_clock: Clock) -> Clock:
    """The one of the simulator, and of the bridges before it."""
    return simulated_clock


@pytest.fixture
def open_scene(
    simulator: Simulator, simulated_clock: Clock, database_url: str, tmp_path: Path
) -> Iterator[Open]:
    """Makes a scene with the given changes; the simulator is fresh for each test."""
    opened: list[Scene] = []
    simulator.control("/reset")
    simulated_clock.now = START.timestamp()
    furnish(simulator)

    def make(**changes: Any) -> Scene:
        opened.append(Scene(tmp_path, simulator, simulated_clock, database_url, **changes))
        return opened[-1]

    yield make
    for scene in opened:
        scene.close()


@pytest.fixture
def scene(open_scene: Open) -> Scene:
    return open_scene()


def signed_by_itsdangerous(body: bytes, id: str, secret: bytes) -> str:
    """By the class that the contract names, with its own clock: the tail after the body."""
    signer = TimestampSigner(
        secret, salt=b"enom-bridge.hook", key_derivation="hmac", digest_method=hashlib.sha256
    )
    signed = signer.sign(id.encode() + b"." + body)
    return signed[len(id) + 1 + len(body) + 1 :].decode()


__all__ = [
    "PASSWORD", "SECRET", "Open", "Receiver", "Scene", "clock", "open_scene", "scene", "signed_by_itsdangerous",
    "simulated_clock", "simulator",
]  # fmt: skip
