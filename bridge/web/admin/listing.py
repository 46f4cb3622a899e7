"""A list with filters that stand in the address, newest first, paged by keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from bridge.domain.errors import CODES
from bridge.domain.filtering import NoSuchValue
from bridge.store.admin.lists import VALUES
from bridge.web.admin.context import admin_context
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


def show(what: str, template: str, filters: Sequence[Filter], **more: Any) -> Response:
    """`what` in the words of Lookup.page.

    `template` gets `rows`, `filters`, `given` and the address of the next page.
    """
    service = admin_context().service
    given = {each.name: request.args.get(each.name, "").strip() or None for each in filters}
    rows: Sequence[Any] = ()
    following, refusal = None, ""
    try:
        given = service.filters(what, given)
        after = request.args.get("after") or None
        rows, following = service.lookup.page(what, ROWS, after, **given)
    except NoSuchValue as wrong:
        refusal = f"{wrong.sentence[0].upper()}{wrong.sentence[1:]}"
    return page(
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


def of_source() -> Filter:
    return Filter("source", "Source", tuple(admin_context().service.settings.sources))


def of_account() -> Filter:
    return Filter("account", "Account", tuple(admin_context().service.settings.accounts))


ADDRESS = Filter("address", "Address")
SERVICE = Filter("service_id", "Service")
ACTION = Filter("action", "Action", tuple(ACTIONS))
TYPE = Filter("type", "Type", (*ACTIONS, *WITHDRAWALS))
CODE = Filter("code", "Error", tuple(CODES))
FILTERS: Mapping[str, Filter] = {
    what: Filter(name, name.capitalize(), tuple(map(str, VALUES[what, name])))
    for what, name in (
        ("jobs", "status"),
        ("hooks", "status"),
        ("callbacks", "status"),
        ("mailboxes", "state"),
    )
}
