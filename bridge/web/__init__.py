"""The HTTP side: one small Flask app.

Raw body first; nothing parses it before its signature was checked.
"""

from typing import Any

from flask import Flask

from bridge.web import admin, health, openapi, password_page, problems, receive
from bridge.web.context import WebContext, web_context
from bridge.web.direct import DirectHooks
from bridge.web.metrics import Metrics
from bridge.web.readiness import ReadinessCheck
from bridge.web.refusals import Refusals
from bridge.web.thread_limits import ThreadLimits
from bridge.wiring import Service

MOST_BYTES = 64 * 1024


def create_app(
    service: Service, threads: int = 16, metrics: Metrics | None = None, before: Flask | None = None
) -> Flask:
    """`threads` the server has; web/thread_limits.py says what may take them for long.

    `before`: the app that this one replaces in the same server, whose counts go on.
    """
    app = Flask("enom-bridge", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    # Else //hooks is answered with a redirect to a host that the request names.
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract's order is for people
    earlier = web_context(before) if before else None
    app.extensions["web"] = context = WebContext(
        service=service,
        metrics=metrics or Metrics(service),
        threads=earlier.threads if earlier else ThreadLimits(threads),
        refusals=earlier.refusals if earlier else Refusals(),
        readiness=ReadinessCheck(service),
    )
    for views in (receive, health, openapi, password_page, problems):
        app.register_blueprint(views.blueprint)
    admin.add_to(app, context)
    direct: Any = DirectHooks(context, app.wsgi_app, MOST_BYTES)
    app.extensions["hooks"] = direct
    app.wsgi_app = direct  # type: ignore[method-assign]  # Flask documents this place
    return app
