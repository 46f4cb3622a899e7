"""`/admin/settings`: the plans and everything else that is in force, secrets masked."""

from collections.abc import Iterator
from typing import Any

from flask import Response

from bridge.config import describe
from bridge.domain import module_version
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import page
from bridge.wiring import Service


@pages.get("/settings")
def settings() -> Response:
    service = admin_context().service
    plain = describe(service.settings)
    plans = plain.pop("plans")
    return page(
        "settings.html",
        plans=plans,
        tables=tables(plain),
        warnings=service.settings.warnings,
        modules=list(modules(service)),
    )


def modules(service: Service) -> Iterator[tuple[str, str, str]]:
    """Of each source that told it: its name, the module that last tested the connection, and why
    that does not fit.
    """
    configured = service.settings.sources
    for row in service.account_state.source_states():
        if row["sender"] and row["name"] in configured:
            yield (
                row["name"],
                row["sender"],
                ""
                if module_version.is_compatible(row["sender"])
                else f"{module_version.incompatibility(row['sender'])} {module_version.UPDATE}",
            )


def tables(plain: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Each table of bridge.toml under its name, with its own keys."""
    own = {key: value for key, value in plain.items() if not isinstance(value, dict)}
    found = [(path, own)] if path and own else []
    for key, value in plain.items():
        if isinstance(value, dict):
            found += tables(value, f"{path}.{key}".lstrip("."))
    return found
