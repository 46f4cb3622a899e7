"""`/admin/mailboxes`: whose each one is, and what has been done to it.

Nothing is asked of Enom; DNS is, once an hour.
"""

from flask import Response

from bridge.web.admin import listing
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.drift import REPAIRED
from bridge.web.admin.page import page

HISTORY = 20


@pages.get("/mailboxes")
def mailboxes() -> Response:
    domain = listing.Filter("domain", "Domain")
    names = (listing.of_source(), listing.of_account(), listing.ADDRESS, domain, listing.SERVICE)
    return listing.show("mailboxes", "mailboxes.html", [listing.FILTERS["mailboxes"], *names])


@pages.get("/mailboxes/<address>")
def mailbox(address: str) -> Response:
    service = admin_context().service
    lookup = service.lookup
    found = lookup.mailbox(address)
    jobs, older = lookup.page("jobs", HISTORY, address=address)
    differences, _ = lookup.page("differences", HISTORY, address=address)
    done, _ = lookup.page("audit", HISTORY, target=address)
    return page(
        "mailbox.html",
        mailbox=found,
        mail=service.mail_dns.readiness(found["account"], found["domain"]),
        jobs=jobs,
        older=older is not None,
        differences=differences,
        repaired=REPAIRED,
        audit=done,
    )
