"""`/admin/hooks`: what was delivered, and what one delivery led to."""

from flask import Blueprint, Response

from bridge.web.admin import listing
from bridge.web.admin.office import Office
from bridge.web.admin.page import page


def add_to(pages: Blueprint, office: Office) -> None:
    def hooks() -> Response:
        filters = [listing.FILTERS["hooks"], listing.of_source(office), listing.TYPE, listing.ADDRESS]
        return listing.show(office, "hooks", "hooks.html", filters)

    def hook(source: str, id: str) -> Response:
        return page(office, "hook.html", hook=office.service.lookup.hook(id, source))

    pages.add_url_rule("/hooks", "hooks", hooks)
    pages.add_url_rule("/hooks/<source>/<id>", "hook", hook)
