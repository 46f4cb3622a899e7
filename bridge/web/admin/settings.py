"""`/admin/settings`: the plans and everything else that is in force, secrets masked."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response

from bridge.config import describe
from bridge.domain import fit
from bridge.web.admin.office import Office
from bridge.web.admin.page import page


def add_to(pages: Blueprint, office: Office) -> None:
    def settings() -> Response:
        plain = describe(office.service.settings)
        plans = plain.pop("plans")
        found = list(modules(office))
        warnings = office.service.settings.warnings
        return page(office, "settings.html", plans=plans, tables=tables(plain), warnings=warnings, modules=found)

    pages.add_url_rule("/settings", "settings", settings)


def modules(office: Office) -> Iterator[tuple[str, str, str]]:
    """Of each source that told it: its name, the module that last tested the connection, and why that does not fit."""
    configured = office.service.settings.sources
    for row in office.service.standing.source_states():
        if row["sender"] and row["name"] in configured:
            yield row["name"], row["sender"], "" if fit.fits(row["sender"]) else f"{fit.misfit(row['sender'])} {fit.UPDATE}"


def tables(plain: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Each table of bridge.toml under its name, with its own keys."""
    own = {key: value for key, value in plain.items() if not isinstance(value, dict)}
    found = [(path, own)] if path and own else []
    for key, value in plain.items():
        if isinstance(value, dict):
            found += tables(value, f"{path}.{key}".lstrip("."))
    return found
