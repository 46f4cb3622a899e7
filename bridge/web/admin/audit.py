"""`/admin/audit`: who did what, and when."""

from flask import Response

from bridge.web.admin import listing
from bridge.web.admin.blueprints import pages

FILTERS = [
    listing.Filter("who", "Who"),
    listing.Filter("action", "Action"),
    listing.Filter("target", "What"),
]


@pages.get("/audit")
def audit() -> Response:
    return listing.show("audit", "audit.html", FILTERS)
