"""`/admin/callbacks`: what billing was told, and what it could not be told."""

from flask import Response

from bridge.web.admin import listing
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import page


@pages.get("/callbacks")
def callbacks() -> Response:
    job = listing.Filter("job_id", "Job")
    filters = [listing.FILTERS["callbacks"], listing.of_source(), listing.ADDRESS, job]
    return listing.show("callbacks", "callbacks.html", filters)


@pages.get("/callbacks/<id>")
def callback(id: str) -> Response:
    lookup = admin_context().service.lookup
    found = lookup.callback(id)
    done, _ = lookup.page("audit", 10, target=id)
    return page("callback.html", callback=found, audit=done)
