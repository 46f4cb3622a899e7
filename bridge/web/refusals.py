"""Who was refused and why, for the log: enough for a person and for fail2ban, in a bounded number
of lines.

A request only counts; the lines are written beside it, once a second. So an answer takes the same
time whatever the reason is and whether or not a line is due, and a log that is slow keeps nobody
waiting.
"""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from bridge.infra import clients, logs

log = logs.get("web")

LOOK = 1.0  # seconds until the first refusal of an address stands in the log
# Seconds until the next line of the same address and reason, which says how many came meanwhile.
AGAIN = 60.0
MOST = 2000  # addresses and reasons that are kept apart; what comes beyond is counted together

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass
class Count:
    """`client` and `source` are those of the last one; the source as its sender wrote it."""

    client: str
    reason: str
    source: str = ""
    unreported: int = 0
    reported_at: float = float("-inf")


class Refusals:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str], Count] = {}
        self._rest = Count("several", "several")

    def note(self, client: clients.Client | None, reason: str, source: str = "") -> None:
        """One more of this address (of IPv6: of its network) and reason."""
        key = clients.counted_as(client), reason
        with self._lock:
            count = self._counts.get(key)
            if count is None:
                if len(self._counts) >= MOST:
                    self._rest.unreported += 1
                    return
                count = self._counts[key] = Count(clients.named(client), reason)
            count.client, count.source = clients.named(client), source
            count.unreported += 1

    def write(self, everything: bool = False) -> None:
        """Writes what is due, or all that was counted; forgets whoever was quiet for a while."""
        with self._lock:
            now, due = self._clock(), []
            for count in (*self._counts.values(), self._rest):
                if count.unreported and (everything or now - count.reported_at >= AGAIN):
                    due.append(replace(count))
                    count.unreported, count.reported_at = 0, now
            self._counts = {
                key: count
                for key, count in self._counts.items()
                if count.unreported or now - count.reported_at < AGAIN
            }
        for count in due:
            # Only what could be a name of a source: a log's reader must not take a stranger's words
            # for ours.
            source = count.source if _NAME.fullmatch(count.source) else None
            log.warning(
                "refused",
                client=count.client,
                reason=count.reason,
                source=source,
                times=count.unreported,
            )

    def run(self, over: threading.Event) -> None:
        """Writes until it is over, and then the rest."""
        while not over.wait(LOOK):
            with suppress(Exception):  # a line that cannot be written ends nothing
                self.write()
        with suppress(Exception):
            self.write(everything=True)
