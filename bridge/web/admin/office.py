"""What every view of the admin stands on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import g

from bridge.errors import NotNow
from bridge.store import People
from bridge.store.overview import Overview
from bridge.store.sign_ins import SignIns
from bridge.web.admin.session import Person, Sessions
from bridge.wiring import Service

MOST_LOOKING = 2  # pages that may ask Enom at a time, so that hooks always find a free thread


@dataclass
class Office:
    service: Service
    sessions: Sessions
    sign_ins: SignIns
    overview: Overview
    _looking: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_LOOKING))

    @property
    def person(self) -> Person:
        """Who is signed in; only where the guard has let somebody in."""
        found: Person = g.person
        return found

    @property
    def acting(self) -> People:
        """What a person may do, in the name of whoever is signed in."""
        return self.service.people.by(self.person.who)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Around whatever asks Enom. Raises NotNow when others do that already."""
        if not self._looking.acquire(blocking=False):
            raise NotNow("Others are asking Enom from these pages right now; try again in a few seconds.")
        try:
            yield
        finally:
            self._looking.release()
