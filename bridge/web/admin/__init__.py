"""`/admin`: pages for whoever runs the bridge.

They see what the command line sees, and act as it does.
"""

from flask import Flask

from bridge import store
from bridge.infra.job_ids import first_id
from bridge.web.admin import (  # noqa: F401  each registers its views
    access,
    actions,
    adoption,
    audit,
    bulk_actions,
    callbacks,
    drift,
    error_pages,
    hooks,
    inventory,
    jobs,
    mailboxes,
    overview,
    pausing,
    replay,
    search,
    services,
    settings,
    sign_in,
)
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import AdminContext
from bridge.web.admin.session import Sessions
from bridge.web.context import WebContext


def add_to(app: Flask, web: WebContext) -> None:
    service = web.service
    app.extensions["admin"] = AdminContext(
        service=service,
        sessions=Sessions(service.sealer, service.settings.admin, service.database.clock),
        sign_ins=store.SignIns(service.database),
        overview=store.Overview(service.database, first_id),
        threads=web.threads,
        refusals=web.refusals,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(pages)
