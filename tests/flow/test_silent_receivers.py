"""Receivers that take a connection and never answer: they keep no other callbacks and none of
the bridge's work waiting."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge import engine
from bridge.pipeline.callbacks import RETRIES
from bridge.store.base.tables import accounts, callbacks, notes
from bridge.store.queue.account_state import PROBE_EVERY
from bridge.wiring import Tuning
from tests.support.billing import Billing, until
from tests.support.bridge import Running, Simulator, furnish, write_config

TILL = "whsec_" + "dGlsbC1zZWNyZXQtb2YtdGhlLXRlc3RzLTMyLWJ5dGVzLi4="


class Silence:
    """Takes every connection and says nothing."""

    def __init__(self) -> None:
        self.callers: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                self.callers.append(self._server.accept()[0])
            except OSError:
                return

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()
        for caller in self.callers:
            caller.close()


@pytest.fixture
def silence() -> Iterator[Silence]:
    made = Silence()
    yield made
    made.close()


def shops(folder: Path, sim: Simulator, database: str, silent: str, answering: str) -> Path:
    """The source `shop` whose receiver is silent, and `till` whose answers."""
    till: dict[str, Any] = {
        "platform": "standard",
        "account": "main",
        "secrets": [TILL],
        "callback": answering,
        "callback_loopback": True,
        "domains": ["example.net"],
    }
    changes = {f"sources.till__{key}": value for key, value in till.items()}
    return write_config(folder, sim, database, silent, source__domains=["example.com"], **changes)


def test_a_silent_receiver_keeps_no_other_source_waiting(
    database_url: str, tmp_path: Path, silence: Silence
) -> None:
    with Simulator() as sim, ExitStack() as closing:
        furnish(sim)
        sim.control("/domains", {"uid": "reseller", "domain": "example.net"})
        shop, till = Billing(), Billing(TILL)
        for each in (shop, till):
            closing.callback(each.close)
        path = shops(tmp_path, sim, database_url, f"http://127.0.0.1:{silence.port}/", till.url)
        bridge = Running(path, Tuning(callback_retries=tuple(3600.0 for _ in RETRIES)))
        closing.callback(bridge.close)
        database = bridge.service.database

        def pending(source: str) -> int:
            with database.read() as tx:
                mine = callbacks.c.source == source, callbacks.c.status == "pending"
                return tx.scalar(sa.select(sa.func.count()).where(*mine)) or 0

        for nth in range(20):
            shop.send(
                bridge.hooks,
                "mailbox.suspend",
                address=f"john{nth}@example.com",
                service_id=str(nth),
            )
        until(lambda: pending("shop") == 20)
        until(lambda: silence.callers)
        till.send(
            f"{bridge.url}/hooks/till", "mailbox.suspend", address="ann@example.net", service_id="1"
        )
        till.wait_for(1)
        # It came while the first ones of the silent receiver were still under way: nothing had to
        # end for it.
        assert len(silence.callers) <= engine.SENDERS - 1
        assert pending("shop") == 20 and all(row == 0 for row in tries(database))


def tries(database: Any) -> list[int]:
    with database.read() as tx:
        return list(tx.scalars(sa.select(callbacks.c.tries).where(callbacks.c.source == "shop")))


@pytest.mark.parametrize("kind", ["mail", "webhook"])
def test_a_silent_receiver_of_notes_keeps_no_chore_waiting(
    database_url: str, tmp_path: Path, silence: Silence, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CHORES", 0.05)
    where = f"http://127.0.0.1:{silence.port}/"
    notify: dict[str, Any] = {"admin__notify": where}
    if kind == "mail":
        notify = {
            "admin__notify": "mailto:admin@example.com",
            "admin__smtp": f"smtp://127.0.0.1:{silence.port}",
        }
    with Simulator() as sim:
        furnish(sim)
        path = write_config(tmp_path, sim, database_url, **notify)
        bridge = Running(path, work=False)
        try:
            database = bridge.service.database
            bridge.service.account_state.pause_account(
                "main", "credentials", "The login is refused."
            )
            bridge.engine.start()
            bridge.working = True
            until(lambda: silence.callers)
            with database.write() as tx:
                tx.execute(sa.update(accounts).values(probe_at=database.now(tx) - PROBE_EVERY))
            until(lambda: bridge.service.account_state.account_paused("main") is None)
            with database.read() as tx:
                assert (
                    tx.scalar(sa.select(notes.c.next_at).order_by(notes.c.id).limit(1)) is not None
                ), "still being sent"
        finally:
            for caller in silence.callers:
                caller.shutdown(socket.SHUT_RDWR)
            bridge.close()
