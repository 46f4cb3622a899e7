"""What every view of the admin stands on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app, g

from bridge.store import OperatorActions
from bridge.store.admin.overview import Overview
from bridge.store.admin.sign_ins import SignIns
from bridge.web.admin.session import Person, Sessions
from bridge.web.refusals import Refusals
from bridge.web.thread_limits import ThreadLimits, Use
from bridge.wiring import Service


@dataclass
class AdminContext:
    service: Service
    sessions: Sessions
    sign_ins: SignIns
    overview: Overview
    threads: ThreadLimits
    refusals: Refusals

    @property
    def person(self) -> Person:
        """Who is signed in; only where the guard has let somebody in."""
        found: Person = g.person
        return found

    @property
    def operator_actions(self) -> OperatorActions:
        """What a person may do, in the name of whoever is signed in."""
        return self.service.operator.by(self.person.who)

    @contextmanager
    def enom_slot(self) -> Iterator[None]:
        """Around whatever asks Enom. Raises Busy when others do that already."""
        with self.threads.slot(Use.ASK_FOR_PAGE), self.threads.slot(Use.ASK):
            yield


def admin_context() -> AdminContext:
    """Of the app that the current request is for; the only way to it."""
    found: AdminContext = current_app.extensions["admin"]
    return found
