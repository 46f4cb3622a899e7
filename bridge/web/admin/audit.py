"""`/admin/audit`: who did what, and when."""

from flask import Blueprint, Response

from bridge.web.admin import listing
from bridge.web.admin.office import Office

FILTERS = [listing.Filter("who", "Who"), listing.Filter("action", "Action"), listing.Filter("target", "What")]


def add_to(pages: Blueprint, office: Office) -> None:
    def audit() -> Response:
        return listing.show(office, "audit", "audit.html", FILTERS)

    pages.add_url_rule("/audit", "audit", audit)
