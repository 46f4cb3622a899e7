"""`/admin/callbacks`: what billing was told, and what it could not be told."""

from flask import Blueprint, Response

from bridge.web.admin import listing
from bridge.web.admin.office import Office
from bridge.web.admin.page import page


def add_to(pages: Blueprint, office: Office) -> None:
    def callbacks() -> Response:
        filters = [listing.FILTERS["callbacks"], listing.of_source(office), listing.ADDRESS, listing.Filter("job_id", "Job")]
        return listing.show(office, "callbacks", "callbacks.html", filters)

    def callback(id: str) -> Response:
        found = office.service.lookup.callback(id)
        done, _ = office.service.lookup.page("audit", 10, target=id)
        return page(office, "callback.html", callback=found, audit=done)

    pages.add_url_rule("/callbacks", "callbacks", callbacks)
    pages.add_url_rule("/callbacks/<id>", "callback", callback)
