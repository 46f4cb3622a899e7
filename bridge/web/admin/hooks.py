"""`/admin/hooks`: what was delivered, and what one delivery led to."""

from flask import Response

from bridge.web.admin import listing
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import page


@pages.get("/hooks")
def hooks() -> Response:
    filters = [listing.FILTERS["hooks"], listing.of_source(), listing.TYPE, listing.ADDRESS]
    return listing.show("hooks", "hooks.html", filters)


@pages.get("/hooks/<source>/<id>")
def hook(source: str, id: str) -> Response:
    return page("hook.html", hook=admin_context().service.lookup.hook(id, source))
