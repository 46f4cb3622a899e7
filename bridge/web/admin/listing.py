"""A list with filters that stand in the address, newest first, paged by keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from bridge.domain.errors import CODES
from bridge.domain.filtering import NoSuchValue
from bridge.store.admin.lists import VALUES
from bridge.web.admin.office import Office
from bridge.web.admin.page import here, page
from hooks.standard.schemas import ACTIONS, WITHDRAWALS

ROWS = 50
EVERY = 10  # seconds, of the first page


@dataclass(frozen=True)
class Filter:
    """`choices`: what may be chosen; without them it is a text."""

    name: str
    label: str
    choices: Sequence[str] = ()


def show(office: Office, what: str, template: str, filters: Sequence[Filter], **more: Any) -> Response:
    """`what` in the words of Lookup.page; `template` gets `rows`, `filters`, `given` and the address of the next page."""
    given = {each.name: request.args.get(each.name, "").strip() or None for each in filters}
    rows: Sequence[Any] = ()
    following, refusal = None, ""
    try:
        given = office.service.filters(what, given)
        rows, following = office.service.lookup.page(what, ROWS, request.args.get("after") or None, **given)
    except NoSuchValue as wrong:
        refusal = f"{wrong.sentence[0].upper()}{wrong.sentence[1:]}"
    return page(
        office,
        template,
        # What htmx asked for it only shows where it went well.
        422 if refusal and "HX-Target" not in request.headers else 200,
        refusal=refusal,
        every=EVERY if not request.args.get("after") else None,
        rows=rows,
        filters=filters,
        given=given,
        filtered=any(given.values()),
        older=following and here(after=following),
        newest=here(after=None) if request.args.get("after") else None,
        **more,
    )


def of_source(office: Office) -> Filter:
    return Filter("source", "Source", tuple(office.service.settings.sources))


def of_account(office: Office) -> Filter:
    return Filter("account", "Account", tuple(office.service.settings.accounts))


ADDRESS = Filter("address", "Address")
SERVICE = Filter("service_id", "Service")
ACTION = Filter("action", "Action", tuple(ACTIONS))
TYPE = Filter("type", "Type", (*ACTIONS, *WITHDRAWALS))
CODE = Filter("code", "Error", tuple(CODES))
FILTERS: Mapping[str, Filter] = {
    what: Filter(name, name.capitalize(), tuple(map(str, VALUES[what, name])))
    for what, name in (("jobs", "status"), ("hooks", "status"), ("callbacks", "status"), ("mailboxes", "state"))
}
