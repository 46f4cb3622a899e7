"""`/admin/search`: one box for an address, a service, a hook, a job or a callback.

What is found alone is shown at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, request

from bridge.domain.filtering import spelled
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.formatting import path
from bridge.web.admin.page import go, page

LONGEST = 320


@pages.get("/search")
def search() -> Response:
    text = request.args.get("q", "").strip()[:LONGEST]
    found = admin_context().service.lookup.find(text, spelled(text)) if text else {}
    places = [address_of(kind, row) for kind, rows in found.items() for row in rows]
    if len(places) == 1:
        return go(places[0])
    return page("search.html", text=text, found=found, count=len(places))


def address_of(kind: str, row: Mapping[str, Any]) -> str:
    names: Mapping[str, Sequence[str]] = {"mailboxes": ("address",), "hooks": ("source", "hook_id")}
    return "/".join(["/admin", kind, *(path(row[name]) for name in names.get(kind, ("id",)))])
