"""Whether this process can do its work: hooks are taken and jobs done; or the reasons why not."""

import shutil
import threading
import time

from bridge import store
from bridge.domain.errors import StoreUnavailable
from bridge.wiring import Service

STUCK = 5.0  # seconds that a look may take before it is a reason itself
WRITE_EVERY = 10.0  # seconds: whoever asks more often does not wear out the disk


class ReadinessCheck:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._written = float("-inf")
        self._looking = threading.Lock()
        self._begun = time.monotonic()
        self._last: list[str] | None = None

    def current(self) -> list[str]:
        """`reasons`, by one who looks at a time; who asks meanwhile hears what the last look found.

        Anybody may ask, and a database that does not answer would otherwise take a thread for each
        who does.
        """
        last = self._last
        if not self._looking.acquire(timeout=STUCK if last is None else 0):
            stuck = time.monotonic() - self._begun > STUCK
            return ["The database does not answer."] if stuck or last is None else last
        try:
            self._begun = time.monotonic()
            self._last = self.reasons()
            return self._last
        finally:
            self._looking.release()

    def reasons(self) -> list[str]:
        """Why hooks cannot be taken or jobs not be done at present; none: all is well."""
        database = self._service.database
        try:
            database.check_files()
        except StoreUnavailable as error:
            return [str(error)]
        try:
            present, needed = store.check(database)
            if present is None:
                return [store.EMPTY]
            if present != needed:
                return [store.schema_fault(database, present, needed)]
            if database.instance not in (None, self._service.account_state.instance()):
                return [store.ANOTHER]
            found = self._disk()
            self._write()
            if not self._service.account_state.worker_alive():
                found.append(
                    "No worker has asked for jobs for 90 seconds: start `enom-bridge serve` or "
                    "`enom-bridge worker`; "
                    "if one is running, check its log and restart it."
                )
            return found
        except StoreUnavailable as error:
            plain = "full" in str(error) or str(error) in (store.ANOTHER, store.EMPTY)
            return [str(error) if plain else "The database cannot be used.", *self._disk()]

    def _disk(self) -> list[str]:
        file = self._service.database.file
        try:
            free = shutil.disk_usage(file.parent).free if file else store.FULL
        except OSError:
            return []  # that the database cannot be used says more
        return (
            [f"The disk of the database is full ({free >> 20} MiB left): free some space."]
            if free < store.FULL
            else []
        )

    def _write(self) -> None:
        """Whether a write reaches the disk is known only by writing. Raises StoreUnavailable."""
        with self._lock:
            if time.monotonic() - self._written > WRITE_EVERY:
                self._service.account_state.try_write()
                self._written = time.monotonic()
