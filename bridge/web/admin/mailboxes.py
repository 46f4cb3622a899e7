"""`/admin/mailboxes`: whose each one is, and what has been done to it. Nothing is asked of Enom; DNS is, once an hour."""

from flask import Blueprint, Response

from bridge.web.admin import listing
from bridge.web.admin.drift import REPAIRED
from bridge.web.admin.office import Office
from bridge.web.admin.page import page

HISTORY = 20


def add_to(pages: Blueprint, office: Office) -> None:
    def mailboxes() -> Response:
        names = (
            listing.of_source(office),
            listing.of_account(office),
            listing.ADDRESS,
            listing.Filter("domain", "Domain"),
            listing.SERVICE,
        )
        return listing.show(office, "mailboxes", "mailboxes.html", [listing.FILTERS["mailboxes"], *names])

    def mailbox(address: str) -> Response:
        lookup = office.service.lookup
        found = lookup.mailbox(address)
        jobs, older = lookup.page("jobs", HISTORY, address=address)
        differences, _ = lookup.page("differences", HISTORY, address=address)
        done, _ = lookup.page("audit", HISTORY, target=address)
        return page(
            office,
            "mailbox.html",
            mailbox=found,
            mail=office.service.postal.receives_mail(found["account"], found["domain"]),
            jobs=jobs,
            older=older is not None,
            differences=differences,
            repaired=REPAIRED,
            audit=done,
        )

    pages.add_url_rule("/mailboxes", "mailboxes", mailboxes)
    pages.add_url_rule("/mailboxes/<address>", "mailbox", mailbox)
