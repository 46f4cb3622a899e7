"""How many of the server's threads may be taken for long, and by what.

A quarter of them is left for hooks, always.

Rule 1: whatever a thread may wait for (Enom, DNS, the end of a job, a slow hash) has a line in this
table.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum

from bridge.domain.errors import Busy

TOGETHER = 3 / 4  # of all threads: as many as may be taken for long
SCRAPES, SCRAPE_SECONDS = 4, 10.0
"""Of the metrics' own listener, whose threads are not among these: how many at a time, and how long
one may take to ask.
"""


class Use(StrEnum):
    WAIT = "wait"  # a hook whose answer is held until its job has ended
    ASK = "ask"  # a query, or a page, that asks Enom or DNS
    ASK_FOR_PAGE = "ask for page"  # of those, the pages
    PAGE = "page"  # a page for somebody who is signed in: lists, searches, exports
    SIGN_IN = "sign in"  # passwords are compared slowly on purpose


SHARES: Mapping[Use, float] = {
    Use.WAIT: 1 / 2,
    Use.ASK: 1 / 2,
    Use.ASK_FOR_PAGE: 1 / 8,
    Use.PAGE: 1 / 2,
    Use.SIGN_IN: 1 / 4,
}
"""Of all threads; at least one."""

BUSY_TEXTS: Mapping[Use, str] = {
    Use.WAIT: "Too many hooks are already waiting for their jobs to end.",
    Use.ASK: "Too many queries to the mail provider at once; try again in a few seconds.",
    Use.ASK_FOR_PAGE: (
        "Too many pages are querying the mail provider at once; try again in a few seconds."
    ),
    Use.PAGE: "Too many pages at once; reload in a few seconds.",
    Use.SIGN_IN: "Too many sign-ins at once; try again in a few seconds.",
}


class ThreadLimits:
    """The threads of one server.

    They are counted on when a changed configuration brings another app.
    """

    def __init__(self, count: int) -> None:
        self._of = {
            use: threading.BoundedSemaphore(max(1, int(count * share)))
            for use, share in SHARES.items()
        }
        self._together = threading.BoundedSemaphore(max(1, int(count * TOGETHER)))
        self._mine = threading.local()

    @contextmanager
    def slot(self, use: Use) -> Iterator[None]:
        """Around what may take long.

        Raises Busy at once where no more of it may run; nobody waits for a place.
        """
        # A page that asks Enom takes one thread, not two.
        inside = getattr(self._mine, "inside", False)
        held: list[threading.BoundedSemaphore] = []
        try:
            for places in (self._of[use], *(() if inside else (self._together,))):
                if not places.acquire(blocking=False):
                    raise Busy(BUSY_TEXTS[use])
                held.append(places)
            self._mine.inside = True
            yield
        finally:
            self._mine.inside = inside
            for places in held:
                places.release()
