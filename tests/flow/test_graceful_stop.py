"""A stop that is asked for ends what is under way, and waits for nothing else."""

import threading
from pathlib import Path

import pytest

from bridge import running
from bridge.store import Database
from tests.support.billing import until
from tests.support.bridge import Running, Simulator, furnish, write_config


def test_a_stop_does_not_sit_out_the_pause_between_two_looks(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "POLL", 3600.0)
    idle: set[str] = set()
    wait = Database.wait

    def waiting(database: Database, seconds: float, since: int) -> None:
        idle.add(threading.current_thread().name)
        wait(database, seconds, since)

    monkeypatch.setattr(Database, "wait", waiting)
    with Simulator() as sim:
        furnish(sim)
        bridge = Running(write_config(tmp_path, sim, database_url))
        until(lambda: idle == {"work", "send"})
        stopping = threading.Thread(target=bridge.close)
        stopping.start()
        stopping.join(30)
        ended = not stopping.is_alive()
        bridge.engine.queue.wake()  # so that a failing test does not wait for an hour
        assert ended
