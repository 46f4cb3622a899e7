"""What a plug-in of the PHP kit still holds as open, read from the billing platform's own database."""

import json
import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from typing import Any


class OpenHooks(ABC):
    """For the tests of one platform. `data`: the file of its database."""

    table = "mod_enombridge"

    @property
    @abstractmethod
    def data(self) -> Path: ...

    def pending(self) -> list[int]:
        """Services whose last hook the plug-in still holds as open."""
        return sorted(self.open_hooks())

    def later(self) -> None:
        """As if an hour had gone by: the next cron repeats what is pending."""
        kept = self.open_hooks()
        for pending in [one for hooks in kept.values() for one in hooks.values()]:
            for one in (pending, *pending.get("replaced", [])):
                one["asked"] = 0
        with closing(sqlite3.connect(self.data, timeout=60)) as database, database:
            rows = [(json.dumps(hooks), service) for service, hooks in kept.items()]
            database.executemany(f"UPDATE {self.table} SET pending = ? WHERE service = ?", rows)

    def free(self) -> None:
        """As if two minutes had gone by since a process died that had a service to itself."""
        with closing(sqlite3.connect(self.data, timeout=60)) as database, database:
            database.execute(f"UPDATE {self.table} SET lock_until = 1")

    def open_hooks(self) -> dict[int, dict[str, Any]]:
        """By service, and by what each hook is about."""
        with closing(sqlite3.connect(self.data, timeout=60)) as database:
            rows = database.execute(
                f"SELECT service, pending FROM {self.table} WHERE pending IS NOT NULL"
            ).fetchall()
        return {service: json.loads(pending) for service, pending in rows}
