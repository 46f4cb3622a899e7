"""A list with filters that stand in the address, newest first, paged by keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from bridge.jobs import STATES
from bridge.model import State
from bridge.web.admin.office import Office
from bridge.web.admin.page import here, page
from hooks.address import normalise
from hooks.standard.schemas import ACTIONS, WITHDRAWALS

ROWS = 50
EVERY = 10  # seconds, of the first page
JOBS = tuple(STATES)
CALLBACKS = ("pending", "delivered", "superseded", "stopped", "exhausted")
MAILBOXES = tuple(str(state) for state in State)


@dataclass(frozen=True)
class Filter:
    """`choices`: what may be chosen; without them it is a text."""

    name: str
    label: str
    choices: Sequence[str] = ()


def show(office: Office, what: str, template: str, filters: Sequence[Filter], **more: Any) -> Response:
    """`what` in the words of Lookup.page; `template` gets `rows`, `filters`, `given` and the address of the next page."""
    given = {each.name: wanted(each.name) for each in filters}
    rows, following = office.service.lookup.page(what, ROWS, request.args.get("after") or None, **given)
    return page(
        office,
        template,
        every=EVERY if not request.args.get("after") else None,
        rows=rows,
        filters=filters,
        given=given,
        filtered=any(given.values()),
        older=following and here(after=following),
        newest=here(after=None) if request.args.get("after") else None,
        **more,
    )


def wanted(name: str) -> str | None:
    """What a filter looks for, in the form that it is stored in."""
    text = request.args.get(name, "").strip()
    if name == "address" and text:
        try:
            return normalise(text)
        except ValueError:
            return text.lower()
    return text or None


def of_source(office: Office) -> Filter:
    return Filter("source", "Source", tuple(office.service.settings.sources))


def of_account(office: Office) -> Filter:
    return Filter("account", "Account", tuple(office.service.settings.accounts))


ADDRESS = Filter("address", "Address")
SERVICE = Filter("service_id", "Service")
ACTION = Filter("action", "Action", tuple(ACTIONS))
TYPE = Filter("type", "Type", (*ACTIONS, *WITHDRAWALS))
FILTERS: Mapping[str, Filter] = {
    "jobs": Filter("status", "Status", JOBS),
    "hooks": Filter("status", "Status", ("parked", *JOBS)),
    "callbacks": Filter("status", "Status", CALLBACKS),
    "mailboxes": Filter("state", "State", MAILBOXES),
}
