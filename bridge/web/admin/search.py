"""`/admin/search`: one box for an address, a service, a hook, a job or a callback. What is found alone is shown at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from bridge.domain.filtering import spelled
from bridge.web.admin.office import Office
from bridge.web.admin.page import go, page
from bridge.web.admin.words import path

LONGEST = 320


def add_to(pages: Blueprint, office: Office) -> None:
    def search() -> Response:
        text = request.args.get("q", "").strip()[:LONGEST]
        found = office.service.lookup.find(text, spelled(text)) if text else {}
        places = [address_of(kind, row) for kind, rows in found.items() for row in rows]
        if len(places) == 1:
            return go(places[0])
        return page(office, "search.html", text=text, found=found, count=len(places))

    pages.add_url_rule("/search", "search", search)


def address_of(kind: str, row: Mapping[str, Any]) -> str:
    """The page of one thing."""
    names: Mapping[str, Sequence[str]] = {"mailboxes": ("address",), "hooks": ("source", "hook_id")}
    return "/".join(["/admin", kind, *(path(row[name]) for name in names.get(kind, ("id",)))])
