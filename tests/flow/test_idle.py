"""A bridge without work asks the database for nothing, and still sees at once what another process
leaves for it."""

import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from bridge import engine
from bridge.store import Database, Outbox, Queue
from bridge.store.base.database import Topic
from tests.support.billing import until
from tests.support.bridge import Billing, Running, Simulator, furnish, write_config


@pytest.mark.parametrize("store", ["sqlite"])  # a server is asked each time
def test_nothing_is_claimed_until_something_was_written(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "POLL", 0.01)
    claims, looks = Counter[str](), Counter[str]()
    claim, claim_callback, wait = Queue.claim_several, Outbox.claim_several, Database.wait

    def claiming(queue: Queue, *given: object) -> object:
        claims["work"] += 1
        return claim(queue, *given)

    def claiming_callback(outbox: Outbox, *given: object) -> object:
        claims["send"] += 1
        return claim_callback(outbox, *given)

    def waiting(database: Database, topic: Topic, seconds: float, since: int) -> None:
        looks[threading.current_thread().name] += 1
        wait(database, topic, seconds, since)

    monkeypatch.setattr(Queue, "claim_several", claiming)
    monkeypatch.setattr(Outbox, "claim_several", claiming_callback)
    monkeypatch.setattr(Database, "wait", waiting)
    with Simulator() as sim, closing(Billing()) as billing:
        furnish(sim)
        path = write_config(tmp_path, sim, database_url, billing.url)
        bridge = Running(path)
        other = Running(path, work=False)  # which cannot wake the first one
        try:
            until(lambda: min(looks["work"], looks["send"]) > 2)
            before, rounds = sum(claims.values()), looks["work"] + looks["send"]
            until(lambda: looks["work"] + looks["send"] > rounds + 60)
            assert sum(claims.values()) - before < 20, "a heartbeat or two were written meanwhile"
            answer = billing.send(
                other.hooks,
                "mailbox.create",
                service_id="7",
                address="john@example.com",
                password="Made-Up.12345",
            )
            assert answer.status_code == 202
            assert billing.wait_for(1)[0]["type"] == "job.succeeded"
        finally:
            other.close()
            bridge.close()
