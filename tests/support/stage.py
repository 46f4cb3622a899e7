"""A simulator and a billing side that many bridges share, each bridge with domains and a
database of its own."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import requests

from bridge.domain.jobs import ENDED
from bridge.sim import Simulator
from tests.support.audit import Counts, audit, open_ends, purchases, read
from tests.support.billing import Billing, until
from tests.support.bridge import add_domain, furnish, write_config

SIDE_BY_SIDE = 24
Cell = TypeVar("Cell")
Outcome = TypeVar("Outcome")

# A call and a lease are far longer than either takes, because the machine may be busy with
# something else.
QUICK = {
    "account__timeout": 4,
    "account__settle": 1,
    "account__purchase": "paks",
    "account__max_in_flight": 16,
}


def all_at_once(
    trial: Callable[[Cell], Outcome], cells: Iterable[Cell]
) -> list[tuple[Cell, Outcome]]:
    """Runs a trial for each cell, side by side; what fails is raised together, each with its
    cell's name."""
    done, failures = [], []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        running = [(cell, pool.submit(trial, cell)) for cell in cells]
    for cell, future in running:
        if (error := future.exception()) is None:
            done.append((cell, future.result()))
        elif isinstance(error, Exception):
            error.add_note(f"in {cell}")
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(running)} cells failed", failures)
    return done


class Stage:
    """`backend`: which one works for the account of its bridges."""

    def __init__(self, folder: Path, seed: int = 1, backend: str = "enom") -> None:
        self.folder, self.backend = folder, backend
        self.sim = Simulator(seed).start()
        furnish(self.sim)
        self.sim.control("/balance", {"uid": "reseller", "balance": 1e6})
        self.billing = Billing()
        self._configs = 0
        self._lock = threading.Lock()

    def close(self) -> None:
        self.sim.stop()
        self.billing.close()

    def config(self, database: str, **changes: Any) -> Path:
        with self._lock:
            self._configs += 1
            folder = self.folder / f"bridge{self._configs}"
        folder.mkdir()
        given = {"account__backend": self.backend, **QUICK, **changes}
        return write_config(folder, self.sim, database, self.billing.url, **given)

    def domain(self, name: str, pak: bool = True) -> int:
        """A domain, with a pak of ten unless told; the pak's number."""
        return add_domain(self.sim, name, pak)

    def send(
        self,
        url: Callable[[], str],
        type: str,
        *,
        id: str = "",
        seconds: float = 120.0,
        **data: Any,
    ) -> dict[str, Any]:
        """As a billing system does it: again with the same id until it is taken; the receipt.

        `url` may change meanwhile.
        """
        id = id or f"msg_{uuid.uuid4().hex}"
        end = time.monotonic() + seconds
        while True:
            try:
                answer = self.billing.send(url(), type, id=id, **data)
                if answer.status_code in (200, 202):
                    return {**answer.json(), "hook": id}
                assert answer.status_code == 503, answer.text
            except (
                requests.ConnectionError,
                requests.Timeout,
                requests.exceptions.ChunkedEncodingError,
            ):
                pass
            assert time.monotonic() < end, f"{type} was not taken in {seconds} s"
            time.sleep(0.05)

    def do(
        self,
        url: Callable[[], str],
        type: str,
        *,
        id: str = "",
        seconds: float = 120.0,
        **data: Any,
    ) -> dict[str, Any]:
        """Sends a hook, again and again, until its job has ended; the receipt then."""
        id = id or f"msg_{uuid.uuid4().hex}"

        def receipt() -> dict[str, Any] | None:
            found = self.send(url, type, id=id, wait=20, **data)
            return found if found["status"] in ENDED else None

        ended: dict[str, Any] = until(receipt, seconds)
        return ended

    def ended(
        self,
        database: str,
        count: int,
        seconds: float = 120.0,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> list[dict[str, Any]]:
        """The jobs, once there are `count`, all have ended, and every callback has been
        delivered or dropped."""

        look = open_ends(database)

        def quiet() -> bool:
            meanwhile()
            jobs, unfinished = look()
            return jobs >= count and not unfinished

        until(quiet, seconds, pause=0.2)
        return read(database)["jobs"]

    def mailbox(self, address: str) -> dict[str, Any] | None:
        """The truth at the remote."""
        domain = address.partition("@")[2]
        found: dict[str, Any] | None = self.sim.control("/state")["domains"][domain][
            "mailboxes"
        ].get(address)
        return found

    def bought(self, domain: str) -> int:
        return purchases(self.sim)[domain]

    def audit(
        self,
        database: str,
        accepted: dict[str, dict[str, Any]],
        needed: dict[str, int] | None = None,
    ) -> Counts:
        return audit(database, self.sim, self.billing, accepted, needed or {})
