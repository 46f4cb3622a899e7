"""`/admin`: pages for whoever runs the bridge. They see what the command line sees, and act as it does."""

from flask import Blueprint, Flask, Response
from werkzeug.exceptions import NotFound

from bridge import store, wiring
from bridge.infra.job_ids import first_id
from bridge.web.admin import (
    acting,
    adopting,
    audit,
    callbacks,
    drift,
    faults,
    guard,
    hooks,
    inventory,
    jobs,
    mailboxes,
    many,
    overview,
    pausing,
    replaying,
    search,
    settings,
    sign_in,
)
from bridge.web.admin.office import Office
from bridge.web.admin.session import Sessions
from bridge.web.refusals import Refusals
from bridge.web.threads import Threads

VIEWS = (
    sign_in, overview, hooks, jobs, mailboxes, callbacks, drift, inventory, settings, audit, search, acting, many, replaying,
    adopting, pausing,
)  # fmt: skip


def add_to(app: Flask, service: wiring.Service, threads: Threads, refusals: Refusals) -> None:
    office = Office(
        service=service,
        sessions=Sessions(service.sealer, service.settings.admin, service.database.clock),
        sign_ins=store.SignIns(service.database),
        overview=store.Overview(service.database, first_id),
        threads=threads,
        refusals=refusals,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    pages = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates", static_folder="static")
    guard.add_to(pages, office)
    faults.add_to(pages, office)
    for view in VIEWS:
        view.add_to(pages, office)

    def nothing(rest: str) -> Response:
        raise NotFound

    # What no page has is answered by a page as well, and only to those who are signed in.
    pages.add_url_rule("/<path:rest>", "nothing", nothing, methods=["GET", "POST"])
    app.register_blueprint(pages)
