"""The database is away: 503 and nothing accepted, on both stores; afterwards everything goes on."""

import resource
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from bridge import store
from bridge.web import readiness
from tests.support.bench import START
from tests.support.scene import Open, Scene

both = pytest.mark.parametrize("store", ["sqlite", "postgres"])


@pytest.fixture
def gone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """As SQLAlchemy tells it when the server has been stopped, or the disk is gone."""

    def refuse(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError(
            "INSERT", {"password": "Sesame"}, Exception("connection refused")
        )

    monkeypatch.setattr(scene.service.database.engine, "begin", refuse)
    monkeypatch.setattr(scene.service.database.engine, "connect", refuse)
    return scene


@both
@pytest.mark.parametrize("type", ["mailbox.suspend", "mailbox.explode"])
def test_nothing_is_accepted_while_the_database_is_away(
    gone: Scene, type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = gone.send(type, id="msg_1")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    assert "Sesame" not in answer.text
    monkeypatch.undo()
    with gone.service.database.read() as tx:
        assert tx.scalar(sa.text("SELECT count(*) FROM hooks")) == 0
    assert gone.send(type, id="msg_1").status_code in (202, 422)


@both
def test_queries_and_health_say_so_too(gone: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gone.ask("job", job="job_1").status_code == 503
    assert gone.client.get("/healthz").status_code == 200
    answer = gone.client.get("/readyz")
    assert (answer.status_code, (answer.json or {})["reasons"]) == (
        503,
        ["The database cannot be used."],
    )


def test_a_locked_sqlite_is_a_503_and_not_a_wait_without_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.store.base.database.LOCK_WAIT", 0.05)
    with scene.service.database.write():
        with ThreadPoolExecutor(1) as other:
            answer = other.submit(scene.send, "mailbox.suspend").result()
    assert answer.status_code == 503
    assert scene.send("mailbox.suspend").status_code == 202


@both
def test_a_crash_inside_the_transaction_accepts_nothing(open_scene: Open) -> None:
    scene = open_scene()

    def crash(name: str) -> None:
        if name == "accepting":
            raise KeyboardInterrupt

    scene.service.intake.inbox.checkpoint = crash  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        scene.send("mailbox.suspend", id="msg_1")
    scene.service.intake.inbox.checkpoint = lambda name: None  # type: ignore[attr-defined]
    answer = scene.send("mailbox.suspend", id="msg_1")
    assert (answer.status_code, (answer.json or {})["sequence"]) == (202, 1)


@both
def test_ready_means_database_schema_and_a_live_worker(scene: Scene) -> None:
    answer = scene.client.get("/readyz")
    assert (answer.status_code, len((answer.json or {})["reasons"])) == (503, 1)
    scene.engine.beat()
    answer = scene.client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "reasons": []})
    scene.clock.now = START.timestamp() + 91
    assert scene.client.get("/readyz").status_code == 503
    scene.engine.beat()
    with other_schema(scene):
        answer = scene.client.get("/readyz")
    assert answer.status_code == 503
    remedy = "enom-bridge serve" if scene.service.database.embedded else "enom-bridge db upgrade"
    assert remedy in (answer.json or {})["reasons"][0]


@both
def test_a_schema_of_a_newer_version_is_told_as_that(scene: Scene) -> None:
    scene.engine.beat()
    with other_schema(scene, "9999"):
        answer = scene.client.get("/readyz")
    assert answer.status_code == 503
    assert "install the newer version again" in (answer.json or {})["reasons"][0]


@both
def test_a_worker_that_lives_and_claims_nothing_is_none(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its heartbeat goes on, and keeps the leases of what it is at."""
    scene.engine.beat()
    assert scene.client.get("/readyz").status_code == 200
    scene.clock.now += 91
    monkeypatch.setattr(scene.engine, "_turned", time.monotonic() - 61)
    scene.engine.beat()
    answer = scene.client.get("/readyz")
    assert answer.status_code == 503
    assert "check its log and restart it" in (answer.json or {})["reasons"][0]
    scene.engine.note_turn()
    scene.engine.beat()
    assert scene.client.get("/readyz").status_code == 200


def test_a_database_that_does_not_answer_takes_one_thread_and_not_one_for_each_who_asks(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask for /readyz, as often as they like."""
    scene.engine.beat()
    assert scene.client.get("/readyz").status_code == 200
    begun, over, real = threading.Event(), threading.Event(), store.check

    def hang(database: store.Database) -> tuple[str | None, str]:
        begun.set()
        assert over.wait(60)
        return real(database)

    monkeypatch.setattr(store, "check", hang)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(scene.app.test_client().get, "/readyz")
        assert begun.wait(20)
        others = [pool.submit(scene.app.test_client().get, "/readyz").result(20) for _ in range(4)]
        assert [answer.status_code for answer in others] == [200] * 4  # as the last look found it
        monkeypatch.setattr(readiness, "STUCK", 0.0)
        late = scene.app.test_client().get("/readyz")
        over.set()
        assert first.result(20).status_code == 200
    assert (late.status_code, (late.json or {})["reasons"]) == (
        503,
        ["The database does not answer."],
    )


def test_a_full_disk_is_not_ready_and_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.engine.beat()
    little = namedtuple("usage", "total used free")(1 << 40, 1 << 40, 5 << 20)
    with monkeypatch.context() as patched:
        patched.setattr(readiness.shutil, "disk_usage", lambda _: little)
        answer = scene.client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json or {})["reasons"] == [
        "The disk of the database is full (5 MiB left): free some space."
    ]
    assert scene.client.get("/readyz").status_code == 200


def test_writes_that_fail_are_not_ready(scene: Scene) -> None:
    """As on a full disk: the file may not grow any more."""
    scene.engine.beat()
    with scene.service.database.read() as tx:
        tx.execute(sa.text("SELECT 1"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        answer = scene.client.get("/readyz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.status_code == 503
    assert (answer.json or {})["reasons"] == ["The database cannot be used."]
    assert scene.client.get("/readyz").status_code == 200


@contextmanager
def other_schema(scene: Scene, name: str = "0000") -> Iterator[None]:
    version = sa.text("UPDATE alembic_version SET version_num = :version")
    with scene.service.database.write() as tx:
        tx.execute(version, {"version": name})
    try:
        yield
    finally:
        with scene.service.database.write() as tx:
            tx.execute(version, {"version": store.newest()})
