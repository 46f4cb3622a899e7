"""`/admin/services/SOURCE/ID`: one service, its mailboxes and what was asked of all of them."""

from flask import Response

from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import page

HISTORY = 20
SHOWN = 200  # mailboxes


@pages.get("/services/<source>/<service_id>")
def service(source: str, service_id: str) -> Response:
    context = admin_context().service
    mailboxes, more = context.services.mailboxes(source, service_id, "", SHOWN)
    jobs, older = context.lookup.page("jobs", HISTORY, source=source, service_id=service_id)
    return page(
        "service.html",
        of=context.services.service(source, service_id),
        mailboxes=mailboxes,
        more=more is not None,
        jobs=jobs,
        older=older is not None,
    )
